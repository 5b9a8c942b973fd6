package sim

import (
	"errors"
	"fmt"
)

// Radio is one virtual radio with all it has.
type Radio struct {
	Button    *Input
	Emergency *Input
	COR       *Input
	Selector  [4]*Input // lines of a knob
	PTTOut    *Output
	Panel     *Panel
	Mic       *Mic
	Speaker   *Speaker

	receiver receiver
}

// NewRadio returns a radio at rest whose microphone hears source and whose
// loudspeaker has one period of latency. Its errors name its parts after name.
func NewRadio(name string, source Source) *Radio {
	r := &Radio{
		Button:    NewInput(name + " button"),
		Emergency: NewInput(name + " emergency button"),
		COR:       NewInput(name + " COR"),
		PTTOut:    NewOutput(name + " PTT-out"),
		Panel:     NewPanel(name + " panel"),
		Mic:       NewMic(name+" microphone", source),
		Speaker:   NewSpeaker(name+" loudspeaker", periodTime),
	}
	for i := range r.Selector {
		r.Selector[i] = NewInput(fmt.Sprint(name, " selector line ", i))
	}
	return r
}

// Pressed reports whether the button is held down.
func (r *Radio) Pressed() bool {
	active, err := r.Button.Active()
	return err == nil && active
}

// Unplug takes the sound card away.
func (r *Radio) Unplug() {
	r.Mic.Unplug()
	r.Speaker.Unplug()
}

// Close closes every part.
func (r *Radio) Close() error {
	for _, line := range r.Selector {
		_ = line.Close() // it cannot fail
	}
	return errors.Join(
		r.Button.Close(), r.Emergency.Close(), r.COR.Close(), r.PTTOut.Close(),
		r.Panel.Close(), r.Mic.Close(), r.Speaker.Close(),
	)
}
