package flight

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4/pkg/media/oggreader"

	"github.com/talkgate/talkgate/media"
)

// flightOf is 10 s: a spurt of 50 frames is sent from 2 s on, one of 25 is heard
// from 6 s on, with its first two packets swapped, one lost and one twice.
func flightOf(t *testing.T) Recording {
	t.Helper()
	rec := Recording{About: testAbout, Start: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Reason: "test"}
	event := func(at time.Duration, text string) {
		rec.Entries = append(rec.Entries, Entry{At: at, Kind: Event, Text: json.RawMessage(text)})
	}
	frame := func(at time.Duration, kind Kind, from uint32, n int) {
		rec.Entries = append(rec.Entries, Entry{At: at, Kind: kind, Frame: Frame{
			Timestamp: from + uint32(n)*media.FrameSamples, First: n == 0, Opus: []byte{31 << 3, byte(kind), byte(n)},
		}})
	}
	event(0, `{"level":"INFO","msg":"link is up"}`)
	for n := range 50 {
		// A pre-roll: the first ten come at once.
		frame(2*time.Second+time.Duration(max(0, n-10))*media.FrameDuration, Sent, 1<<32-20*media.FrameSamples, n)
	}
	event(3*time.Second, `{"level":"WARN","msg":"not talking","why":"the right to talk was taken away"}`)
	for i, n := range []int{0, 2, 1, 3, 4, 4} {
		frame(6*time.Second+time.Duration(i)*media.FrameDuration, Heard, 7, n)
	}
	for n := 6; n < 25; n++ {
		frame(6*time.Second+time.Duration(n)*media.FrameDuration, Heard, 7, n)
	}
	event(10*time.Second, `{"level":"DEBUG","msg":"the end"}`)
	return rec
}

func archived(t *testing.T, rec Recording) Archive {
	t.Helper()
	var b bytes.Buffer
	if err := rec.WriteArchive(&b); err != nil {
		t.Fatal(err)
	}
	a, err := ReadArchive(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// sounding is when each frame of the kind sounds in an Ogg file, by its number.
func sounding(t *testing.T, ogg []byte, kind Kind) map[int]time.Duration {
	t.Helper()
	r, err := oggreader.NewWithOptions(bytes.NewReader(ogg), oggreader.WithDoChecksum(true))
	if err != nil {
		t.Fatal(err)
	}
	found := map[int]time.Duration{}
	for {
		payload, page, err := r.ParseNextPage()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(payload) == 3 && payload[1] == byte(kind) {
			end := time.Duration(page.GranulePosition) * time.Second / media.SampleRate
			found[int(payload[2])] = end - media.FrameDuration - preSkip
		}
	}
}

// TestSoundIsInStep: each frame lies in its file where its timestamp says, to
// half a frame, and the files begin together.
func TestSoundIsInStep(t *testing.T) {
	a := archived(t, flightOf(t))
	if a.FromMs != 0 || a.ToMs != 10000 {
		t.Errorf("the sound is from %v to %v ms, want 0 to 10000", a.FromMs, a.ToMs)
	}
	check := func(ogg []byte, kind Kind, from time.Duration, frames int, missing ...int) {
		found := sounding(t, ogg, kind)
		if len(found) != frames-len(missing) {
			t.Errorf("%v: %d frames, want %d", kind, len(found), frames-len(missing))
		}
		for n, at := range found {
			if want := from + time.Duration(n)*media.FrameDuration; (at - want).Abs() > media.FrameDuration/2 {
				t.Errorf("%v: frame %d sounds at %v, want %v", kind, n, at, want)
			}
		}
	}
	check(a.Sent, Sent, 2*time.Second, 50)
	check(a.Heard, Heard, 6*time.Second, 25, 5)
}

func TestTextAndPage(t *testing.T) {
	a := archived(t, flightOf(t))
	var text, page, lines bytes.Buffer
	if err := errors.Join(a.WriteText(&text), a.WriteHTML(&page), a.WriteJSON(&lines)); err != nil {
		t.Fatal(err)
	}
	want := `north-gate on channel gates, talkgate 1.2.3, kept for: test
03:04:05.000      +0.000 s  event  link is up
03:04:07.000      +2.000 s  sent   1.00 s of sound, 50 frames
03:04:08.000      +3.000 s  event  WARN: not talking  why=the right to talk was taken away
03:04:11.000      +6.000 s  heard  0.50 s of sound, 24 frames
03:04:15.000     +10.000 s  event  the end
`
	if text.String() != want {
		t.Errorf("text is\n%s\nwant\n%s", &text, want)
	}
	if !strings.Contains(page.String(), "the right to talk was taken away") {
		t.Error("the page does not tell of the revocation")
	}
	if n := strings.Count(lines.String(), "\n"); n != 5 {
		t.Errorf("%d lines of JSON, want 5", n)
	}
}

// TestNothingSounded: a recording without sound, or without anything, is one too.
func TestNothingSounded(t *testing.T) {
	for _, rec := range []Recording{{}, {Entries: []Entry{{At: time.Second, Kind: Event, Text: json.RawMessage(`{}`)}}}} {
		a := archived(t, rec)
		if err := errors.Join(a.WriteText(io.Discard), a.WriteHTML(io.Discard)); err != nil {
			t.Error(err)
		}
	}
}

func FuzzReadArchive(f *testing.F) {
	var b bytes.Buffer
	if err := (Recording{Entries: []Entry{{Kind: Event, Text: json.RawMessage(`{"msg":"x"}`)}}}).WriteArchive(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("PK"))
	f.Fuzz(func(_ *testing.T, b []byte) {
		if a, err := ReadArchive(b); err == nil {
			_ = a.WriteText(io.Discard)
			_ = a.WriteHTML(io.Discard)
		}
	})
}
