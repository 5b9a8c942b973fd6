package room

import (
	"strings"
	"testing"

	"github.com/talkgate/talkgate/gateway/link/livekit/wire"
)

func TestKeysAreReadAsLiveKitHasThem(t *testing.T) {
	const secret = "0123456789abcdef0123456789abcdef"
	for text, ok := range map[string]bool{
		"key: " + secret: true, "key:" + secret + "\n": true, "key: short": false, ": " + secret: false, "key": false, "": false,
		"key: " + secret + "\nother: " + secret: false, `key: "` + secret + `"`: false,
	} {
		if _, err := ParseKey(text); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		} else if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%q: the error tells the secret: %v", text, err)
		}
	}
}

func TestOnlyLiveKitsOwnSilenceIsBlank(t *testing.T) {
	blank := make([]byte, 80)
	copy(blank, []byte{0xF8, 0xFF, 0xFE})
	voice := append([]byte(nil), blank...)
	voice[79] = 1
	if !isBlank(blank) || isBlank(voice) || isBlank(blank[:79]) || isBlank(blank[:3]) || isBlank(nil) {
		t.Error("taken for each other")
	}
}

// FuzzSignal hands a roster and a goodbye whatever a server may say.
func FuzzSignal(f *testing.F) {
	seed, _ := (&wire.SignalResponse{Message: &wire.SignalResponse_Update{Update: &wire.ParticipantUpdate{
		Participants: []*wire.ParticipantInfo{{Sid: "PA_1", Identity: "a", Tracks: []*wire.TrackInfo{{Sid: "TR_1", Muted: true}}}}}}}).MarshalVT()
	f.Add(seed)
	f.Fuzz(func(_ *testing.T, data []byte) {
		m := &wire.SignalResponse{}
		if m.UnmarshalVT(data) != nil {
			return
		}
		r := roster{members: make(map[string]Member)}
		r.update(m.GetUpdate().GetParticipants())
		r.update(m.GetJoin().GetOtherParticipants())
		_ = r.all()
		_ = left(m.GetLeave()).Error()
	})
}
