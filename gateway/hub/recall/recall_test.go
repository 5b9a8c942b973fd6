package recall

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4/pkg/media/oggreader"
	"github.com/pion/webrtc/v4/pkg/media/oggwriter"
)

// frame is 20 ms of Opus, of size bytes.
func frame(size int, mark byte) []byte {
	return append([]byte{31 << 3, mark}, bytes.Repeat([]byte{mark}, size-2)...)
}

// say keeps n frames of a member, 20 ms apart, from at.
func say(s *Store, channel string, number uint32, user string, n, size int, at time.Time) {
	for i := range n {
		s.Packet(channel, number, user, user, frame(size, byte(i)), at.Add(time.Duration(i)*20*time.Millisecond))
	}
}

// packets are those of an Ogg file, without its two heads.
func packets(t *testing.T, file []byte) (all [][]byte) {
	t.Helper()
	r, _, err := oggreader.NewWith(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	for {
		page, _, err := r.ParseNextPage()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(page, []byte("Opus")) && len(page) > 0 {
			all = append(all, page)
		}
	}
}

// sum is what a store holds, counted anew.
func (s *Store) sum() (n int) {
	for _, l := range s.logs {
		for _, sp := range l.spurts {
			n += spurtBytes + len(sp.blocks)*blockBytes
		}
	}
	return n
}

func TestSpurtsAreKeptAsTheyCame(t *testing.T) {
	s := New(Config{})
	now := time.Now()
	s.Floor("c", &Talker{UserID: "a", Emergency: true}, End{})
	say(s, "c", 1, "a", 100, 60, now)
	s.Floor("c", &Talker{UserID: "b"}, End{"preempted", "b"})
	say(s, "c", 2, "b", 5, 60, now.Add(3*time.Second))
	say(s, "d", 9, "x", 5, 60, now)

	list := s.Spurts("c", now)
	if len(list) != 2 {
		t.Fatalf("%d talk spurts, want 2", len(list))
	}
	first, second := list[0], list[1]
	if first.UserID != "a" || !first.Emergency || first.Length != 2*time.Second || first.End != (End{"preempted", "b"}) {
		t.Errorf("the first is %+v", first)
	}
	if second.UserID != "b" || second.Emergency || second.End != (End{}) {
		t.Errorf("the second is %+v", second)
	}
	var file bytes.Buffer
	if _, err := s.WriteSpurt(&file, "c", first.ID); err != nil {
		t.Fatal(err)
	}
	got := packets(t, file.Bytes())[skipped:]
	if len(got) != 100 {
		t.Fatalf("%d packets, want 100", len(got))
	}
	for i, p := range got {
		if !bytes.Equal(p, frame(60, byte(i))) {
			t.Fatalf("packet %d is %x", i, p)
		}
	}
	file.Reset()
	if last, err := s.WriteLast(&file, "c"); err != nil || last.UserID != "b" {
		t.Errorf("the last is %+v, %v", last, err)
	}
	file.Reset()
	if all, err := s.WriteRange(&file, "c", now, now.Add(time.Hour)); err != nil || len(all) != 2 || len(packets(t, file.Bytes())) != 105+skipped {
		t.Errorf("the range is %+v, %v, %d packets", all, err, len(packets(t, file.Bytes())))
	}
	for _, err := range []error{
		func() error { _, err := s.WriteSpurt(io.Discard, "d", first.ID); return err }(),
		func() error { _, err := s.WriteLast(io.Discard, "nobody"); return err }(),
		func() error {
			_, err := s.WriteRange(io.Discard, "c", now.Add(time.Hour), now.Add(2*time.Hour))
			return err
		}(),
	} {
		if !errors.Is(err, ErrUnknown) {
			t.Errorf("what is not there: %v", err)
		}
	}
}

// The first packets of a talk spurt may be sooner than the news of the floor, and the last
// ones later.
func TestNewsMayBeLateOrEarly(t *testing.T) {
	s := New(Config{})
	now := time.Now()
	say(s, "c", 1, "a", 2, 60, now)
	s.Floor("c", &Talker{UserID: "a", Emergency: true}, End{})
	say(s, "c", 1, "a", 2, 60, now.Add(40*time.Millisecond))
	s.Floor("c", nil, End{Reason: "released"})
	say(s, "c", 1, "a", 2, 60, now.Add(80*time.Millisecond))
	list := s.Spurts("c", now)
	if len(list) != 1 || !list[0].Emergency || list[0].Length != 120*time.Millisecond || list[0].End.Reason != "released" {
		t.Errorf("%+v", list)
	}
}

// An hour of one channel without a pause, at 24 kbit/s and at 64, and what all channels have
// together, stay within their bounds.
func TestMemoryIsBounded(t *testing.T) {
	for _, size := range []int{60, 160, 1200} {
		s := New(Config{TotalBytes: 60e6})
		now := time.Now()
		most := 0
		for n := range uint32(180) { // spurts of 20 s
			for _, channel := range []string{"a", "b", "c", "d"} {
				say(s, channel, n, "u", 1000, size, now.Add(time.Duration(n)*20*time.Second))
				for name, l := range s.logs {
					if l.bytes > 25e6 {
						t.Fatalf("%d bytes a packet: channel %s has %d bytes", size, name, l.bytes)
					}
				}
				most = max(most, s.bytes)
			}
		}
		if s.bytes != s.sum() || s.bytes > 60e6 {
			t.Errorf("%d bytes a packet: counts %d bytes, has %d, want 60e6 at most", size, s.bytes, s.sum())
		}
		length := 0
		for _, sp := range s.Spurts("a", now.Add(time.Hour)) {
			length += int(sp.Length.Seconds())
		}
		t.Logf("%d bytes a packet: %.1f MB of one channel for %d s", size, float64(s.logs["a"].bytes)/1e6, length)
	}
	s := New(Config{ChannelBytes: 10 * blockBytes})
	say(s, "a", 1, "u", 100000, 60, time.Now()) // one that never ends
	if s.bytes != s.sum() || s.bytes > 10*blockBytes {
		t.Errorf("counts %d bytes, has %d, want %d at most", s.bytes, s.sum(), 10*blockBytes)
	}
}

func TestOldSpurtsAreErased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); s.Run(ctx) }()
		say(s, "c", 1, "a", 50, 60, time.Now())
		time.Sleep(59 * time.Minute)
		if n := len(s.Spurts("c", time.Now())); n != 1 {
			t.Errorf("%d talk spurts after 59 minutes, want 1", n)
		}
		time.Sleep(2 * time.Minute)
		cancel()
		<-done
		if s.bytes != 0 || len(s.logs) != 0 {
			t.Errorf("%d bytes of %d channels after an hour, want none", s.bytes, len(s.logs))
		}
	})
}

