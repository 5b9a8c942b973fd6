package mixer

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/media"
)

// heard keeps what is heard.
type heard struct {
	packets   []media.Packet
	emergency atomic.Bool
	times     atomic.Int32 // how often an emergency was reported to begin or end
}

func (h *heard) deliver(p media.Packet) { h.packets = append(h.packets, p) }
func (h *heard) onEmergency(on bool)    { h.emergency.Store(on); h.times.Add(1) }

// three is a mixer of three channels whose packets a test says.
func three(cfg Config) (*Mixer, *heard, func(channel int, seq uint16)) {
	h, opus := &heard{}, make([]byte, 80)
	m := New([]string{"own", "first", "second"}, cfg, h.deliver, h.onEmergency)
	return m, h, func(channel int, seq uint16) {
		m.Receive(media.Packet{Channel: channel, Seq: seq, Timestamp: uint32(seq) * media.FrameSamples, Arrived: time.Now(), Opus: opus})
	}
}

// transcript plays a script: a word is who speaks in 100 ms, by number. The result is
// that and whose packets are heard, those as the lesser voice in parentheses.
func transcript(t *testing.T, cfg Config, script string) string {
	var out strings.Builder
	synctest.Test(t, func(t *testing.T) {
		_, p, say := three(cfg)
		var seq [3]uint16
		for word := range strings.FieldsSeq(script) {
			p.packets = nil
			for range 5 {
				for _, who := range strings.Trim(word, "-") {
					c := int(who - '0')
					seq[c]++
					say(c, seq[c])
				}
				time.Sleep(media.FrameDuration)
			}
			heard := ""
			for c := range 3 {
				n, lesser := 0, 0
				for _, m := range p.packets {
					if m.Channel == c {
						n++
						if m.Lesser {
							lesser++
						}
					}
				}
				if n > 0 {
					heard += fmt.Sprintf("%dx%d", c, n)
				}
				if lesser > 0 {
					heard += fmt.Sprintf("(%d)", lesser)
				}
			}
			if heard == "" {
				heard = "-"
			}
			fmt.Fprintf(&out, "%s:%s ", word, heard)
		}
	})
	return strings.TrimSpace(out.String())
}

// TestWhoIsHeard: what becomes of those who speak at once.
func TestWhoIsHeard(t *testing.T) {
	mute, duck, scan := Config{}, Config{Duck: true}, Config{Scan: true, Hold: 300 * time.Millisecond}
	for _, tc := range []struct {
		name         string
		cfg          Config
		script, want string
	}{
		{"mute: one alone", mute, "2 2 - 1", "2:2x5 2:2x5 -:- 1:1x5"},
		{"mute: a lesser waits for a pause, and is heard from its middle", mute, "1 12 12 2 2 2 2", "1:1x5 12:1x5 12:1x5 2:- 2:2x1 2:2x5 2:2x5"},
		{"mute: a better one begins", mute, "2 12 12 1", "2:2x5 12:1x5 12:1x5 1:1x5"},
		{"mute: the own before all", mute, "12 012 012 12 12 12", "12:1x5 012:0x5 012:0x5 12:- 12:1x1 12:1x5"},

		{"duck: the lesser is softer, and loud again after a pause", duck, "2 12 12 2 2 2 2", "2:2x5 12:1x52x5(5) 12:1x52x5(5) 2:2x5(5) 2:2x5(4) 2:2x5 2:2x5"},
		{"duck: of three the least is silent", duck, "12 012 012 12 12 12", "12:1x52x5(5) 012:0x51x5(5) 012:0x51x5(5) 12:1x5(5) 12:1x5(4)2x1(1) 12:1x52x5(5)"},
		{"duck: a lesser that begins is soft at once", duck, "0 01 01", "0:0x5 01:0x51x5(5) 01:0x51x5(5)"},

		{"scan: a more important one waits for the hold", scan, "2 12 12 1 1 1 1 1 1", "2:2x5 12:2x5 12:2x5 1:- 1:- 1:- 1:- 1:1x1 1:1x5"},
		{"scan: the same channel holds on", scan, "2 - - - 2 1 1", "2:2x5 -:- -:- -:- 2:2x5 1:- 1:-"},
		{"scan: the own breaks in, and holds, too", scan, "2 02 2 2 2 2 2 2", "2:2x5 02:0x5 2:- 2:- 2:- 2:- 2:2x1 2:2x5"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := transcript(t, tc.cfg, tc.script); got != tc.want {
				t.Errorf("heard %s\nwant  %s", got, tc.want)
			}
		})
	}
}

// TestWhatIsHeardIsOneStream: it has continuous numbers, also where channels
// number theirs alike, and a loss stays one.
func TestWhatIsHeardIsOneStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, p, say := three(Config{})
		for seq := range uint16(3) {
			say(1, seq)
		}
		say(0, 3) // more important, with the very number that is due
		say(1, 3)
		say(0, 5) // one was lost
		if len(p.packets) != 5 || !p.packets[0].Marker || p.packets[2].Marker || !p.packets[3].Marker || p.packets[4].Marker {
			t.Fatalf("heard %+v", p.packets)
		}
		for i, gap := range []uint16{1, 1, 1, 2} {
			if got := p.packets[i+1].Seq - p.packets[i].Seq; got != gap {
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

func TestAMixerAllocatesNothing(t *testing.T) {
	_, p, say := three(Config{})
	p.packets = make([]media.Packet, 0, 4000)
	seq := uint16(0)
	if n := testing.AllocsPerRun(1000, func() {
		seq++
		say(int(seq)%3, seq)
	}); n != 0 {
		t.Errorf("%v allocations a packet, want 0", n)
	}
}
