package monitor

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/gateway"
	"github.com/talkgate/talkgate/media"
)

// stub is a link whose events a test raises.
type stub struct {
	gateway.Link
	ev gateway.LinkEvents
}

func (s *stub) Run(_ context.Context, ev gateway.LinkEvents) error { s.ev = ev; return nil }

// port is a port that keeps what it hears.
type port struct {
	gateway.LinkEvents
	heard []media.Packet
}

func (p *port) Receive(m media.Packet) { p.heard = append(p.heard, m) }

// tuned is a link of three channels whose packets a test says.
func tuned(t testing.TB) (*Link, *port, func(channel int, seq uint16)) {
	s, p := &stub{}, &port{}
	opus := make([]byte, 80)
	l := New(s, []string{"own", "first", "second"})
	if err := l.Run(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	return l, p, func(channel int, seq uint16) {
		s.ev.Receive(media.Packet{Channel: channel, Seq: seq, Timestamp: uint32(seq) * media.FrameSamples, Arrived: time.Now(), Opus: opus})
	}
}

// transcript plays a script: a line is who speaks in 100 ms, by number, and the
// result is that and who is heard.
func transcript(t *testing.T, script string) string {
	var out strings.Builder
	synctest.Test(t, func(t *testing.T) {
		_, p, say := tuned(t)
		var seq [3]uint16
		for line := range strings.FieldsSeq(script) {
			p.heard = nil
			for range 5 {
				for _, who := range strings.Trim(line, "-") {
					c := int(who - '0')
					seq[c]++
					say(c, seq[c])
				}
				time.Sleep(media.FrameDuration)
			}
			heard := ""
			for c := range 3 {
				n := 0
				for _, m := range p.heard {
					if m.Channel == c {
						n++
					}
				}
				if n > 0 {
					heard += fmt.Sprintf("%dx%d", c, n)
				}
			}
			if heard == "" {
				heard = "-"
			}
			fmt.Fprintf(&out, "%s:%s ", line, heard)
		}
	})
	return strings.TrimSpace(out.String())
}

// TestTheMoreImportantChannelIsHeard: it mutes the other at once, which is heard
// from its middle after the end of it and a pause.
func TestTheMoreImportantChannelIsHeard(t *testing.T) {
	for _, tc := range []struct{ name, script, want string }{
		{"alone", "2 2 - 1", "2:2x5 2:2x5 -:- 1:1x5"},
		{"a lesser waits for a pause", "1 12 12 2 2 2 2", "1:1x5 12:1x5 12:1x5 2:- 2:2x1 2:2x5 2:2x5"},
		{"a better one begins", "2 12 12 1", "2:2x5 12:1x5 12:1x5 1:1x5"},
		{"the own before all", "12 012 012 12 12 12", "12:1x5 012:0x5 012:0x5 12:- 12:1x1 12:1x5"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := transcript(t, tc.script); got != tc.want {
				t.Errorf("heard %s\nwant  %s", got, tc.want)
			}
		})
	}
}

// TestWhatIsHeardIsOneStream: it has continuous numbers, also where channels
// number theirs alike, and a loss stays one.
func TestWhatIsHeardIsOneStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, p, say := tuned(t)
		for seq := range uint16(3) {
			say(1, seq)
		}
		say(0, 3) // more important, with the very number that is due
		say(1, 3)
		say(0, 5) // one was lost
		if len(p.heard) != 5 || !p.heard[0].Marker || p.heard[2].Marker || !p.heard[3].Marker || p.heard[4].Marker {
			t.Fatalf("heard %+v", p.heard)
		}
		for i, gap := range []uint16{1, 1, 1, 2} {
			if got := p.heard[i+1].Seq - p.heard[i].Seq; got != gap {
				t.Errorf("packet %d follows after %d, want %d", i+1, got, gap)
			}
		}
		if l.Hears() != "own" {
			t.Errorf("hears %q", l.Hears())
		}
		time.Sleep(time.Second)
		if l.Hears() != "" {
			t.Errorf("hears %q in silence", l.Hears())
		}
	})
}

func TestALinkAllocatesNothing(t *testing.T) {
	_, p, say := tuned(t)
	p.heard = make([]media.Packet, 0, 4000)
	seq := uint16(0)
	if n := testing.AllocsPerRun(1000, func() {
		seq++
		say(int(seq)%3, seq)
	}); n != 0 {
		t.Errorf("%v allocations a packet, want 0", n)
	}
}
