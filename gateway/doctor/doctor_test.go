package doctor

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/daemon"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/state/redis/redistest"
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

// TestDoctorRehearsesAPress: an ACL rule that lacks a command of a press is named, with
// what is missing.
func TestDoctorRehearsesAPress(t *testing.T) {
	s := redistest.Start(t)
	s.Do("ACL", "SETUSER", "half", "on", ">sesame", "~*", "&*", "+@all", "-pexpire")
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("sesame\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := config.Default()
	cfg.Channel, cfg.Identity.UserID = "gates", "north"
	cfg.Redis = config.Redis{URL: config.URL(s.URL), Username: "half", PasswordFile: config.File(password)}
	found, do := checker{cfg: cfg}.redis(t.Context())
	if !strings.Contains(found, "refuses") || !strings.Contains(do, "+pexpire") {
		t.Errorf("found %q, do %q", found, do)
	}
}

// TestDoctorNamesChannelsWithoutAGuard: without any guard all channels are named, with
// what to do. A guard that runs need not be in a room where nobody is.
func TestDoctorNamesChannelsWithoutAGuard(t *testing.T) {
	s := redistest.Start(t)
	cfg := config.Default()
	cfg.Channel, cfg.Identity.UserID = "gates", "north"
	cfg.Link = config.Link{LiveKit: &config.LiveKitLink{}}
	cfg.Redis = config.Redis{URL: config.URL(s.URL)}
	examine := func(wantFound, wantDo string) {
		t.Helper()
		found, do := checker{cfg: cfg}.guard(t.Context())
		if !strings.Contains(found, wantFound) || !strings.Contains(do, wantDo) || (do == "") != (wantDo == "") {
			t.Errorf("found %q, do %q; want %q, %q", found, do, wantFound, wantDo)
		}
	}
	examine("no live guard on gates", "talkgate-guard")
	s.Do("SET", "talkgate:guard:", "1")
	examine("it is not on gates", "")
	s.Do("SET", "talkgate:guard:gates", "1")
	examine("live on gates", "")
	s.Do("DEL", "talkgate:guard:", "talkgate:guard:gates")
	examine("no live guard on gates", "talkgate-guard")
}
