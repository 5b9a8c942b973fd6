package rtc

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/sdp"
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
			"a=rtpmap:111 opus/48000/2\r\n", "a=fmtp:111 minptime=10;useinbandfec=1\r\n",
			"a=candidate:", "a=end-of-candidates\r\n", " 127.0.0.1 ",
		} {
			if !strings.Contains(offer, want) {
				t.Errorf("offer lacks %q:\n%s", want, offer)
			}
		}
		if n := strings.Count(offer, "a=rtpmap:"); n != 2 || !strings.Contains(offer, "SAVPF 111 63\r\n") || !strings.Contains(offer, "a=fmtp:63 111/111\r\n") {
			t.Errorf("offer has %d codecs, want Opus, then RED of it:\n%s", n, offer)
		}
	}
	if !strings.Contains(send, "a=sendonly\r\n") || !strings.Contains(hear, "a=recvonly\r\n") {
		t.Errorf("directions are wrong:\n%s\n%s", send, hear)
	}
}

func TestBadAnswersAreRefused(t *testing.T) {
	e := newEngine(t, Config{PeerTimeout: time.Second})
	for _, answer := range []string{"", "junk", "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"} {
		_, err := e.Publish(t.Context(), func(context.Context, string) (string, error) { return answer, nil })
		if !errors.Is(err, sdp.ErrBad) && !errors.Is(err, sdp.ErrNoOpus) {
			t.Errorf("answer %q: %v", answer, err)
		}
	}
}
