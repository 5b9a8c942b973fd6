package demo

import (
	"math/rand/v2"
	"testing"

	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
)

// spurt sends n samples of the noise from index on through Opus, and returns
// what a loudspeaker makes of it, before lead samples of silence.
func spurt(t *testing.T, source sim.Source, index uint64, n, lead int) []int16 {
	t.Helper()
	enc, err := media.NewEncoder(media.EncoderConfig{FEC: true})
	if err != nil {
		t.Fatal(err)
	}
	dec, err := media.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	heard := make([]int16, lead, lead+n+8*media.FrameSamples)
	packet := make([]byte, media.MaxOpusFrame)
	for at := 0; at < n; at += media.FrameSamples {
		pcm, out := make([]int16, media.FrameSamples), make([]int16, media.FrameSamples)
		source(index+uint64(at), pcm)
		clear(pcm[min(media.FrameSamples, n-at):])
		size, err := enc.Encode(pcm, packet)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := dec.Decode(packet[:size], out); err != nil {
			t.Fatal(err)
		}
		heard = append(heard, out...)
	}
	return append(heard, make([]int16, 4800)...)
}

func TestListenFindsWhatWasClippedThroughOpus(t *testing.T) {
	const lookahead = 312
	source := sim.Noise(1)
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, cut := range []struct{ start, end int }{
		{0, 0}, {100, 0}, {0, 100}, {312, 312}, {960, 0}, {0, 960}, {2000, 1500},
	} {
		for range 25 {
			index := rnd.Uint64N(1 << 20)
			n := 4800 + rnd.IntN(3000)
			lead := rnd.IntN(5000)
			reference := make([]int16, n)
			source(index, reference)
			sent := n - cut.start - cut.end + lookahead // a talker who is not clipped goes on that long
			recording := spurt(t, source, index+uint64(cut.start), sent, lead)
			if cut.end > 0 {
				clear(recording[lead+sent:])
			}
			h, ok := listen(reference, recording)
			if !ok {
				t.Fatalf("cut %v: %d samples from %d on not found", cut, n, index)
			}
			if d := h.start - cut.start; d < -clipTolerance || d > clipTolerance {
				t.Errorf("cut %v: %d samples clipped at the start", cut, h.start)
			}
			if d := h.end - cut.end; d < -clipTolerance || d > clipTolerance {
				t.Errorf("cut %v: %d samples clipped at the end", cut, h.end)
			}
			if want := lead + lookahead - cut.start; h.first < want-3 || h.first > want {
				t.Errorf("cut %v: the first sample is heard at %d, want %d", cut, h.first, want)
			}
			if d := h.last - h.first - n; d < -2 || d > 2 {
				t.Errorf("cut %v: %d samples lie between the first and the last of %d", cut, h.last-h.first, n)
			}
		}
	}
}

func TestListenHearsNothingInOtherNoise(t *testing.T) {
	reference := make([]int16, 6000)
	sim.Noise(1)(0, reference)
	if h, ok := listen(reference, spurt(t, sim.Noise(2), 0, 6000, 100)); ok {
		t.Errorf("heard one noise in another: %+v", h)
	}
	if h, ok := listen(reference, make([]int16, 9600)); ok {
		t.Errorf("heard noise in silence: %+v", h)
	}
}
