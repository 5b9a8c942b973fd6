package voiceping

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/link/voiceping/standin"
	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

// tokens hands out what it is given.
type tokens struct{ now atomic.Value }

func (k *tokens) set(token string) { k.now.Store(token) }
func (k *tokens) get(context.Context, string) (string, error) {
	return k.now.Load().(string), nil
}

// keptOut waits until a port shows a fault, and finds it patient: not one more
// connection is tried.
func (r *radio) keptOut(fault port.LinkFault) {
	r.t.Helper()
	st := r.await(string(fault), func(st port.Status) bool { return st.Link == fault })
	if st.Lamps.Link || st.Lamps.Alert != fault.NeedsSomebody() {
		r.t.Errorf("%s: lamps %+v", fault, st.Lamps)
	}
	dials := r.server.Dials()
	time.Sleep(pollEvery + 500*time.Millisecond)
	if now := r.server.Dials(); now != dials {
		r.t.Errorf("%s: %d connections tried at once", fault, now-dials)
	}
}

// forgiven waits for the link, and spares the port the half minute until it reads
// its rights again by itself: the servers publish no ban.
func (r *radio) forgiven() {
	r.t.Helper()
	r.await("has a link", func(st port.Status) bool { return st.Link == port.NoFault })
	r.rights(r.user, "c1")
	r.await("is on air", up)
}

func TestARefusedTokenWaitsForAnother(t *testing.T) {
	s := newSite(t)
	other := standin.Start(standin.Config{Redis: s.redis.Addr, Secret: []byte("another secret")})
	t.Cleanup(other.Close)
	var k tokens
	k.set(other.Token("u1", "GENERAL", time.Hour, "c1"))
	a := s.tuned("u1", redis.RoleGeneral, func(c *Config) { c.Token = k.get })
	a.keptOut(port.LinkTokenRefused)
	if n := s.server.Failures(); n != 1 {
		t.Errorf("%d logins failed", n)
	}
	k.set(s.server.Token("u1", "GENERAL", time.Hour, "c1"))
	a.await("is on air with the other token", up)
	a.talk()
}

// TestATokenThatExpires: a session outlives its token, as the server lets it; the
// next one is not asked for with a token that is known to be of no use.
func TestATokenThatExpires(t *testing.T) {
	s := newSite(t)
	var k tokens
	k.set(s.server.Token("u1", "GENERAL", 3*time.Second, "c1"))
	a := s.tuned("u1", redis.RoleGeneral, func(c *Config) { c.Token = k.get })
	a.await("is on air", up)
	until(t, "the token expires", func() bool {
		end, err := expiry(k.now.Load().(string))
		return err == nil && time.Now().After(end)
	})
	a.talk()
	s.server.Restart()
	a.keptOut(port.LinkTokenExpired)
	until(t, "no lock is left", func() bool { return s.lock() == "" })
	if n := s.server.Failures(); n != 0 {
		t.Errorf("%d logins failed for a token that says when it ends", n)
	}
	a.release()
	k.set(s.server.Token("u1", "GENERAL", time.Hour, "c1"))
	a.await("is on air with the new token", up)
	a.talk()
}

// TestABanIsWaitedOutInRedis: banned while it talks, the port is silent and leaves
// nothing, and asks the server again when the ban is lifted, not before.
func TestABanIsWaitedOutInRedis(t *testing.T) {
	s := newSite(t)
	a, d := s.radio("u1", redis.RoleGeneral), s.radio("d1", redis.RoleDispatch)
	a.talk()
	ask := d.link.session.Load().conn.ask
	if err := ask(t.Context(), wire.BanUser, wire.Sanction{TargetUserID: "u1", Reason: "abuse", Duration: 3600_000}, nil); err != nil {
		t.Fatal(err)
	}
	a.keptOut(port.LinkBanned)
	a.release()
	until(t, "no lock is left", func() bool { return s.lock() == "" })
	if n := s.server.Failures(); n != 0 {
		t.Errorf("%d logins failed although Redis tells of the ban", n)
	}
	if err := ask(t.Context(), wire.UnbanUser, wire.Sanction{TargetUserID: "u1"}, nil); err != nil {
		t.Fatal(err)
	}
	a.forgiven()
	a.talk()
}

// TestABannedPortDoesNotTry: a port that is banned when it starts spares everybody
// behind its address a login that must fail.
func TestABannedPortDoesNotTry(t *testing.T) {
	s := newSite(t)
	s.rdb.Do(t.Context(), "ZADD", "security:banned", time.Now().Add(time.Hour).UnixMilli(), "u1")
	a := s.tuned("u1", redis.RoleGeneral, func(*Config) {})
	a.keptOut(port.LinkBanned)
	if dials, failed := s.server.Dials(), s.server.Failures(); dials != 0 || failed != 0 {
		t.Errorf("%d connections and %d failed logins of a port that is banned", dials, failed)
	}
	s.rdb.ZRem(t.Context(), "security:banned", "u1")
	a.forgiven()
}

func TestALimitIsWaitedOut(t *testing.T) {
	s := newSite(t)
	strict := standin.Start(standin.Config{Redis: s.redis.Addr, Secret: []byte("secret of the test"), Authentications: 1})
	t.Cleanup(strict.Close)
	s.server = strict
	a := s.radio("u1", redis.RoleGeneral)
	strict.Restart()
	a.keptOut(port.LinkLimited)
	no := handshakeError(http.StatusTooManyRequests, "Too many authentication attempts, retry after 899000ms", "")
	if a := advice(no); a.Wait != 899*time.Second {
		t.Errorf("waits %v where the server says 899 s", a.Wait)
	}
}

func TestADispatcherWhoDisconnectsIsObeyed(t *testing.T) {
	s := newSite(t)
	a := s.radio("u1", redis.RoleGeneral)
	a.talk()
	s.server.Force("u1", "test")
	a.keptOut(port.LinkDisconnected)
	until(t, "no lock is left", func() bool { return s.lock() == "" })
}

// TestTheServerTakesAPortOffItsChannel: the server's heartbeat finds rights gone
// that nobody published, and makes the port leave. A grant would be silent from
// then on; the port is off air until the rights are back, and then heard again.
func TestTheServerTakesAPortOffItsChannel(t *testing.T) {
	for _, tc := range []struct {
		name    string
		talking bool
	}{{"idle", false}, {"talking", true}} {
		t.Run(tc.name, func(t *testing.T) {
			s := newSite(t)
			a := s.radio("u1", redis.RoleGeneral)
			if tc.talking {
				a.talk()
			}
			s.rdb.SRem(t.Context(), "u.u1.g", "c1")
			s.rdb.SAdd(t.Context(), "u.u1.g", "c9")
			s.server.Heartbeat()
			a.keptOut(port.LinkNoMember)
			if tc.talking {
				a.phase(floor.Refused)
				a.release()
			}
			until(t, "no lock is left", func() bool { return s.lock() == "" })
			s.rights("u1", "c1")
			a.await("is back", up)
			a.talk()
		})
	}
}

// TestAPortWithoutMembershipIsOffAir has the server let the port in and not on the
// channel.
func TestAPortWithoutMembershipIsOffAir(t *testing.T) {
	s := newSite(t)
	a := s.tuned("u1", redis.RoleGeneral, func(c *Config) {
		c.Token = func(context.Context, string) (string, error) {
			return s.server.Token("u1", "GENERAL", time.Hour, "c9"), nil
		}
	})
	a.keptOut(port.LinkNoMember)
}
