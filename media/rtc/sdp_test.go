package rtc

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/media"
)

// errSeen ends an exchange of which only the offer is wanted.
var errSeen = errors.New("seen")

// offers returns what a port offers to send, and to hear.
func offers(t testing.TB, e *Engine) (send, hear string) {
	t.Helper()
	if _, err := e.Publish(t.Context(), func(_ context.Context, offer string) (string, error) {
		send = offer
		return "", errSeen
	}); !errors.Is(err, errSeen) {
		t.Fatal(err)
	}
	if _, err := e.Subscribe(t.Context(), func(_ context.Context, offer string) (string, error) {
		hear = offer
		return "", errSeen
	}, func(media.Packet) {}); !errors.Is(err, errSeen) {
		t.Fatal(err)
	}
	return send, hear
}

func TestOfferIsMonoVoiceWithFEC(t *testing.T) {
	send, hear := offers(t, newEngine(t, Config{}))
	for _, offer := range []string{send, hear} {
		for _, want := range []string{
			"a=rtpmap:111 opus/48000/2\r\n", "a=fmtp:111 minptime=20;useinbandfec=1\r\n",
			"a=candidate:", "a=end-of-candidates\r\n", " 127.0.0.1 ",
		} {
			if !strings.Contains(offer, want) {
				t.Errorf("offer lacks %q:\n%s", want, offer)
			}
		}
		if n := strings.Count(offer, "a=rtpmap:"); n != 1 {
			t.Errorf("offer has %d codecs, want 1", n)
		}
	}
	if !strings.Contains(send, "a=sendonly\r\n") || !strings.Contains(hear, "a=recvonly\r\n") {
		t.Errorf("directions are wrong:\n%s\n%s", send, hear)
	}
}

func TestBadOffersAreRefused(t *testing.T) {
	e := newEngine(t, Config{PeerTimeout: time.Second})
	send, hear := offers(t, e)
	for name, c := range map[string]struct {
		offer string
		want  error
	}{
		"empty":            {"", ErrNoOpus},
		"junk":             {"\x00\xff junk", ErrBadSDP},
		"huge":             {strings.Repeat("a", maxSDPBytes+1), ErrBadSDP},
		"only a session":   {"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n", ErrNoOpus},
		"another codec":    {strings.ReplaceAll(send, "opus/48000/2", "PCMU/8000"), ErrNoOpus},
		"Opus as video":    {strings.ReplaceAll(send, "m=audio", "m=video"), ErrNoOpus},
		"rejected section": {strings.ReplaceAll(send, "m=audio 9", "m=audio 0"), ErrNoOpus},
		"inactive":         {strings.ReplaceAll(send, "a=sendonly", "a=inactive"), ErrBadSDP},
		"wrong direction":  {hear, ErrBadSDP},
		"many sections":    {send + strings.Repeat("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n", maxSDPSections), ErrBadSDP},
		"no fingerprint":   {strings.ReplaceAll(send, "a=fingerprint", "a=x-fingerprint"), ErrBadSDP},
		"no ICE":           {strings.ReplaceAll(send, "a=ice-", "a=x-ice-"), ErrBadSDP},
	} {
		s, _, err := e.AcceptPublisher(t.Context(), c.offer, func(*rtp.Packet) {})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		if s != nil {
			_ = s.Close()
		}
	}
	if _, _, err := e.AcceptListener(t.Context(), send); !errors.Is(err, ErrBadSDP) {
		t.Errorf("a listener that would send: %v", err)
	}
}

func TestBadAnswersAreRefused(t *testing.T) {
	e := newEngine(t, Config{PeerTimeout: time.Second})
	for _, answer := range []string{"", "junk", "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"} {
		_, err := e.Publish(t.Context(), func(context.Context, string) (string, error) { return answer, nil })
		if !errors.Is(err, ErrBadSDP) && !errors.Is(err, ErrNoOpus) {
			t.Errorf("answer %q: %v", answer, err)
		}
	}
}

// Whatever is offered, the answer is an error or a session that can be closed.
func FuzzOffer(f *testing.F) {
	e := newEngine(f, Config{PeerTimeout: time.Second})
	send, hear := offers(f, e)
	f.Add(send)
	f.Add(hear)
	f.Add(strings.ReplaceAll(send, "a=mid:0", "a=mid:\x01"))
	f.Add(strings.ReplaceAll(hear, "111", "0"))
	f.Fuzz(func(t *testing.T, offer string) {
		s, answer, err := e.AcceptPublisher(t.Context(), offer, func(*rtp.Packet) {})
		if err == nil {
			if checkSDP(answer, listens) != nil {
				t.Errorf("accepted, but the answer carries no voice:\n%s", answer)
			}
			_ = s.Close()
		}
		l, answer, err := e.AcceptListener(t.Context(), offer)
		if err == nil {
			if checkSDP(answer, sends) != nil {
				t.Errorf("accepted, but the answer carries no voice:\n%s", answer)
			}
			_ = l.Close()
		}
	})
}
