//go:build hil

package hil

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Interface stands in for a USB radio interface: the far end of a wire whose near
// end is a human interface device of this kernel, with the reports of a CM108.
type Interface struct {
	// Socket is the USB socket it is plugged into, Serial its serial number.
	Socket, Serial string

	t      testing.TB
	config string   // its directory in configfs
	far    *os.File // nil while it is unplugged

	mu     sync.Mutex
	driven [4]byte // last output report
	count  int     // of output reports
}

// udc is the kernel's USB device controller that is wired to its own host
// controller.
const udc = "dummy_udc.0"

// reports describes four octets each way, as a CM108 has them.
const reports = "\x06\x00\xff\x09\x01\xa1\x01\x15\x00\x26\xff\x00\x75\x08\x95\x04" +
	"\x09\x01\x81\x02\x95\x04\x09\x01\x91\x02\xc0"

// NewInterface plugs an interface in. It goes with the test. There is one at a
// time.
func NewInterface(t testing.TB, serial string) *Interface {
	t.Helper()
	i := &Interface{Serial: serial, t: t, config: "/sys/kernel/config/usb_gadget/radio"}
	for _, dir := range []string{"strings/0x409", "configs/c.1", "functions/hid.usb0"} {
		if err := os.MkdirAll(filepath.Join(i.config, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for file, text := range map[string]string{
		"idVendor": "0x0d8c", "idProduct": "0x013c",
		"strings/0x409/manufacturer": "C-Media Electronics Inc.", "strings/0x409/product": "USB Audio Device", "strings/0x409/serialnumber": serial,
		"functions/hid.usb0/protocol": "0", "functions/hid.usb0/subclass": "0", "functions/hid.usb0/report_length": "4",
		// A CM108 is given its reports over the control pipe.
		"functions/hid.usb0/no_out_endpoint": "1",
		"functions/hid.usb0/report_desc":     reports,
	} {
		i.write(file, text)
	}
	if err := os.Symlink(filepath.Join(i.config, "functions/hid.usb0"), filepath.Join(i.config, "configs/c.1/hid.usb0")); err != nil {
		t.Fatal(err)
	}
	i.Plug()
	t.Cleanup(func() {
		i.Unplug()
		for _, gone := range []string{"configs/c.1/hid.usb0", "configs/c.1", "functions/hid.usb0", "strings/0x409", ""} {
			if err := os.Remove(filepath.Join(i.config, gone)); err != nil {
				t.Error(err)
			}
		}
	})
	return i
}

// Plug makes the interface appear, and waits until it has.
func (i *Interface) Plug() {
	i.t.Helper()
	i.write("UDC", udc)
	i.until("appears", func(near []string) bool {
		if len(near) != 1 {
			return false
		}
		at, err := filepath.EvalSymlinks(near[0])
		i.Socket = filepath.Base(filepath.Dir(filepath.Dir(at)))
		return err == nil
	})
	var err error
	if i.far, err = os.OpenFile("/dev/hidg0", os.O_RDWR, 0); err != nil {
		i.t.Fatal(err)
	}
	go i.listen(i.far)
}

// Unplug makes it vanish, with what it drives.
func (i *Interface) Unplug() {
	i.t.Helper()
	if i.far == nil {
		return
	}
	i.write("UDC", "\n")
	i.far.Close()
	i.far = nil
	i.note([4]byte{})
	i.until("vanishes", func(near []string) bool { return len(near) == 0 })
}

// until waits for what the kernel has of human interface devices.
func (i *Interface) until(what string, ok func(near []string) bool) {
	i.t.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for end := time.Now().Add(20 * time.Second); ; <-look.C {
		near, _ := filepath.Glob("/sys/class/hidraw/hidraw*/device") // the pattern is right
		if ok(near) {
			return
		}
		if time.Now().After(end) {
			i.t.Fatal("the interface never " + what)
		}
	}
}

// Press moves the buttons, as bits of HID_IR0: 2 is VOLDN, where a squelch is.
func (i *Interface) Press(buttons byte) {
	i.t.Helper()
	if _, err := i.far.Write([]byte{buttons, 0, 0, 0}); err != nil {
		i.t.Fatal(err)
	}
}

// High is whether a pin, GPIO1 is 1, is an output and driven high.
func (i *Interface) High(pin int) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.driven[1]&i.driven[2]&(1<<(pin-1)) != 0
}

// Reports counts the output reports.
func (i *Interface) Reports() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.count
}

func (i *Interface) listen(far *os.File) {
	report := make([]byte, 64)
	for {
		n, err := far.Read(report)
		if err != nil {
			return
		}
		if n == 4 {
			i.note([4]byte(report))
		}
	}
}

func (i *Interface) note(report [4]byte) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.driven = report
	i.count++
}

func (i *Interface) write(file, text string) {
	i.t.Helper()
	if err := os.WriteFile(filepath.Join(i.config, file), []byte(text), 0o644); err != nil {
		i.t.Fatalf("%s %s: %v", file, fmt.Sprintf("%q", strings.TrimSpace(text)), err)
	}
}
