package flight

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4/pkg/media/oggreader"

	"github.com/talkgate/talkgate/media"
)

// TestAPauseIsPartOfTheSpurt: what DTX does not send parts no spurts, and is played as
// comfort noise; after a cut, where no refresh comes, it is silent.
func TestAPauseIsPartOfTheSpurt(t *testing.T) {
	rec := Recording{About: testAbout, Start: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Reason: "test"}
	frame := func(n int, opus ...byte) {
		at := time.Second + time.Duration(n)*media.FrameDuration
		rec.Entries = append(rec.Entries, Entry{At: at, Kind: Heard, Frame: Frame{
			Timestamp: uint32(n) * media.FrameSamples, First: n == 0, Opus: opus,
		}})
	}
	speech := []byte{9 << 3, 1, 2, 3}
	for n := range 10 {
		frame(n, speech...)
	}
	frame(10, 9<<3)
	frame(30, speech...) // a refresh
	frame(31, 9<<3)      // and a cut
	frame(131, speech...)

	a := archived(t, rec)
	var text strings.Builder
	if err := a.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(text.String(), "heard"); n != 2 || !strings.Contains(text.String(), "0.64 s of sound, 13 frames") {
		t.Errorf("the timeline has %d spurts:\n%s", n, text.String())
	}
	r, err := oggreader.NewWithOptions(bytes.NewReader(a.Heard), oggreader.WithDoChecksum(true))
	if err != nil {
		t.Fatal(err)
	}
	rests := 0
	for {
		payload, _, err := r.ParseNextPage()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if media.Pause(payload) {
			rests++
		}
	}
	if rests != 1+19+1 {
		t.Errorf("%d frames of comfort noise, want the two that came and 19 between", rests)
	}
}
