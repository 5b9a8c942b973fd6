package config

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// boardLine is where one line of a board is.
type boardLine struct {
	key, chip, line string
	// Of an input: a key in place of a line, and whether low is active.
	input, inputKey string
	activeLow       bool
	// setting is the key that a USB interface ignores, value what it is, and neutral
	// the value that asks for nothing.
	setting, value, neutral string
	// usb is what pins of a USB radio interface it may be; nil is none.
	usb *regexp.Regexp
}

// lines are all lines of a board, wired or not.
func (b *BoardHardware) lines() []boardLine {
	pinsIn := regexp.MustCompile(`^(VOLUP|VOLDN|PLAYMUTE|RECMUTE|GPIO[1-8])$`)
	pinsOut := regexp.MustCompile(`^GPIO[1-8]$`)
	in := func(key string, l InputLine, usb *regexp.Regexp) boardLine {
		return boardLine{"hardware." + key, l.Chip, l.Line, l.Input, l.Key, l.ActiveLow, "pull", l.Pull, "keep", usb}
	}
	out := func(key string, l OutputLine, usb *regexp.Regexp) boardLine {
		return boardLine{"hardware." + key, l.Chip, l.Line, "", "", true, "drive", l.Drive, "push-pull", usb}
	}
	return []boardLine{
		{"hardware.ptt", b.PTT.Chip, b.PTT.Line, b.PTT.Input, b.PTT.Key, b.PTT.ActiveLow, "pull", b.PTT.Pull, "keep", pinsIn},
		in("emergency", b.Emergency, pinsIn),
		in("cor", b.COR, pinsIn),
		out("ptt_out", b.PTTOut, pinsOut),
		in("ptt_readback", b.PTTReadback, pinsIn),
		in("selector.a", b.Selector.A, pinsIn), in("selector.b", b.Selector.B, pinsIn),
		in("selector.c", b.Selector.C, pinsIn), in("selector.d", b.Selector.D, pinsIn),
		in("record", b.Record, nil),
		out("amplifier", b.Amplifier, nil), out("heartbeat", b.Heartbeat, nil),
		out("lamps.talk", b.Lamps.Talk, nil), out("lamps.busy", b.Lamps.Busy, nil),
		out("lamps.alert", b.Lamps.Alert, nil), out("lamps.link", b.Lamps.Link, nil),
		out("lamps.emergency", b.Lamps.Emergency, nil),
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
	used := map[[2]string]string{} // key by chip and line
	for _, l := range b.lines() {
		if l.input != "" || l.inputKey != "" {
			l.inputRelations(d, used)
			continue
		}
		if n, err := strconv.Atoi(l.line); err == nil && n < 0 {
			d.relation(l.key+".line", l.key+".chip", "the name of a line, or its offset from 0 on", l.line)
		}
		if onUSB(l.chip) && d.lines[l.key+"."+l.setting] > 0 && l.value != l.neutral {
			d.relation(l.key+"."+l.setting, l.key+".chip", l.neutral+" or no such key, as a USB interface has its own", l.value)
		}
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
		if other, twice := used[[2]string{l.chip, l.line}]; twice && l.chip != "" && l.line != "" {
			d.relation(l.key+".line", other+".line", "a line of its own, as "+other+" is this one", l.line)
		}
		used[[2]string{l.chip, l.line}] = l.key
	}
	switch {
	case heard && b.COR.Wired():
		d.relation("hardware.cor.chip", "talk.vox.enabled", "none, as the microphone talks by itself", b.COR.where())
	case !heard && !b.PTT.Wired() && !b.COR.Wired():
		d.relation("hardware.ptt.chip", "hardware.driver", "a chip, or ptt.input, or one of hardware.cor, or talk.vox, talk.ctcss or talk.dcs", "neither")
	}
	if o := b.Panel; o.Off > 0 && o.Dim > o.Off {
		d.relation("hardware.display.dim", "hardware.display.off", fmt.Sprint("at most hardware.display.off, ", o.Off), o.Dim)
	}
	if b.PTTReadback.Wired() && b.PTTOut.Chip == "" {
		d.relation("hardware.ptt_readback.chip", "hardware.ptt_out.chip", "none, as there is no hardware.ptt_out", b.PTTReadback.where())
	}
}

// where is the chip or the input device of a line, for an error.
func (l InputLine) where() string { return cmp.Or(l.Chip, l.Input) }

// inputRelations checks a line that is a key of an input device.
func (l boardLine) inputRelations(d *decoder, used map[[2]string]string) {
	switch other, twice := used[[2]string{l.input, l.inputKey}]; {
	case l.chip != "":
		d.relation(l.key+".input", l.key+".chip", "none, as there is "+l.key+".chip: a line is either of the two", l.input)
	case l.line != "":
		d.relation(l.key+".line", l.key+".input", "none, as a key has no line", l.line)
	case l.input == "":
		d.relation(l.key+".input", l.key+".key", "the device that has the key "+l.key+".key names", "none")
	case l.inputKey == "":
		d.relation(l.key+".key", l.key+".input", "a key of the device "+l.key+".input names", "none")
	case twice:
		d.relation(l.key+".key", other+".key", "a key of its own, as "+other+" is this one", l.inputKey)
	}
	// Their defaults may stand in the file.
	if l.value != "up" && l.value != "keep" {
		d.relation(l.key+".pull", l.key+".input", "no such key, as a key of an input device is pressed or not", l.value)
	}
	if !l.activeLow {
		d.relation(l.key+".active_low", l.key+".input", "no such key, as a key of an input device is pressed or not", "false")
	}
	used[[2]string{l.input, l.inputKey}] = l.key
}
