package port

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/media"
)

// A port that receives only what it cannot play does not key its transmitter, and
// says so, once a minute.
func TestWhatCannotBePlayedKeysNoTransmitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		w := newWorld(t, time.Millisecond)
		w.adapt = func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) }
		w.start()
		air := w.watchAir()
		for n := range uint32(500) {
			w.link.events.Receive(media.Packet{
				Seq: uint16(n), Timestamp: n * media.FrameSamples, Marker: n == 0,
				Arrived: time.Now(), Opus: []byte{9<<3 | 3, 0, 1, 2, 3}, // a packet of no frames
			})
			w.pass(media.FrameDuration)
		}
		if err := w.stop(); err != nil {
			t.Fatal(err)
		}
		if n := len(air.edges); n != 0 {
			t.Errorf("keyed, with %d edges", n)
		}
		if n := strings.Count(log.String(), "cannot be played"); n != 1 {
			t.Errorf("%d log lines in 10 s, want 1:\n%s", n, log.String())
		}
	})
}
