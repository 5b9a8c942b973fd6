package flight

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/pion/webrtc/v4/pkg/media/oggreader"

	"github.com/talkgate/talkgate/media"
)

// Packets of every length lie in the file where they were heard, one after the
// other, and a file lasts as long as what it holds.
func TestPacketsOfAnyLengthKeepTheirTime(t *testing.T) {
	for toc, length := range map[byte]time.Duration{
		28 << 3: 2500 * time.Microsecond, 29 << 3: 5 * time.Millisecond, 8 << 3: 10 * time.Millisecond,
		10 << 3: 40 * time.Millisecond, 11 << 3: 60 * time.Millisecond, 11<<3 | 1: 120 * time.Millisecond,
	} {
		rec := Recording{About: testAbout, Start: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Reason: "test"}
		const count = 30
		for n := range count {
			if n == 20 {
				continue // lost
			}
			rec.Entries = append(rec.Entries, Entry{At: time.Second + time.Duration(n)*length, Kind: Heard, Frame: Frame{
				Timestamp: uint32(n) * uint32(length*media.SampleRate/time.Second), First: n == 0, Opus: []byte{toc, byte(n), 1, 2, 3},
			}})
		}
		a := archived(t, rec)
		r, err := oggreader.NewWithOptions(bytes.NewReader(a.Heard), oggreader.WithDoChecksum(true))
		if err != nil {
			t.Fatal(err)
		}
		var end time.Duration
		seen := 0
		for {
			payload, page, err := r.ParseNextPage()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			end = time.Duration(page.GranulePosition)*time.Second/media.SampleRate - preSkip
			if len(payload) == 5 && payload[0] == toc {
				seen++
				if want := time.Duration(payload[1]+1) * length; (end - want).Abs() > 2*time.Millisecond {
					t.Fatalf("%v: packet %d ends at %v, want %v", length, payload[1], end, want)
				}
			}
		}
		if seen != count-1 || (end-count*length).Abs() > 2*time.Millisecond {
			t.Errorf("%v: %d packets, %v long; want %d and %v", length, seen, end, count-1, count*length)
		}
	}
}
