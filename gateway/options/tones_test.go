package options

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/media"
)

func TestTonesAreChosen(t *testing.T) {
	dir := t.TempDir()
	wav := func(name string, n int) config.File {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		pcm := make([]int16, n)
		for i := range pcm {
			pcm[i] = 1000
		}
		if err := media.WriteWAV(f, pcm); err != nil {
			t.Fatal(err)
		}
		return config.File(f.Name())
	}
	var opt port.Tuning
	cfg := config.Default().Audio
	if err := setTones(&opt, cfg); err != nil {
		t.Fatal(err)
	}
	if opt.Roger != nil || opt.TonesOnAir || opt.Tones[media.Permit] == nil || opt.Tones[media.LinkUp] != nil {
		t.Error("by default there are other tones than those of the floor")
	}
	cfg.Roger = config.Tone{Enabled: true, File: wav("roger.wav", 9600)}
	cfg.Tones.Deny.Enabled, cfg.Tones.Busy.File, cfg.Tones.Gain = false, wav("busy.wav", 48000), -6.02
	if err := setTones(&opt, cfg); err != nil {
		t.Fatal(err)
	}
	if len(opt.Roger) != 9600 || opt.Roger[0] != 500 || opt.Tones[media.Deny] != nil || len(opt.Tones[media.Busy]) != 48000 {
		t.Error("the tones are not those that were chosen")
	}
	for key, bad := range map[string]func(*config.Audio){
		"audio.roger.file":      func(c *config.Audio) { c.Roger.File = wav("long.wav", 48000) },
		"audio.tones.busy.file": func(c *config.Audio) { c.Tones.Busy.File = "nowhere.wav" },
		"audio.tones.deny.file": func(c *config.Audio) { c.Tones.Deny = config.Tone{Enabled: true, File: wav("empty.wav", 0)} },
	} {
		wrong := cfg
		bad(&wrong)
		if err := setTones(&opt, wrong); err == nil || !strings.HasPrefix(err.Error(), key+": ") {
			t.Errorf("%s: %v", key, err)
		}
	}
}
