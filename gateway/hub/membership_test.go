package hub

import (
	"context"
	"testing"
	"time"
)

// Whoever loses the channel, or is banned, hears nothing from then on, not with a new
// session either, and hears again once it is given back.
func TestRevokedIsDeaf(t *testing.T) {
	s := newSite(t)
	s.allow("talker", "member")
	talker, member, guest := s.talker("talker"), s.ear("member"), s.ear("guest")
	s.knows("talker", true)
	s.knows("member", true)
	s.take("talker")
	s.admits("talker")
	hears := func(what string, e *ear) {
		t.Helper()
		n := e.count()
		talker.keepSaying(what, func() bool { return e.count() > n+3 })
	}
	deaf := func(want bool) {
		t.Helper()
		eventually(t, "the hub follows", func() bool {
			m := s.hub.channels.Find(channelID).Member("member")
			return m != nil && m.Deaf.Load() == want
		})
	}
	silent := func(what string, e *ear) {
		t.Helper()
		deaf(true)
		n, others := e.count(), guest.count()
		talker.keepSaying("others hear on", func() bool { return guest.count() >= others+50 })
		// One packet may have been on its way to the socket.
		if more := e.count() - n; more > 1 {
			t.Errorf("%s: heard %d packets after", what, more)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := context.Background()
	hears("a member hears", member)
	hears("a guest hears by its token alone", guest)

	if a := s.do(t.Context(), "DELETE", "/api/channels/"+channelID+"/members/member/rights", tokenOf(t, dispatcher("d", channelID)), "", ""); a.status != 204 {
		t.Fatal(a.status, a.body)
	}
	silent("revoked", member)
	again := s.ear("member")
	silent("revoked, with a new session", again)
	_, err := s.state.GrantRights(ctx, "member", channelID)
	must(err)
	deaf(false)
	hears("given back", member)
	hears("given back, the new session", again)

	_, err = s.state.BanUser(ctx, "member", "d", "test", time.Hour)
	must(err)
	silent("banned", member)
	_, err = s.state.UnbanUser(ctx, "member", "d")
	must(err)
	deaf(false)
	hears("not banned any more", member)
}
