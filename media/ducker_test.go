package media

import (
	"math"
	"testing"
)

// lesser marks slots of which a more important voice sounds, too.
func lesser(slots []Slot, from, to int) []Slot {
	for i := from; i < to; i++ {
		slots[i].Lesser = true
	}
	return slots
}

func rmsOf(pcm []int16) float64 {
	sum := 0.0
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	return math.Sqrt(sum / float64(len(pcm)))
}

// TestTheLesserVoiceIsDucked: by so many decibels to the sample, over one frame each
// way, and not at all before and after.
func TestTheLesserVoiceIsDucked(t *testing.T) {
	packets := encodeAll(t, newEncoder(t, EncoderConfig{}), recorded(t, "front_center"))
	plain := decodeAll(t, newDecoder(t), packets)
	for _, dB := range []float64{-6, -15, -40} {
		p := newPlayout(t, lesser(played(packets), 20, 40))
		if err := p.Beside(&script{}, dB); err != nil {
			t.Fatal(err)
		}
		got := drain(p, len(plain), 480)
		gain := math.Pow(10, dB/20)
		for i, s := range got {
			f, into := i/FrameSamples, float64(i%FrameSamples+1)/FrameSamples
			want := float64(plain[i])
			switch {
			case f == 20:
				want *= 1 - into*(1-gain)
			case f > 20 && f < 40:
				want *= gain
			case f == 40:
				want *= gain + into*(1-gain)
			}
			if math.Abs(float64(s)-want) > 1 {
				t.Fatalf("%v dB: sample %d of frame %d is %d, want %.1f", dB, i%FrameSamples, f, s, want)
			}
		}
		quiet, loud := rmsOf(got[21*FrameSamples:40*FrameSamples]), rmsOf(plain[21*FrameSamples:40*FrameSamples])
		if is := 20 * math.Log10(quiet/loud); math.Abs(is-dB) > 0.5 {
			t.Errorf("the lesser voice is at %.1f dB, want %v", is, dB)
		}
	}
}

// TestTwoVoicesSound: each as its own decoder makes it, the lesser one ducked from
// its first sample.
func TestTwoVoicesSound(t *testing.T) {
	one := encodeAll(t, newEncoder(t, EncoderConfig{}), recorded(t, "front_center"))
	two := encodeAll(t, newEncoder(t, EncoderConfig{}), recorded(t, "rear_right"))
	n := min(len(one), len(two))
	first, second := decodeAll(t, newDecoder(t), one[:n]), decodeAll(t, newDecoder(t), two[:n])
	for _, period := range []int{1, 441, 960, 5000} {
		p := newPlayout(t, played(one[:n]))
		if err := p.Beside(&script{lesser(played(two[:n]), 0, n)}, -20); err != nil {
			t.Fatal(err)
		}
		for i, s := range drain(p, len(first), period) {
			want := float64(first[i]) + float64(second[i])/10
			if math.Abs(want) < 20000 && math.Abs(float64(s)-want) > 1 { // above it is bent
				t.Fatalf("period %d: sample %d is %d, want %.1f", period, i, s, want)
			}
		}
		if s := p.Stats(); s != (PlayoutStats{Decoded: uint64(2 * n)}) {
			t.Errorf("period %d: %+v", period, s)
		}
	}
}

func TestTwoVoicesAllocateNothing(t *testing.T) {
	packets := encodeAll(t, newEncoder(t, EncoderConfig{}), recorded(t, "front_center"))
	one, two := &script{}, &script{}
	p, err := NewPlayout(one, NewTones())
	if err == nil {
		err = p.Beside(two, -15)
	}
	if err != nil {
		t.Fatal(err)
	}
	period := make([]int16, 480)
	slots, others := played(packets), lesser(played(packets), 10, 60)
	if n := allocs(1, func(int) {
		one.slots, two.slots = slots, others
		for range 2 * len(packets) {
			p.Fill(period)
		}
	}); n != 0 {
		t.Errorf("%g allocations in %d frames of two voices", n, len(packets))
	}
}
