package flight

import (
	"errors"
	"testing"

	"github.com/talkgate/talkgate/media"
)

// TestBothDirectionsAreRecorded: what is sent, refused and heard, and nobody allocates.
func TestBothDirectionsAreRecorded(t *testing.T) {
	ring := openRing(t, "", MinSize)
	tap, opus := Tap{ring}, []byte{1, 2, 3}
	tap.Sent(opus, 960, true, nil)
	tap.Sent(opus, 1920, false, errors.New("link is down"))
	tap.Heard(media.Packet{Seq: 5, Timestamp: 48000, Marker: true, Opus: opus})
	entries := snapshot(t, ring).Entries
	if len(entries) != 3 {
		t.Fatalf("%d entries, want 3", len(entries))
	}
	for i, want := range []struct {
		kind Kind
		Frame
	}{
		{Sent, Frame{Timestamp: 960, First: true}},
		{Unsent, Frame{Timestamp: 1920}},
		{Heard, Frame{Timestamp: 48000, Seq: 5, First: true}},
	} {
		e := entries[i]
		if e.Kind != want.kind || e.Frame.head() != want.head() || string(e.Frame.Opus) != string(opus) {
			t.Errorf("entry %d is %+v, want %+v", i, e, want)
		}
	}

	packet := media.Packet{Opus: make([]byte, 80)}
	if n := testing.AllocsPerRun(1000, func() {
		tap.Sent(packet.Opus, 0, false, nil)
		tap.Heard(packet)
	}); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

func BenchmarkRecord(b *testing.B) {
	ring, _, err := Open("", 4<<20, testAbout)
	if err != nil {
		b.Fatal(err)
	}
	tap, opus := Tap{ring}, make([]byte, 80)
	for b.Loop() {
		tap.Sent(opus, 0, false, nil)
	}
}
