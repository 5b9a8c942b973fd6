package flight

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

var testAbout = About{UserID: "north-gate", Channel: "gates", Version: "1.2.3"}

func openRing(t *testing.T, path string, size int) *Ring {
	t.Helper()
	r, _, err := Open(path, size, testAbout)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.mem.close() })
	return r
}

func snapshot(t *testing.T, r *Ring) Recording {
	t.Helper()
	rec, err := r.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// writeNumbered writes a frame whose content and length follow from n.
func writeNumbered(r *Ring, n int) {
	head := Frame{Timestamp: uint32(n)}.head()
	r.write(Sent, head[:], bytes.Repeat([]byte{byte(n)}, 1+n%300))
}

// checkNumbered fails for a frame that is not as writeNumbered wrote it.
func checkNumbered(t *testing.T, f Frame) {
	t.Helper()
	n := int(f.Timestamp)
	if want := bytes.Repeat([]byte{byte(n)}, 1+n%300); !bytes.Equal(f.Opus, want) {
		t.Fatalf("frame %d has %d bytes % x…, want %d bytes of %#x", n, len(f.Opus), f.Opus[:1], len(want), byte(n))
	}
}

// TestTheNewestPushOutTheOldest: many times round, what is left is whole, without
// a gap, and ends with the last.
func TestTheNewestPushOutTheOldest(t *testing.T) {
	r := openRing(t, "", MinSize)
	const frames = 10000
	for n := range frames {
		writeNumbered(r, n)
	}
	rec := snapshot(t, r)
	if rec.About != testAbout {
		t.Errorf("recording of %+v, want %+v", rec.About, testAbout)
	}
	// On average an entry takes 24+7+150 bytes, which are three cells and a bit.
	if len(rec.Entries) < 200 {
		t.Fatalf("%d entries are left of %d bytes", len(rec.Entries), MinSize)
	}
	for i, e := range rec.Entries {
		if want := frames - len(rec.Entries) + i; int(e.Frame.Timestamp) != want {
			t.Fatalf("entry %d is frame %d, want %d", i, e.Frame.Timestamp, want)
		}
		checkNumbered(t, e.Frame)
	}
}

// TestReadWhileWritten: whoever reads while four write sees nothing torn.
func TestReadWhileWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ring")
	r := openRing(t, path, MinSize)
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for n := w; ; n += 4 {
				select {
				case <-stop:
					return
				default:
					writeNumbered(r, n)
				}
			}
		})
	}
	defer writers.Wait()
	defer close(stop)
	read := 0
	for range 200 {
		rec, err := ReadRing(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range append(rec.Entries, snapshot(t, r).Entries...) {
			checkNumbered(t, e.Frame)
			read++
		}
	}
	if read == 0 {
		t.Error("nothing was read")
	}
	t.Logf("%d frames read while %d cells were written", read, r.head.Load())
}

// TestFormerLife: what a process left that did not close its ring is there for
// the next; what was closed is not.
func TestFormerLife(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ring")
	r := openRing(t, path, MinSize)
	writeNumbered(r, 7)
	if _, _, err := Open(path, MinSize, testAbout); err == nil || !strings.Contains(err.Error(), "another process records there") {
		t.Fatalf("two record in one file: %v", err)
	}
	if err := r.mem.close(); err != nil { // as kill -9 does
		t.Fatal(err)
	}

	r, former, err := Open(path, MinSize, testAbout)
	if err != nil {
		t.Fatal(err)
	}
	if former == nil || len(former.Entries) != 1 {
		t.Fatalf("the former life left %+v, want one frame", former)
	}
	checkNumbered(t, former.Entries[0].Frame)
	if n := len(snapshot(t, r).Entries); n != 0 {
		t.Errorf("the new life begins with %d entries", n)
	}
	writeNumbered(r, 8)
	r.Close()
	if err := r.mem.close(); err != nil {
		t.Fatal(err)
	}
	r, former, err = Open(path, MinSize, testAbout)
	if err != nil || former != nil {
		t.Errorf("after an orderly end: %+v, %v", former, err)
	}
	if err := r.mem.close(); err != nil {
		t.Error(err)
	}
}

func TestNotesAreEvents(t *testing.T) {
	r := openRing(t, "", MinSize)
	log := slog.New(Notes(r)).With("channel", "gates")
	log.Debug("pressed", "line", "PTT")
	log.Warn("long", "text", strings.Repeat("long ", 2000))
	entries := snapshot(t, r).Entries
	if len(entries) != 2 {
		t.Fatalf("%d entries, want 2", len(entries))
	}
	if got := string(bytes.TrimSpace(entries[0].Text)); got != `{"level":"DEBUG","msg":"pressed","channel":"gates","line":"PTT"}` {
		t.Errorf("event is %s", got)
	}
	if n := len(entries[1].Text); n < maxPayload {
		t.Errorf("of a long event %d bytes are left", n)
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, open := range map[string]func() error{
		"too small": func() error { _, _, err := Open("", MinSize-1, testAbout); return err },
		"no directory": func() error {
			_, _, err := Open(filepath.Join(t.TempDir(), "no", "where"), MinSize, testAbout)
			return err
		},
		"a name without end": func() error {
			_, _, err := Open("", MinSize, About{UserID: strings.Repeat("x", headerSize)})
			return err
		},
	} {
		if err := open(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	path := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(path, make([]byte, MinSize), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadRing(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a file that is no ring: %v", err)
	}
}

// FuzzParseRing: whatever lies in the file, reading it ends, and finds no more
// than fits.
func FuzzParseRing(f *testing.F) {
	r, _, err := Open("", MinSize, testAbout)
	if err != nil {
		f.Fatal(err)
	}
	for n := range 500 {
		writeNumbered(r, n)
		r.write(Event, fmt.Appendf(nil, `{"msg":"%d"}`, n))
	}
	whole := bytes.Clone(r.mem.bytes)
	f.Add(uint16(0), []byte{})
	f.Add(uint16(atHead), []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Add(uint16(atAbout), []byte{0xff, 0xff, 0xff, 0xff})
	f.Add(uint16(headerSize+16), []byte{0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, at uint16, patch []byte) {
		mem := bytes.Clone(whole)
		copy(mem[int(at)%len(mem):], patch)
		rec, err := parseRing(mem)
		if err == nil && len(rec.Entries) > (len(mem)-headerSize)/cellSize {
			t.Errorf("%d entries in %d bytes", len(rec.Entries), len(mem))
		}
	})
}
