package audio

import (
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

// Check looks whether the card is there, used or not.
func (c Config) Check() error {
	_, err := c.find(sysfs)
	return err
}

// find looks for the configured card below dir.
func (c Config) find(dir string) (card, error) {
	all, _ := filepath.Glob(filepath.Join(dir, "card*")) // the pattern is right
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
		return id == c.Card
	}
	// The device of a USB card is an interface, such as 1-1.2:1.0, below its
	// socket, 1-1.2.
	device, err := filepath.EvalSymlinks(filepath.Join(path, "device"))
	return err == nil && filepath.Base(filepath.Dir(device)) == socket
}

// String names the side in errors and logs.
func (c Config) String() string { return fmt.Sprintf("sound card %s,%d", c.Card, c.Device) }
