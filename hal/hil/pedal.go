//go:build hil

package hil

import (
	"testing"

	evdev "github.com/holoplot/go-evdev"
)

// Pedal is a foot switch: an input device of this kernel (uinput) whose keys the test
// presses.
type Pedal struct {
	Name string

	t    testing.TB
	keys []string
	far  *evdev.InputDevice // nil while it is unplugged
}

// NewPedal plugs a foot switch in that has the keys, such as KEY_F13. It goes with the
// test.
func NewPedal(t testing.TB, name string, keys ...string) *Pedal {
	t.Helper()
	p := &Pedal{Name: name, t: t, keys: keys}
	p.Plug()
	t.Cleanup(p.Unplug)
	return p
}

// Plug makes it appear.
func (p *Pedal) Plug() {
	p.t.Helper()
	var codes []evdev.EvCode
	for _, key := range p.keys {
		codes = append(codes, p.code(key))
	}
	far, err := evdev.CreateDevice(p.Name, evdev.InputID{BusType: 3, Vendor: 0x0c45, Product: 0x7403}, map[evdev.EvType][]evdev.EvCode{evdev.EV_KEY: codes})
	if err != nil {
		p.t.Fatal(err)
	}
	p.far = far
}

// Unplug makes it vanish, whatever is pressed.
func (p *Pedal) Unplug() {
	p.t.Helper()
	if p.far == nil {
		return
	}
	if err := evdev.DestroyDevice(p.far); err != nil {
		p.t.Error(err)
	}
	p.far.Close()
	p.far = nil
}

// Press moves a key.
func (p *Pedal) Press(key string, down bool) {
	p.t.Helper()
	e := evdev.InputEvent{Type: evdev.EV_KEY, Code: p.code(key)}
	if down {
		e.Value = 1
	}
	for _, e := range []evdev.InputEvent{e, {Type: evdev.EV_SYN, Code: evdev.SYN_REPORT}} {
		if err := p.far.WriteOne(&e); err != nil {
			p.t.Fatal(err)
		}
	}
}

func (p *Pedal) code(key string) evdev.EvCode {
	code, ok := evdev.KEYFromString[key]
	if !ok {
		p.t.Fatalf("no key is called %q", key)
	}
	return code
}

// Keys are its keys.
func (p *Pedal) Keys() []string { return p.keys }
