package cm108

import "testing"

// TestReports has the reports that the datasheet and the AIOC's firmware speak of.
func TestReports(t *testing.T) {
	for _, tc := range []struct {
		pin    string
		report []byte
		high   bool
	}{
		{"VOLUP", []byte{0x01, 0, 0, 0}, false},
		{"VOLDN", []byte{0x02, 0, 0, 0}, false},
		{"VOLDN", []byte{0x01, 0xff, 0, 0}, true},
		{"PLAYMUTE", []byte{0x04, 0, 0, 0}, false},
		{"RECMUTE", []byte{0x08, 0, 0, 0}, false},
		{"RECMUTE", []byte{0x00, 0, 0, 0}, true},
		{"GPIO1", []byte{0xff, 0x01, 0, 0}, true},
		{"GPIO3", []byte{0, 0x04, 0, 0}, true},
		{"GPIO3", []byte{0xff, 0xfb, 0xff, 0xff}, false},
		{"GPIO8", []byte{0, 0x80, 0, 0}, true},
	} {
		p, err := parsePin(tc.pin)
		if err != nil {
			t.Fatal(err)
		}
		if high, ok := p.level(tc.report); high != tc.high || !ok {
			t.Errorf("%s by % x: high is %v, %v", tc.pin, tc.report, high, ok)
		}
	}
	ptt, _ := parsePin("GPIO3")
	if got, want := ptt.drive(true), [5]byte{0, 0, 4, 4, 0}; got != want {
		t.Errorf("high: % x, want % x", got, want)
	}
	if got, want := ptt.drive(false), [5]byte{0, 0, 0, 4, 0}; got != want {
		t.Errorf("low: % x, want % x", got, want)
	}
}

func TestPinsThatAreNone(t *testing.T) {
	for _, name := range []string{"", "GPIO", "GPIO0", "GPIO9", "GPIO01", "GPIO16", "gpio3", "VOL", "3", "GPIO-1", "GPIO+1"} {
		if _, err := parsePin(name); err == nil {
			t.Errorf("%q is a pin", name)
		}
	}
}

// FuzzReport wants of any name and any report: no panic, nothing from a report of
// another size, and that what is driven is what an input report of the same
// octets says.
func FuzzReport(f *testing.F) {
	f.Add("GPIO3", []byte{0, 4, 0, 0})
	f.Add("VOLDN", []byte{2})
	f.Add("GPIO88", []byte(nil))
	f.Fuzz(func(t *testing.T, name string, report []byte) {
		p, err := parsePin(name)
		if err != nil {
			return
		}
		if _, ok := p.level(report); ok != (len(report) == reportSize) {
			t.Errorf("% x tells something: %v", report, ok)
		}
		for _, high := range []bool{true, false} {
			sent := p.drive(high)
			if got, _ := p.level(sent[1:]); !p.button() && got != high {
				t.Errorf("%s driven %v is read %v", name, high, got)
			}
		}
	})
}
