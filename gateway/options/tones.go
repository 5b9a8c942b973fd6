package options

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/media"
)

// maxTone is the longest tone for a port's own user.
const maxTone = 5 * time.Second

// setTones sets the tones of a port, and its roger. The error names each key whose
// file is of no use.
func setTones(t *port.Tuning, cfg config.Audio) error {
	tones := media.NewTones()
	var errs []error
	for _, tone := range []struct {
		kind    media.Tone
		key     string
		cfg     config.Tone
		longest time.Duration
	}{
		{media.Permit, "tones.permit", cfg.Tones.Permit, maxTone},
		{media.Deny, "tones.deny", cfg.Tones.Deny, maxTone},
		{media.Busy, "tones.busy", cfg.Tones.Busy, maxTone},
		{media.Revoked, "tones.revoked", cfg.Tones.Revoked, maxTone},
		{media.Released, "tones.released", cfg.Tones.Released, maxTone},
		{media.Warning, "tones.warning", cfg.Tones.Warning, maxTone},
		{media.Emergency, "tones.emergency", cfg.Tones.Emergency, maxTone},
		{media.LinkUp, "tones.link_up", cfg.Tones.LinkUp, maxTone},
		{media.LinkDown, "tones.link_down", cfg.Tones.LinkDown, maxTone},
		{media.Roger, "roger", cfg.Roger, port.MaxRoger},
	} {
		if !tone.cfg.Enabled {
			tones[tone.kind] = nil
			continue
		}
		if tone.cfg.File == "" {
			continue
		}
		pcm, err := ReadSound(string(tone.cfg.File), tone.longest)
		if err != nil {
			errs = append(errs, fmt.Errorf("audio.%s.file: %w", tone.key, err))
			continue
		}
		tones[tone.kind] = pcm
	}
	tones.Gain(float64(cfg.Tones.Gain))
	t.Roger, t.TonesOnAir = tones[media.Roger], cfg.Tones.OnAir
	if cfg.Tones.Enabled {
		t.Tones = tones
	}
	return errors.Join(errs...)
}

// ReadSound reads the WAV file at path, which holds at most longest.
func ReadSound(path string, longest time.Duration) ([]int16, error) {
	// To open a pipe would wait for whoever writes into it.
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return nil, cmp.Or(err, fmt.Errorf("%s: expected a file", path))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	pcm, err := media.ReadWAV(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if d := time.Duration(len(pcm)) * time.Second / media.SampleRate; d == 0 || d > longest {
		return nil, fmt.Errorf("%s: expected at most %v of sound, found %v", path, longest, d)
	}
	return pcm, nil
}
