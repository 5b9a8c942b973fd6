package cm108

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/hal"
)

// newSysfs has an AIOC, a CM108 without a serial number, a mouse, two devices with
// the same serial number, and one that is just vanishing.
func newSysfs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for node, d := range map[string]struct{ path, uevent string }{
		"hidraw0":  {"usb1/1-1/1-1.2/1-1.2:1.3/0003:1209:7388.0001", "HID_ID=0003:00001209:00007388\nHID_NAME=AIOC All-In-One-Cable\nHID_UNIQ=c0ffee\n"},
		"hidraw1":  {"usb1/1-1/1-1.21/1-1.21:1.3/0003:0D8C:013C.0002", "HID_NAME=C-Media USB Audio\nHID_UNIQ=\n"},
		"hidraw2":  {"usb1/1-2/1-2:1.0/0003:046D:C077.0003", "HID_NAME=A mouse\n"},
		"hidraw10": {"usb2/2-1/2-1:1.3/0003:0D8C:013C.0004", "HID_UNIQ=twin"},
		"hidraw11": {"usb2/2-2/2-2:1.3/0003:0D8C:013C.0005", "HID_UNIQ=twin"},
		"hidraw12": {"usb2/2-3/2-3:1.3/0003:0D8C:013C.0006", ""},
	} {
		at, class := filepath.Join(dir, "devices", d.path), filepath.Join(dir, "class/hidraw", node)
		for _, made := range []string{at, class} {
			if err := os.MkdirAll(made, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Symlink(at, filepath.Join(class, "device")); err != nil {
			t.Fatal(err)
		}
		if d.uevent == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(at, "uevent"), []byte(d.uevent), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for id, path := range map[string]string{"AllInOneCable": "usb1/1-1/1-1.2/1-1.2:1.0", "Headphones": "platform/sound"} {
		at, class := filepath.Join(dir, "devices", path), filepath.Join(dir, "class/sound/card-"+id)
		for _, made := range []string{at, class} {
			if err := os.MkdirAll(made, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Symlink(at, filepath.Join(class, "device")); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(class, "id"), []byte(id+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "class")
}

func TestInterfaceIsFoundBySocketAndBySerial(t *testing.T) {
	dir := newSysfs(t)
	for chip, node := range map[string]string{
		"usb:1-1.2": "hidraw0", "serial:c0ffee": "hidraw0", "card:AllInOneCable": "hidraw0", "usb:1-1.21": "hidraw1", "usb:2-2": "hidraw11",
	} {
		if d, err := find(dir, chip); err != nil || d.node != node {
			t.Errorf("%s: %+v, %v", chip, d, err)
		}
	}
	for _, chip := range []string{"usb:1-1", "usb:", "serial:", "serial:C0FFEE", "usb:2-3", "c0ffee", "card:Headphones", ""} {
		_, err := find(dir, chip)
		if !errors.Is(err, hal.ErrGone) || !strings.Contains(err.Error(), `"AIOC All-In-One-Cable" in usb:1-1.2, serial:c0ffee`) {
			t.Errorf("%s: %v", chip, err)
		}
	}
	if _, err := find(dir, "card:Device"); !errors.Is(err, hal.ErrGone) || !strings.Contains(err.Error(), `sound card "Device"`) {
		t.Errorf("a card that is not there: %v", err)
	}
	if _, err := find(dir, "serial:twin"); err == nil || errors.Is(err, hal.ErrGone) {
		t.Errorf("two of one name: %v", err)
	}
	if _, err := find(t.TempDir(), "usb:1-1.2"); !errors.Is(err, hal.ErrGone) {
		t.Errorf("nothing at all: %v", err)
	}
}
