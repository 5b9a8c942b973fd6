package mixer

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/media"
)

// TestAnEmergencyComesFirst: on a monitored channel it is heard before all that is none,
// in each mode; on the port's own it comes before that.
func TestAnEmergencyComesFirst(t *testing.T) {
	for _, tc := range []struct {
		name string
		cfg  Config
		// who speaks in each second, in capitals those whose lock is an emergency's:
		// o on the own channel, f and s on the first and the second monitored
		script string
		want   string // who is heard at the end of each, the better first
	}{
		{"mute", Config{}, "os oS os", "o S o"},
		{"mute, one that begins by itself", Config{}, "f fS fs", "f S f"},
		{"duck", Config{Duck: true}, "ofs ofS ofs", "of So of"},
		{"scan", Config{Scan: true, Hold: 3 * time.Second}, "f fS fs", "f S s"},
		{"scan, the own channel waits", Config{Scan: true, Hold: time.Second}, "fS oS o o", "S S o o"},
		{"its own emergency is heard before all", Config{}, "S OS oS", "S O S"},
		{"two of them", Config{}, "S FS fS", "S F S"},
		{"duck, one on two channels", Config{Duck: true}, "OF oFS OfS", "O Fo Of"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const letters = "ofs"
				var urgent atomic.Pointer[string]
				var asked atomic.Int32
				cfg := tc.cfg
				cfg.Emergency = func(_ context.Context, channel string) bool {
					asked.Add(1)
					return strings.Contains(*urgent.Load(), strings.ToUpper(channel[:1]))
				}
				m, p, _ := three(cfg)
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() { defer close(done); m.Run(ctx) }()
				var seq [3]uint16
				var heard []string
				for word := range strings.FieldsSeq(tc.script) {
					urgent.Store(&word)
					for range 50 {
						p.packets = nil
						for c, letter := range letters {
							if strings.ContainsRune(strings.ToLower(word), letter) {
								seq[c]++
								m.Receive(media.Packet{Channel: c, Seq: seq[c], Timestamp: uint32(seq[c]) * media.FrameSamples, Arrived: time.Now(), Opus: speech})
							}
						}
						time.Sleep(media.FrameDuration)
					}
					best, lesser := "", ""
					for _, q := range p.packets {
						letter := letters[q.Channel : q.Channel+1]
						if upper := strings.ToUpper(letter); strings.Contains(word, upper) {
							letter = upper
						}
						if q.Lesser {
							lesser += letter
						} else {
							best += letter
						}
					}
					heard = append(heard, best+lesser)
					elsewhere := strings.ContainsAny(word, "FS") && !strings.Contains(word, "O")
					if p.emergency.Load() != elsewhere {
						t.Errorf("%s: the port is told of an emergency elsewhere: %v", word, !elsewhere)
					}
				}
				if got := strings.Join(heard, " "); got != tc.want {
					t.Errorf("heard %s\nwant  %s", got, tc.want)
				}
				time.Sleep(3 * time.Second)
				before := asked.Load()
				time.Sleep(time.Minute)
				if n := asked.Load() - before; n != 0 {
					t.Errorf("asked %d times although nobody speaks", n)
				}
				cancel()
				if <-done; p.emergency.Load() {
					t.Error("an emergency at the end")
				}
			})
		})
	}
}

// TestAnEmergencyEndsWithItsMixer: what is not heard any more is none.
func TestAnEmergencyEndsWithItsMixer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, p, _ := three(Config{Emergency: func(context.Context, string) bool { return true }})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); m.Run(ctx) }()
		m.Receive(media.Packet{Channel: 1, Arrived: time.Now(), Opus: speech})
		synctest.Wait()
		if !p.emergency.Load() {
			t.Error("the port is not told")
		}
		cancel()
		if <-done; p.emergency.Load() || p.times.Load() != 2 {
			t.Errorf("emergency %v, reported %d times", p.emergency.Load(), p.times.Load())
		}
	})
}
