package sim

import "github.com/talkgate/talkgate/hal"

// Panel is a row of lamps that can be looked at. It implements hal.Panel.
type Panel struct {
	device
	lamps onChange[hal.Lamps]
}

// NewPanel returns a dark panel; its errors call it name.
func NewPanel(name string) *Panel { return &Panel{device: newDevice(name)} }

// Show implements hal.Panel.
func (p *Panel) Show(l hal.Lamps) error {
	if err := p.Err(); err != nil {
		return err
	}
	p.lamps.set(l)
	return nil
}

// Lamps is what is lit.
func (p *Panel) Lamps() hal.Lamps { return p.lamps.get() }

// Watch calls fn with every change, from the goroutine that makes it; fn does
// not block. It replaces the fn before it.
func (p *Panel) Watch(fn func(hal.Lamps)) { p.lamps.watch(fn) }

// Unplug makes the panel vanish, dark.
func (p *Panel) Unplug() {
	p.device.Unplug()
	p.lamps.set(hal.Lamps{})
}

// Close implements hal.Panel and leaves the panel dark.
func (p *Panel) Close() error {
	err := p.device.Close()
	p.lamps.set(hal.Lamps{})
	return err
}
