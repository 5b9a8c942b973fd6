package flight

import (
	"context"
	"errors"
	"testing"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/media"
)

// stubLink counts, and refuses what err says.
type stubLink struct {
	wrote int
	err   error
	ev    port.LinkEvents
}

func (l *stubLink) Run(_ context.Context, ev port.LinkEvents) error { l.ev = ev; return nil }

func (l *stubLink) WriteOpus([]byte, uint32, bool) error { l.wrote++; return l.err }

type stubEvents struct{ received int }

func (*stubEvents) LinkUp()                { /* not of interest */ }
func (*stubEvents) LinkDown(error)         { /* not of interest */ }
func (*stubEvents) Emergency(bool)         { /* not of interest */ }
func (e *stubEvents) Receive(media.Packet) { e.received++ }

// TestBothDirectionsPass: the link and the port get what they would get without a
// recorder, the ring gets it too, and nobody allocates.
func TestBothDirectionsPass(t *testing.T) {
	ring := openRing(t, "", MinSize)
	behind, events := &stubLink{}, &stubEvents{}
	link := Link(behind, ring)
	if err := link.Run(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	opus := []byte{1, 2, 3}
	if err := link.WriteOpus(opus, 960, true); err != nil {
		t.Fatal(err)
	}
	behind.err = port.ErrLinkDown
	if err := link.WriteOpus(opus, 1920, false); !errors.Is(err, port.ErrLinkDown) {
		t.Fatalf("the link's error became %v", err)
	}
	behind.ev.Receive(media.Packet{Seq: 5, Timestamp: 48000, Marker: true, Opus: opus})
	if behind.wrote != 2 || events.received != 1 {
		t.Errorf("%d frames reached the link, %d packets the port", behind.wrote, events.received)
	}
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

	behind.err = nil
	packet := media.Packet{Opus: make([]byte, 80)}
	if n := testing.AllocsPerRun(1000, func() {
		_ = link.WriteOpus(packet.Opus, 0, false)
		behind.ev.Receive(packet)
	}); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

func BenchmarkRecord(b *testing.B) {
	ring, _, err := Open("", 4<<20, testAbout)
	if err != nil {
		b.Fatal(err)
	}
	link, opus := Link(&stubLink{}, ring), make([]byte, 80)
	for b.Loop() {
		_ = link.WriteOpus(opus, 0, false)
	}
}

// Quality implements port.Link.
func (*stubLink) Quality() port.LinkQuality { return port.LinkQuality{} }