func TestChannelIsSwitchedOff(t *testing.T) {
	s := New(Config{Off: []string{"quiet"}})
	for _, channel := range []string{"quiet", "c"} {
		s.Floor(channel, &Talker{UserID: "a"}, End{})
		say(s, channel, 1, "a", 5, 60, time.Now())
	}
	if len(s.Spurts("quiet", time.Now())) != 0 || s.Keeps("quiet") != 0 || len(s.Spurts("c", time.Now())) != 1 {
		t.Error("what is off is kept, or what is on is not")
	}
	s.Switch("c", false)
	if s.bytes != 0 || len(s.Spurts("c", time.Now())) != 0 {
		t.Error("what was kept is there still")
	}
	s.Switch("c", true)
	say(s, "c", 2, "a", 5, 60, time.Now())
	if len(s.Spurts("c", time.Now())) != 1 {
		t.Error("it is not kept again")
	}
}

// FuzzDuration: what has a duration can be written, and lasts 120 ms at most.
func FuzzDuration(f *testing.F) {
	f.Add([]byte{0xf8, 0xff, 0xfe})
	f.Add([]byte{3, 63})
	f.Fuzz(func(t *testing.T, opus []byte) {
		d := duration(opus)
		if d < 0 || d > 120*time.Millisecond {
			t.Fatalf("%x lasts %v", opus, d)
		}
		w, err := oggwriter.NewWith(io.Discard, sampleRate, 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.WriteRTP(&rtp.Packet{Payload: opus}); d > 0 && err != nil {
			t.Errorf("%x lasts %v and cannot be written: %v", opus, d, err)
		}
	})
}
