package doctor

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/daemon"
	"github.com/talkgate/talkgate/hal/sim"
)

// TestDoctorOfLiveKit: its token is nobody's file.
func TestDoctorOfLiveKit(t *testing.T) {
	if found, do := (checker{cfg: config.Config{Link: config.Link{LiveKit: &config.LiveKitLink{}}}}).token(t.Context()); found == "" || do != "" {
		t.Errorf("%q, do %q", found, do)
	}
}

// TestParrot wants what was heard to be played, to its end.
func TestParrot(t *testing.T) {
	r := sim.NewRadio("test", sim.Tone(1000, -6, 0))
	var played []int16
	r.Speaker.SetTap(func(_ time.Time, period []int16) { played = append(played, period...) })
	var out bytes.Buffer
	b := daemon.Board{}
	b.PTT, b.Mic, b.Speaker = r.Button, r.Mic, r.Speaker
	if err := Parrot(t.Context(), config.Default(), b, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "heard -9 dBFS") {
		t.Errorf("it says %q", out.String())
	}
	loud := 0
	for _, v := range played {
		if v > 1000 || v < -1000 {
			loud++
		}
	}
	if want := samplesIn(trialTime) * 9 / 10; loud < want {
		t.Errorf("%d of %d samples were played aloud, want %d", loud, samplesIn(trialTime), want)
	}
}
