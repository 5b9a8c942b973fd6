package hub

import "testing"

// TestRevokedIsDeafOnAnotherHub: whoever lost a channel hears it by its token on no other
// hub, nor on one that was started again, until it is given back.
func TestRevokedIsDeafOnAnotherHub(t *testing.T) {
	first := newSite(t)
	first.allow("talker", "member")
	first.ear("member")
	first.knows("member", true)
	if _, err := first.state.RevokeRights(t.Context(), "member", channelID); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is remembered", func() bool {
		was, err := first.state.WasRevoked(t.Context(), channelID, "member")
		return err == nil && was
	})
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}

	s := newSiteOn(t, first.redis, first.redis.URL)
	talker, member, guest := s.talker("talker"), s.ear("member"), s.ear("guest")
	s.knows("talker", true)
	eventually(t, "the member is deaf", func() bool { return s.hub.channels.Find(channelID).Member("member").Deaf.Load() })
	s.take("talker")
	s.admits("talker")
	talker.keepSaying("a guest hears", func() bool { return guest.count() > 20 })
	if n := member.count(); n > 0 {
		t.Errorf("the member heard %d packets", n)
	}
	if _, err := s.state.GrantRights(t.Context(), "member", channelID); err != nil {
		t.Fatal(err)
	}
	talker.keepSaying("given back, the member hears", func() bool { return member.count() > 3 })
	eventually(t, "it is forgotten", func() bool {
		was, err := s.state.WasRevoked(t.Context(), channelID, "member")
		return err == nil && !was
	})
}

// TestWhoMayHaveBeenRevokedIsDeaf: while Redis cannot say whether a member lost the channel
// before, it hears nothing, unless it has the right to talk. Once Redis can say that it did
// not, it hears by its token.
func TestWhoMayHaveBeenRevokedIsDeaf(t *testing.T) {
	s := newSite(t)
	s.allow("talker", "member")
	s.redis.Do("SET", "talkgate:revoked:"+channelID, "no sorted set")
	talker, member, guest := s.talker("talker"), s.ear("member"), s.ear("guest")
	s.knows("talker", true)
	s.knows("member", true)
	s.knows("guest", false)
	s.take("talker")
	s.admits("talker")
	talker.keepSaying("a member hears", func() bool { return member.count() > 20 })
	if n := guest.count(); n > 0 {
		t.Errorf("the guest heard %d packets while its past was not known", n)
	}
	s.redis.Do("DEL", "talkgate:revoked:"+channelID)
	talker.keepSaying("the guest hears", func() bool { return guest.count() > 0 })
}
