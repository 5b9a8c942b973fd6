package voiceping

import (
	"bytes"
	"context"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/talkgate/talkgate/gateway/hub"
	linkhub "github.com/talkgate/talkgate/gateway/link/hub"
	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/icelite"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

// hubRadio is a port on channel h1 of a hub that shares the site's Redis.
func (s *site) hubRadio(url string, secret []byte, user string) *radio {
	s.t.Helper()
	state := s.state()
	return s.port(user, redis.RoleGeneral, "h1", s.hubLink(url, secret, user), state, state)
}

func (s *site) hubLink(url string, secret []byte, user string) *linkhub.Link {
	s.t.Helper()
	token := hubToken(s.t, secret, user)
	link, err := linkhub.New(linkhub.Config{URL: url, Channel: "h1", Engine: s.engine, Logger: s.log,
		Token: func(context.Context) (string, error) { return token, nil }})
	if err != nil {
		s.t.Fatal(err)
	}
	return link
}

func hubToken(t testing.TB, secret []byte, user string) string {
	t.Helper()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"userId": user, "userName": "Name " + user, "eventId": "e1",
		"channelIds": []string{"h1"}, "globalRole": "USER", "role": "GENERAL", "exp": time.Now().Add(time.Hour).Unix()}).SignedString(secret)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// hubMember is a member of channel h1 who only listens, without a port.
func (s *site) hubMember(url string, secret []byte, user string) {
	s.t.Helper()
	s.rdb.SAdd(s.t.Context(), "u."+user+".g", "h1")
	link, on := s.hubLink(url, secret, user), make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = link.Run(ctx, arrival{sync.OnceFunc(func() { close(on) })}) }()
	s.t.Cleanup(func() { cancel(); <-done })
	select {
	case <-on:
	case <-time.After(patienceOfTests):
		s.t.Fatalf("%s is not on the hub", user)
	}
}

// arrival tells once that a link is up.
type arrival struct{ up func() }

func (a arrival) LinkUp()              { a.up() }
func (a arrival) LinkDown(error)       {}
func (a arrival) Receive(media.Packet) {}

func (a arrival) Unheard(string) { /* not of interest */ }

// hub starts a hub that shares the site's Redis.
func (s *site) hub() (url string, secret []byte) {
	s.t.Helper()
	secret = []byte("0123456789abcdef0123456789abcdef")
	engine, err := icelite.NewServer(icelite.Config{UDP: "127.0.0.1:0"})
	if err != nil {
		s.t.Fatal(err)
	}
	h, err := hub.New(hub.Config{Secret: secret, State: s.state(), Media: engine})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = h.Run(ctx) }()
	server := httptest.NewServer(h.Handler())
	s.t.Cleanup(func() { server.CloseClientConnections(); cancel(); <-done; server.Close() })
	return server.URL, secret
}

// pair is a talker and who hears it.
type pair struct {
	talker, listener *radio
	channel          string
	heard, cut       []time.Duration
}

// spurt measures the press to the first packet heard, and the revocation to the
// last one.
func (p *pair) spurt() {
	before := p.listener.port.HeardStats().Received
	pressed := time.Now()
	p.talker.press()
	until(p.talker.t, "the first packet", func() bool { return p.listener.port.HeardStats().Received > before })
	p.heard = append(p.heard, time.Since(pressed))
	time.Sleep(100 * time.Millisecond)
	n := p.listener.port.HeardStats().Received
	revoked := time.Now()
	last := revoked
	p.talker.rights(p.talker.user)
	for time.Since(revoked) < 150*time.Millisecond {
		if now := p.listener.port.HeardStats().Received; now != n {
			last, n = time.Now(), now
		}
		time.Sleep(500 * time.Microsecond)
	}
	p.cut = append(p.cut, last.Sub(revoked))
	p.talker.release()
	p.talker.phase(floor.Idle)
	p.talker.rights(p.talker.user, p.channel)
	until(p.talker.t, "rights again", func() bool { return p.talker.now().Floor.Rights })
}

func median(d []time.Duration) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[len(d)/2]
}

// BenchmarkPressAndRevoke has spurts on the stand-in and on the hub by turns, in
// one process on one Redis.
func BenchmarkPressAndRevoke(b *testing.B) {
	s := newSite(b)
	url, secret := s.hub()
	vp := &pair{talker: s.radio("u1", redis.RoleGeneral), listener: s.radio("u2", redis.RoleGeneral), channel: "c1"}
	own := &pair{talker: s.hubRadio(url, secret, "h-u1"), listener: s.hubRadio(url, secret, "h-u2"), channel: "h1"}
	// The first spurt makes the member known to the others.
	vp.spurt()
	own.spurt()
	vp.heard, vp.cut, own.heard, own.cut = nil, nil, nil, nil
	for b.Loop() {
		for range 15 {
			vp.spurt()
			own.spurt()
		}
	}
	b.ReportMetric(float64(median(vp.heard).Microseconds())/1000, "ms-press")
	b.ReportMetric(float64(median(own.heard).Microseconds())/1000, "ms-press-hub")
	b.ReportMetric(float64(median(vp.heard))/float64(median(own.heard)), "press-ratio")
	// Most spurts are cut between two packets; the worst says more.
	b.ReportMetric(float64(slices.Max(vp.cut).Microseconds())/1000, "ms-revoke-worst")
	b.ReportMetric(float64(slices.Max(own.cut).Microseconds())/1000, "ms-revoke-worst-hub")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkCopies is the reading of what one port gets of one talk spurt on a
// channel that 51 members joined: 52 copies for its beginning and its end each,
// beside the same frames decoded.
func BenchmarkCopies(b *testing.B) {
	text := []byte(`{"type":"speaker-changed","data":{"channelId":"c1","currentSpeaker":"u1","speakerName":"Name u1","isBusy":true,"lockTimestamp":1795398649172}}`)
	last := bytes.Clone(text)
	const frames = 104
	var ours, decoded time.Duration
	for b.Loop() {
		at := time.Now()
		for range frames {
			if !wire.Echo(text) || !bytes.Equal(text, last) {
				b.Fatal("not taken for a copy")
			}
		}
		ours += time.Since(at)
		at = time.Now()
		for range frames {
			f, err := wire.Parse(text)
			var c wire.Change
			if err != nil || f.Into(&c) != nil {
				b.Fatal("not decoded")
			}
		}
		decoded += time.Since(at)
	}
	b.ReportMetric(float64(ours.Nanoseconds())/float64(b.N)/1000, "µs/spurt")
	b.ReportMetric(float64(ours)/float64(decoded), "ratio")
	b.ReportMetric(0, "ns/op")
}
