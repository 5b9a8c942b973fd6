package hub

import (
	"net/http"
	"strings"
	"testing"

	"github.com/pion/webrtc/v4"

	"github.com/talkgate/talkgate/gateway/hub/respond"
)

// credentialLines are those of ICE in a description.
func credentialLines(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "a=ice-ufrag:") || strings.HasPrefix(line, "a=ice-pwd:") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// An ICE restart gives a session new credentials, and the sound goes on (RFC 9725
// section 4.3.3).
func TestICERestart(t *testing.T) {
	s := newSite(t)
	a := newAttacker(s, "a")
	heard := make(chan struct{}, 1)
	a.pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for {
			if _, _, err := t.ReadRTP(); err != nil {
				return
			}
			select {
			case heard <- struct{}{}:
			default:
			}
		}
	})
	if _, err := a.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		t.Fatal(err)
	}
	r := s.do(t.Context(), http.MethodPost, "/whep/"+channelID, tokenOf(t, claims("a")), respond.SDP, a.offer())
	if r.status != http.StatusCreated {
		t.Fatal(r.status, r.body)
	}
	answer, tag, path := r.body, r.header.Get("ETag"), "/whep/"+strings.TrimPrefix(r.header.Get("Location"), "./")
	accept := func(answer string) {
		t.Helper()
		if err := a.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
			t.Fatal(err)
		}
	}
	accept(answer)
	talker := s.talker("b")
	s.allow("b")
	s.knows("b", true)
	s.take("b")
	hears := func() bool {
		select {
		case <-heard:
			return true
		default:
			return false
		}
	}
	talker.keepSaying("heard at first", hears)

	restart, err := a.pc.CreateOffer(&webrtc.OfferOptions{ICERestart: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.pc.SetLocalDescription(restart); err != nil {
		t.Fatal(err)
	}
	fresh := credentialLines(restart.SDP)
	for _, tc := range []struct {
		name, match, fragment string
		status                int
	}{
		{"trickle", tag, "a=ice-ufrag:x\r\n", http.StatusBadRequest},
		{"trickle, no credentials", tag, "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n", http.StatusNoContent},
		{"no condition", "", fresh, http.StatusPreconditionRequired},
		{"another tag", `"another"`, fresh, http.StatusPreconditionFailed},
		{"somebody else's", "*", fresh, http.StatusNotFound},
		{"restart", "*", fresh, http.StatusOK},
	} {
		user := "a"
		if tc.status == http.StatusNotFound {
			user = "b"
		}
		r = s.patch(user, path, tc.match, tc.fragment)
		if r.status != tc.status {
			t.Fatalf("%s: %d %s, want %d", tc.name, r.status, r.body, tc.status)
		}
	}
	if r.header.Get("ETag") == tag || r.header.Get("Content-Type") != respond.TrickleICE {
		t.Errorf("restart: %v", r.header)
	}
	old, now := strings.Split(strings.TrimSpace(credentialLines(answer)), "\r\n"), strings.Split(strings.TrimSpace(credentialLines(r.body)), "\r\n")
	if len(now) != 2 || old[0] == now[0] || old[1] == now[1] {
		t.Fatalf("credentials %q after %q", now, old)
	}
	accept(strings.NewReplacer(old[0], now[0], old[1], now[1]).Replace(answer))
	for len(heard) > 0 {
		<-heard
	}
	talker.keepSaying("heard after the restart", hears)
	if r := s.patch("a", path, tag, "a=end-of-candidates\r\n"); r.status != http.StatusPreconditionFailed {
		t.Errorf("the old tag still counts: %d", r.status)
	}
}
