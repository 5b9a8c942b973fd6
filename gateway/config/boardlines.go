package config

import (
	"regexp"
	"strings"
)

// boardLine is where one line of a board is.
type boardLine struct {
	key, chip, line string
	// usb is what pins of a USB radio interface it may be; nil is none.
	usb *regexp.Regexp
}

// lines are all lines of a board, wired or not.
func (b *BoardHardware) lines() []boardLine {
	in := regexp.MustCompile(`^(VOLUP|VOLDN|PLAYMUTE|RECMUTE|GPIO[1-8])$`)
	out := regexp.MustCompile(`^GPIO[1-8]$`)
	driven := func(key string, l OutputLine) boardLine { return boardLine{"hardware." + key, l.Chip, l.Line, nil} }
	return []boardLine{
		{"hardware.ptt", b.PTT.Chip, b.PTT.Line, in},
		{"hardware.emergency", b.Emergency.Chip, b.Emergency.Line, in},
		{"hardware.cor", b.COR.Chip, b.COR.Line, in},
		{"hardware.ptt_out", b.PTTOut.Chip, b.PTTOut.Line, out},
		{"hardware.ptt_readback", b.PTTReadback.Chip, b.PTTReadback.Line, in},
		{"hardware.selector.a", b.Selector.A.Chip, b.Selector.A.Line, in},
		{"hardware.selector.b", b.Selector.B.Chip, b.Selector.B.Line, in},
		{"hardware.selector.c", b.Selector.C.Chip, b.Selector.C.Line, in},
		{"hardware.selector.d", b.Selector.D.Chip, b.Selector.D.Line, in},
		{"hardware.record", b.Record.Chip, b.Record.Line, nil},
		driven("amplifier", b.Amplifier), driven("heartbeat", b.Heartbeat),
		driven("lamps.talk", b.Lamps.Talk), driven("lamps.busy", b.Lamps.Busy),
		driven("lamps.alert", b.Lamps.Alert), driven("lamps.link", b.Lamps.Link),
		driven("lamps.emergency", b.Lamps.Emergency),
	}
}

// onUSB reports whether chip names a USB radio interface.
func onUSB(chip string) bool {
	for _, prefix := range []string{"usb:", "serial:", "card:"} {
		if strings.HasPrefix(chip, prefix) {
			return true
		}
	}
	return false
}

// relations checks that lines are wired wholly or not at all, that there is one
// that talks, unless heard says that the microphone does by itself, and that what is
// on a USB interface can be there.
func (b *BoardHardware) relations(d *decoder, heard bool) {
	if b == nil {
		return
	}
	for _, l := range b.lines() {
		switch {
		case l.chip != "" && l.line == "":
			d.relation(l.key+".line", l.key+".chip", "a line of the chip "+l.key+".chip names", "none")
		case l.chip == "" && l.line != "":
			d.relation(l.key+".chip", l.key+".line", "the chip that has the line "+l.key+".line names", "none")
		case !onUSB(l.chip):
		case l.usb == nil:
			d.relation(l.key+".chip", l.key+".line", "a GPIO chip, as only ptt, emergency, cor, selector, ptt_out and ptt_readback may be on a USB interface", l.chip)
		case !l.usb.MatchString(l.line):
			d.relation(l.key+".line", l.key+".chip", "a pin of a USB interface, "+l.usb.String(), l.line)
		}
	}
	switch {
	case heard && b.COR.Chip != "":
		d.relation("hardware.cor.chip", "talk.vox.enabled", "none, as the microphone talks by itself", b.COR.Chip)
	case !heard && b.PTT.Chip == "" && b.COR.Chip == "":
		d.relation("hardware.ptt.chip", "hardware.driver", "a chip, or one of hardware.cor, or talk.vox or talk.ctcss", "neither")
	}
	if b.PTTReadback.Chip != "" && b.PTTOut.Chip == "" {
		d.relation("hardware.ptt_readback.chip", "hardware.ptt_out.chip", "none, as there is no hardware.ptt_out", b.PTTReadback.Chip)
	}
}
