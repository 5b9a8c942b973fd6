package sound

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/hal"
)

// newSysfs has a card on the board, one in a USB socket, and one that is just
// vanishing.
func newSysfs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for path, id := range map[string]string{
		"devices/platform/soc/sound":          "Headphones",
		"devices/usb1/1-1/1-1.2/1-1.2:1.0":    "Device",
		"devices/usb1/1-1/1-1.21/1-1.21:1.0":  "Device_1",
		"devices/usb1/1-1/1-1.3/1-1.3:1.0/no": "",
	} {
		device := filepath.Join(dir, path)
		if err := os.MkdirAll(device, 0o755); err != nil {
			t.Fatal(err)
		}
		card := filepath.Join(dir, "class", map[string]string{"Headphones": "card0", "Device": "card2", "Device_1": "card10", "": "card3"}[id])
		if err := os.MkdirAll(card, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(device, filepath.Join(card, "device")); err != nil {
			t.Fatal(err)
		}
		if id == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(card, "id"), []byte(id+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "class")
}

func TestCardIsFoundByIDAndBySocket(t *testing.T) {
	dir := newSysfs(t)
	for name, want := range map[string]card{
		"Headphones": {0, "Headphones"},
		"Device":     {2, "Device"},
		"usb:1-1.2":  {2, "Device"},
		"usb:1-1.21": {10, "Device_1"},
	} {
		if got, err := (Config{Card: name}).find(dir, "p"); got != want || err != nil {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for _, name := range []string{"Dev", "device", "usb:1-1", "usb:", "usb:1-1.3", ""} {
		_, err := (Config{Card: name}).find(dir, "p")
		if !errors.Is(err, hal.ErrGone) || !strings.Contains(err.Error(), `found only "Device", "Device_1", "Headphones"`) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestGain(t *testing.T) {
	for _, tc := range []struct {
		dB       float64
		in, want int16
	}{{0, 1234, 1234}, {6.0206, 1000, 2000}, {-20, -1000, -100}, {20, 20000, 32767}, {20, -20000, -32768}} {
		pcm := []int16{tc.in}
		newGain(tc.dB).apply(pcm)
		if pcm[0] != tc.want {
			t.Errorf("%v dB of %d is %d, want %d", tc.dB, tc.in, pcm[0], tc.want)
		}
	}
}
