package cm108

// reportSize is that of an input and of an output report (CM108 datasheet, HID
// interface), without the number of the report that hidraw puts before what is
// written.
const reportSize = 4

// level is that of a pin by an input report: HID_IR0 has the buttons, HID_IR1 the
// general purpose pins. ok is false for a report of another size, which says
// nothing.
func (p pin) level(report []byte) (high, ok bool) {
	if len(report) != reportSize {
		return false, false
	}
	return (report[p.octet]&p.mask != 0) != p.button(), true
}

// drive is the output report, as hidraw wants it written, that makes the pin an
// output and drives it: HID_OR0 says that pins are meant, HID_OR1 has their
// levels and HID_OR2 their directions. All other pins become inputs.
func (p pin) drive(high bool) [1 + reportSize]byte {
	report := [1 + reportSize]byte{3: p.mask}
	if high {
		report[2] = p.mask
	}
	return report
}
