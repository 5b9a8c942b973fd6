package rtc

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
)

var onePeer = Peer{UsernameFragment: "ufrag", Password: "password", Algorithm: "sha-256", Fingerprint: "AA:BB",
	Candidates: []Candidate{{Foundation: "udpcandidate", Priority: 1, Address: "127.0.0.1", Port: 9}}}

// offered is what an exchange is given.
func offered(t *testing.T, connect func(ctx context.Context, x Exchange) error) string {
	t.Helper()
	stop := errors.New("enough")
	var offer string
	if err := connect(t.Context(), func(_ context.Context, o string) (string, error) { offer = o; return "", stop }); !errors.Is(err, stop) {
		t.Fatal(err)
	}
	return offer
}

func TestAnOfferIsReadForAServerWithoutSDP(t *testing.T) {
	e, err := NewEngine(Config{})
	if err != nil {
		t.Fatal(err)
	}
	offer := offered(t, func(ctx context.Context, x Exchange) error { _, err := e.Publish(ctx, x); return err })
	o, err := ReadOffer(offer)
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^([0-9A-F]{2}:){31}[0-9A-F]{2}$`).MatchString(o.Fingerprint) {
		t.Errorf("fingerprint %q: want SHA-256 in upper case", o.Fingerprint)
	}
	lower := strings.ReplaceAll(offer, o.Fingerprint, strings.ToLower(o.Fingerprint))
	if again, err := ReadOffer(lower); err != nil || lower == offer || again.Fingerprint != o.Fingerprint {
		t.Errorf("a fingerprint in lower case is read as %q, %v", again.Fingerprint, err)
	}
	if o.SSRC == 0 || o.PayloadType != opusPayloadType {
		t.Errorf("%+v", o)
	}
	answer, err := onePeer.Answer(offer, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := checkSDP(answer, listens); err != nil {
		t.Errorf("%v\n%s", err, answer)
	}
	for _, want := range []string{"a=ice-lite", "a=setup:passive", "a=candidate:udpcandidate 1 udp 1 127.0.0.1 9 typ host"} {
		if !strings.Contains(answer, want+"\r\n") {
			t.Errorf("no %q in\n%s", want, answer)
		}
	}
}

func FuzzPeerAnswer(f *testing.F) {
	f.Add("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=fingerprint:sha-256 aa\r\na=ssrc:7 x\r\n", "ufrag", "pass", "AA")
	f.Fuzz(func(t *testing.T, offer, ufrag, password, fingerprint string) {
		if o, err := ReadOffer(offer); err == nil && o.Fingerprint != strings.ToUpper(o.Fingerprint) {
			t.Fatalf("fingerprint %q", o.Fingerprint)
		}
		p := onePeer
		p.UsernameFragment, p.Password, p.Fingerprint = ufrag, password, fingerprint
		answer, err := p.Answer(offer, true)
		if err != nil {
			return
		}
		if n := strings.Count(answer, "a=ice-ufrag:"); n != 1 {
			t.Fatalf("%d user fragments: a parameter wrote a line of its own\n%s", n, answer)
		}
	})
}
