package hub

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/channel"
	"github.com/talkgate/talkgate/gateway/hub/whip"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// Junk on the topics, on the lock of another channel and on the media port
// disturbs nobody.
func TestJunkDisturbsNobody(t *testing.T) {
	s := newSite(t)
	s.allow("a")
	var port string
	p, err := s.port.Publish(t.Context(), func(ctx context.Context, offer string) (string, error) {
		answer, err := s.exchange(whip.KindWHIP, "a", nil)(ctx, offer)
		port = regexp.MustCompile(`127\.0\.0\.1 (\d+) typ host`).FindStringSubmatch(answer)[1]
		return answer, err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	a, e := &talker{Publication: p, t: t}, s.ear("b")
	s.knows("a", true)
	s.take("a")
	a.keepSaying("a is heard", func() bool { return e.count() > 3 })
	media, err := net.Dial("udp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer media.Close()
	junk := make([]byte, 1400)
	for i := range 200 {
		for _, topic := range []string{"channel:ops:events", "vp:membership_updates", "talkgate:rights:a"} {
			s.redis.Do("PUBLISH", topic, []string{"", "null", "{}", `{"channelId":7}`, `{"userId":"a"}`, "\xff\x00"}[i%6])
		}
		_, _ = rand.Read(junk)
		junk[0] = []byte{0x80, 0x16, 0x00, 0x90}[i%4] // RTP, DTLS, STUN, RTP with extension
		_, _ = media.Write(junk[:1+i*7])
		a.say(false, 1)
	}
	// The limits of Opus, and nothing at all.
	for _, frame := range [][]byte{{}, make([]byte, 1275), {0xFF}} {
		_ = a.WriteOpus(frame, uint32(a.spoke*960), true)
	}
	n := e.count()
	a.keepSaying("a is still heard", func() bool { return e.count() > n+5 })
}

// Without Redis nobody is heard, everything says so, and nothing else stops; when
// Redis comes back, so does the hub.
func TestRedisIsAbsentAtStart(t *testing.T) {
	srv := redistest.Start(t)
	srv.Kill()
	s := newSiteOn(t, srv, srv.URL)
	if r := s.do(t.Context(), "GET", "/healthz", "", "", ""); r.status != http.StatusServiceUnavailable || !strings.Contains(r.body, `"redis":false`) {
		t.Errorf("health: %d %s", r.status, r.body)
	}
	a, e, st := s.talker("a"), s.ear("b"), s.stream("a")
	st.see(t, "Redis is shown away", func() bool { return !st.states[len(st.states)-1].Redis })
	r := s.as("a", "PUT", floorPath)
	var f channel.Answer
	_ = json.Unmarshal([]byte(r.body), &f)
	if r.status != http.StatusServiceUnavailable || f.Granted || f.Reason != channel.ReasonRedis || r.header.Get("Retry-After") == "" {
		t.Errorf("press: %d %s", r.status, r.body)
	}
	boss := claims("boss")
	boss.Role = "DISPATCH"
	if r := s.do(t.Context(), "PUT", "/api/channels/ops/members/a/rights", tokenOf(t, boss), "", ""); r.status != http.StatusServiceUnavailable {
		t.Errorf("rights: %d %s", r.status, r.body)
	}
	a.say(true, 10)
	srv.Restart()
	s.allow("a")
	s.knows("a", true)
	if e.count() != 0 {
		t.Error("heard without Redis")
	}
	st.see(t, "Redis is shown back", func() bool { return st.states[len(st.states)-1].Redis })
	a.murmur()
	s.grants("a")
	eventually(t, "a is heard", func() bool { return e.count() > 3 })
	if r := s.do(t.Context(), "GET", "/healthz", "", "", ""); r.status != http.StatusOK {
		t.Errorf("health: %d %s", r.status, r.body)
	}
}

// Redis stops answering in mid-spurt, without hanging up: the hub relies on what
// it knew for no longer than a lease.
func TestRedisFallsSilentInMidSpurt(t *testing.T) {
	s := newSite(t)
	_, a := s.browser("a")
	e, st := s.ear("b"), s.stream("b")
	a.murmur()
	s.grants("a")
	eventually(t, "a is heard", func() bool { return e.count() > 3 })
	s.redis.Signal(syscall.SIGSTOP)
	stopped := time.Now()
	s.admits("")
	until := s.hub.channels.Find(channelID).ReliedUntil()
	if relied := until.Sub(stopped); relied > s.hub.cfg.Lease {
		t.Errorf("the view was good for %v more, longer than the lease", relied)
	}
	st.see(t, "Redis is shown away and the floor idle", func() bool {
		now := st.states[len(st.states)-1]
		return !now.Redis && now.Holder == nil
	})
	s.redis.Signal(syscall.SIGCONT)
	st.see(t, "Redis is shown back", func() bool { return st.states[len(st.states)-1].Redis })
	eventually(t, "the lock has run out", func() bool { return !s.locked() })
	s.grants("a")
	n := e.count()
	eventually(t, "a is heard again", func() bool { return e.count() > n+3 })
}

// Nothing is lost with pub/sub but time: what is sent unconfirmed makes the hub
// read for itself.
func TestGrantIsFoundWithoutPubSub(t *testing.T) {
	s := newSite(t, func(c *Config) { c.HoldBack = time.Minute })
	s.allow("a")
	a, e := s.talker("a"), s.ear("b")
	s.knows("a", true)
	s.redis.Do("SET", "channel:ops:speaker", `{"userId":"a","userName":"A","timestamp":1}`, "EX", "30") // as a server does, untold
	a.say(true, 5)
	eventually(t, "the spurt is heard from the first frame", func() bool { return e.count() == 5 })
	checkSpurt(t, e.packets(), 0, 5)
}
