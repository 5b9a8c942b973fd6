package rtc

import (
	"strings"
	"testing"

	"github.com/pion/rtcp"
)

func TestUnheardTravels(t *testing.T) {
	b, err := MarshalUnheard(1, 2, "no-rights")
	if err != nil {
		t.Fatal(err)
	}
	p := &Publication{unheard: make(chan string, 1)}
	p.reported(b)
	p.reported(b) // nobody has read the first
	if got := <-p.Unheard(); got != "no-rights" {
		t.Errorf("reason %q", got)
	}
	if len(p.Unheard()) != 0 {
		t.Error("it is told twice")
	}
}

func TestUnheardIsAWord(t *testing.T) {
	for _, p := range []rtcp.ApplicationDefined{
		{Name: "OTHR", Data: []byte("lost")}, {Name: unheardName}, {Name: unheardName, SubType: 1, Data: []byte("lost")},
		{Name: unheardName, Data: []byte("\x1b[2J")}, {Name: unheardName, Data: []byte(strings.Repeat("a", maxUnheardReason+1))},
	} {
		if reason, ok := unheardReason(&p); ok {
			t.Errorf("%+v is read as %q", p, reason)
		}
	}
}

// FuzzReported reads whatever a peer sends as RTCP.
func FuzzReported(f *testing.F) {
	b, err := MarshalUnheard(1, 2, "busy")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte{0x80, 201, 0, 1, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		p := &Publication{unheard: make(chan string, 1)}
		p.reported(b)
		if len(p.unheard) > 0 {
			if reason := <-p.unheard; reason == "" || len(reason) > maxUnheardReason {
				t.Errorf("reason %q", reason)
			}
		}
	})
}
