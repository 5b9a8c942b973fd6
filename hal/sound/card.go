package sound

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/talkgate/talkgate/hal"
)

// sysfs is where the kernel lists its cards.
const sysfs = "/sys/class/sound"

// card is one that is there.
type card struct {
	number int
	id     string
}

// Check returns an error that wraps hal.ErrGone unless the card is there, used or
// not. What Oto has as its default, only opening it shows.
func (c Config) Check(with Player) error {
	if with == Oto && c.Card == Default {
		return nil
	}
	_, err := c.find(sysfs, "?")
	return err
}

// find looks for the configured card below dir. The default is the first card
// that has the PCM device for the side, "c" (capture) or "p" (playback).
func (c Config) find(dir, side string) (card, error) {
	all, _ := filepath.Glob(filepath.Join(dir, "card*")) // the pattern is right
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) })
	var ids []string
	for _, path := range all {
		number, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(path), "card"))
		if err != nil {
			continue
		}
		text, err := os.ReadFile(filepath.Join(path, "id"))
		if err != nil {
			continue // it is just vanishing
		}
		id := strings.TrimSpace(string(text))
		if c.Card == Default {
			pcms, _ := filepath.Glob(filepath.Join(dir, fmt.Sprintf("pcmC%dD%d%s", number, c.Device, side))) // the pattern is right
			if len(pcms) == 0 {
				continue
			}
		}
		if c.names(id, path) {
			return card{number, id}, nil
		}
		ids = append(ids, strconv.Quote(id))
	}
	found := "none"
	if ids != nil {
		slices.Sort(ids)
		found = "only " + strings.Join(ids, ", ")
	}
	return card{}, fmt.Errorf("expected sound card %q, found %s: %w", c.Card, found, hal.ErrGone)
}

// names reports whether the card at path, whose ID is id, is the configured one.
func (c Config) names(id, path string) bool {
	socket, isUSB := strings.CutPrefix(c.Card, "usb:")
	if !isUSB {
		return id == c.Card || c.Card == Default
	}
	// The device of a USB card is an interface, such as 1-1.2:1.0, below its
	// socket, 1-1.2.
	device, err := filepath.EvalSymlinks(filepath.Join(path, "device"))
	return err == nil && filepath.Base(filepath.Dir(device)) == socket
}
