package rtc

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"
	"pgregory.net/rapid"

	"github.com/talkgate/talkgate/media"
)

func header(ssrc uint32, seq uint16, ts uint32) *rtp.Header {
	return &rtp.Header{SSRC: ssrc, SequenceNumber: seq, Timestamp: ts}
}

// A listener hears one stream, whoever speaks: sequence numbers without a gap,
// timestamps that follow the clock.
func TestSpeakersAreSpliced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSplice(time.Now())
		seq, ts, marker := s.next(header(1, 65000, 4e9))
		if !marker {
			t.Error("the first packet has no marker")
		}
		began, beganTS := time.Now(), ts
		for i := range 1000 { // over the wrap of the sequence number
			time.Sleep(media.FrameDuration)
			q, u, m := s.next(header(1, uint16(65001+i), 4e9+uint32(i+1)*media.FrameSamples))
			if q != seq+1 || u != ts+media.FrameSamples || m {
				t.Fatalf("packet %d: seq %d after %d, timestamp %d after %d, marker %v", i, q, seq, u, ts, m)
			}
			seq, ts = q, u
		}
		time.Sleep(10 * time.Second)
		q, u, m := s.next(header(2, 7, 12345))
		if !m || q != seq+1 {
			t.Errorf("another speaker: seq %d after %d, marker %v", q, seq, m)
		}
		if want := uint32(time.Since(began) * media.SampleRate / time.Second); u-beganTS != want {
			t.Errorf("another speaker: timestamp advanced by %d, clock by %d", u-beganTS, want)
		}
	})
}

// A speaker whose clock runs a little ahead does not make the next one travel back.
func TestTimestampsDoNotReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSplice(time.Now())
		s.next(header(1, 1, 0))
		_, ts, _ := s.next(header(1, 2, nextLead/2))
		if _, u, _ := s.next(header(2, 1, 0)); u != ts+media.FrameSamples {
			t.Errorf("timestamp %d after %d, want one frame on", u, ts)
		}
	})
}

// Whatever timestamps a speaker sends, its own stay in the lane, and the next
// speaker begins where the clock is, at most nextLead ahead.
func TestNoTimestampsDelayTheNextSpeaker(t *testing.T) {
	jumps := map[string]func(i int) uint32{
		"random":              func(int) uint32 { return rand.Uint32() },
		"four jumps of 2^30":  func(i int) uint32 { return uint32(min(i, 4)) << 30 },
		"ahead of the clock":  func(i int) uint32 { return uint32(i) * 48000 },
		"back":                func(i int) uint32 { return uint32(-i) * 960 },
		"none":                func(int) uint32 { return 7 },
		"half of what is":     func(i int) uint32 { return uint32(i%2) << 31 },
		"slower than it says": func(i int) uint32 { return uint32(i) * 240 },
	}
	for name, ts := range jumps {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSplice(time.Now())
				for i := range 2000 { // 200 a second
					seq := uint16(i)
					if i%50 == 49 {
						seq -= 30 // late ones, too
					}
					_, u, _ := s.next(header(1, seq, ts(i)))
					if off := int64(int32(u - s.timestamp(s.clock()))); off > maxLead || off < -2*maxLag {
						t.Fatalf("packet %d is %d samples off the clock", i, off)
					}
					time.Sleep(5 * time.Millisecond)
				}
				_, u, _ := s.next(header(2, 1, 12345))
				if off := int64(int32(u - s.timestamp(s.clock()))); off < 0 || off > nextLead {
					t.Errorf("the next speaker begins %d samples off the clock, want at most %d", off, nextLead)
				}
			})
		})
	}
}

func FuzzSplice(f *testing.F) {
	f.Add([]byte{1, 0, 1, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, in []byte) {
		s := newSplice(time.Now())
		for ; len(in) >= 7; in = in[7:] {
			_, u, _ := s.next(header(uint32(in[0]), binary.BigEndian.Uint16(in[1:]), binary.BigEndian.Uint32(in[3:])))
			if off := int64(int32(u - s.timestamp(s.clock()))); off > maxLead || off < -4*maxLag {
				t.Fatalf("%d samples off the clock", off)
			}
		}
	})
}

// Loss and reordering stay what they are, for the listener to conceal; a gate
// that was shut for long is a new beginning.
func TestSpliceKeepsLossAndOrder(t *testing.T) {
	s := newSplice(time.Now())
	seq, ts, _ := s.next(header(1, 100, 0))
	for _, c := range []struct{ in, want int }{{103, 3}, {101, 1}, {102, 2}, {104, 4}} {
		q, u, m := s.next(header(1, uint16(c.in), uint32(c.in-100)*media.FrameSamples))
		if int(q-seq) != c.want || int(u-ts) != c.want*media.FrameSamples || m {
			t.Errorf("packet %d: seq +%d, timestamp +%d, marker %v", c.in, q-seq, u-ts, m)
		}
	}
	if q, _, m := s.next(header(1, 40000, 0)); q != seq+5 || !m {
		t.Errorf("after the gate was shut: seq +%d, marker %v", q-seq, m)
	}
}

// SRTP loses its rollover count when a sequence number jumps by 2^15; none may,
// whatever is sent by whomever.
func TestSpliceNeverJumps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newSplice(time.Now())
		var newest uint16
		for i := range rapid.IntRange(2, 200).Draw(t, "packets") {
			seq, _, _ := s.next(header(rapid.Uint32Range(1, 3).Draw(t, "ssrc"), rapid.Uint16().Draw(t, "seq"), rapid.Uint32().Draw(t, "ts")))
			ahead := int16(seq - newest)
			if i > 0 && (ahead > maxGap || ahead < -maxGap) {
				t.Fatalf("sequence number %d after %d", seq, newest)
			}
			if i == 0 || ahead > 0 {
				newest = seq
			}
		}
	})
}

// A channel may be silent for a night, which is longer than half of what a
// timestamp can count.
func TestTimestampsFollowTheClockOverALongSilence(t *testing.T) {
	for _, silence := range []time.Duration{time.Hour, 13 * time.Hour, 25 * time.Hour, 72 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			s := newSplice(time.Now())
			_, ts, _ := s.next(header(1, 1, 0))
			time.Sleep(silence)
			_, u, _ := s.next(header(2, 1, 0))
			if want := uint32(int64(silence / time.Millisecond * media.SampleRate / 1000)); u-ts != want {
				t.Errorf("timestamp advanced by %d in %v, want %d", u-ts, silence, want)
			}
		})
	}
}
