package gpio

import (
	"errors"

	"github.com/talkgate/talkgate/hal"
)

// PanelLines are the lamps that a panel has; nil is one it does not have. Without
// one for emergencies Alert shows them.
type PanelLines struct{ Talk, Busy, Alert, Link, Emergency *Line }

// Panel shows lamps on lines. It implements hal.Panel.
type Panel struct{ lamps []lamp }

// lamp is a line with what it shows.
type lamp struct {
	*Output
	of func(hal.Lamps) bool
}

// OpenPanel takes the lines of a panel, dark.
func OpenPanel(lines PanelLines) (*Panel, error) {
	p := &Panel{}
	for _, l := range []struct {
		line *Line
		of   func(hal.Lamps) bool
	}{
		{lines.Talk, func(l hal.Lamps) bool { return l.Talk }},
		{lines.Busy, func(l hal.Lamps) bool { return l.Busy }},
		{lines.Alert, func(l hal.Lamps) bool { return l.Alert || l.Emergency && lines.Emergency == nil }},
		{lines.Link, func(l hal.Lamps) bool { return l.Link }},
		{lines.Emergency, func(l hal.Lamps) bool { return l.Emergency }},
	} {
		if l.line == nil {
			continue
		}
		out, err := OpenOutput(*l.line)
		if err != nil {
			return nil, errors.Join(err, p.Close())
		}
		p.lamps = append(p.lamps, lamp{out, l.of})
	}
	return p, nil
}

// Show implements hal.Panel. A lamp that fails keeps none of the others dark.
func (p *Panel) Show(l hal.Lamps) error {
	var errs []error
	for _, lamp := range p.lamps {
		errs = append(errs, lamp.Set(lamp.of(l)))
	}
	return errors.Join(errs...)
}

// Close implements hal.Panel and leaves the panel dark.
func (p *Panel) Close() error {
	var errs []error
	for _, lamp := range p.lamps {
		errs = append(errs, lamp.Close())
	}
	return errors.Join(errs...)
}
