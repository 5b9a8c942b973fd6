package media

import (
	"math"
	"math/rand/v2"
	"testing"
)

// randomLoss loses each packet with the given probability.
func randomLoss(packets int, p float64, seed uint64) []bool {
	r := rand.New(rand.NewPCG(seed, 1))
	lost := make([]bool, packets)
	for i := range lost {
		lost[i] = r.Float64() < p
	}
	return lost
}

// burstLoss loses pairs of packets, p of all.
func burstLoss(packets int, p float64, seed uint64) []bool {
	r := rand.New(rand.NewPCG(seed, 2))
	lost := make([]bool, packets)
	for i := 0; i+1 < packets; i++ {
		// Of the gaps between pairs, so many start one that p of all are lost.
		if r.Float64() < p/(2-p) {
			lost[i], lost[i+1] = true, true
			i++
		}
	}
	return lost
}

// mender is what a decoder does about a stream with losses.
type mender interface {
	Decode(opus []byte, pcm []int16) (int, error)
	Conceal(pcm []int16) error
	DecodeFEC(next []byte, pcm []int16) error
}

// blank sounds silence for what is lost.
type blank struct{ *Decoder }

func (blank) Conceal(pcm []int16) error { clear(pcm[:FrameSamples]); return nil }

func (b blank) DecodeFEC(_ []byte, pcm []int16) error { return b.Conceal(pcm) }

// onlyConceal knows of no redundancy.
type onlyConceal struct{ *Decoder }

func (c onlyConceal) DecodeFEC(_ []byte, pcm []int16) error { return c.Conceal(pcm) }

// receive decodes packets as playout does when those marked in lost are missing.
func receive(t testing.TB, d mender, packets [][]byte, lost []bool) []int16 {
	t.Helper()
	pcm := make([]int16, len(packets)*FrameSamples)
	for i, p := range packets {
		out := pcm[i*FrameSamples:][:FrameSamples]
		var err error
		switch {
		case !lost[i]:
			_, err = d.Decode(p, out)
		case i+1 < len(packets) && !lost[i+1]:
			err = d.DecodeFEC(packets[i+1], out)
		default:
			err = d.Conceal(out)
		}
		if err != nil {
			t.Fatalf("packet %d: %v", i, err)
		}
	}
	return pcm
}

// segmentalSNR is the mean, over the frames in which there is speech, of how far
// in dB the difference from want lies below want: at least -10, at most 35 a frame.
func segmentalSNR(want, got []int16) float64 {
	const speech = 180 // RMS amplitude: -45 dBFS
	var sum, frames float64
	for i := 0; i+FrameSamples <= len(want) && i+FrameSamples <= len(got); i += FrameSamples {
		var signal, noise float64
		for j := range FrameSamples {
			w, g := float64(want[i+j]), float64(got[i+j])
			signal, noise = signal+w*w, noise+(w-g)*(w-g)
		}
		if signal < speech*speech*FrameSamples {
			continue
		}
		sum += min(max(10*math.Log10(signal/(noise+1e-9)), -10), 35)
		frames++
	}
	return sum / frames
}

// longSpeech is both recordings, so that a trace meets many sounds.
func longSpeech(t testing.TB) []int16 {
	return append(recorded(t, "front_center"), recorded(t, "rear_right")...)
}

// pick is only those frames of pcm that were lost.
func pick(pcm []int16, lost []bool) []int16 {
	var frames []int16
	for i, l := range lost {
		if l {
			frames = append(frames, pcm[i*FrameSamples:][:FrameSamples]...)
		}
	}
	return frames
}

func TestLossIsMended(t *testing.T) {
	packets := encodeAll(t, newEncoder(t, EncoderConfig{FEC: true}), longSpeech(t))
	intact := decodeAll(t, newDecoder(t), packets)
	const traces = 10
	for _, c := range []struct {
		name                        string
		lose                        func(packets int, p float64, seed uint64) []bool
		p, concealed, inLost, inAll float64 // the least that each is worth, dB
	}{
		{"10 % random", randomLoss, 0.1, 1, 5, 3},
		// The first of a pair is beyond recovery, and the second builds on it.
		{"20 % in pairs", burstLoss, 0.2, 0.5, 0.7, 1},
	} {
		var inLost, inAll [3]float64
		for seed := range uint64(traces) {
			lost := c.lose(len(packets), c.p, seed)
			for i, d := range []mender{blank{newDecoder(t)}, onlyConceal{newDecoder(t)}, newDecoder(t)} {
				got := receive(t, d, packets, lost)
				inAll[i] += segmentalSNR(intact, got) / traces
				inLost[i] += segmentalSNR(pick(intact, lost), pick(got, lost)) / traces
			}
		}
		t.Logf("%s, segmental SNR against no loss: blanked %.1f dB, concealed %.1f dB, mended by FEC %.1f dB; in the lost frames %.1f, %.1f, %.1f dB",
			c.name, inAll[0], inAll[1], inAll[2], inLost[0], inLost[1], inLost[2])
		if inLost[1] < inLost[0]+c.concealed {
			t.Errorf("%s: in lost frames concealment is worth %.1f dB, want %g", c.name, inLost[1]-inLost[0], c.concealed)
		}
		if inLost[2] < inLost[1]+c.inLost || inAll[2] < inAll[1]+c.inAll {
			t.Errorf("%s: redundancy is worth %.1f dB in lost frames and %.1f dB in all, want %g and %g",
				c.name, inLost[2]-inLost[1], inAll[2]-inAll[1], c.inLost, c.inAll)
		}
	}
}

// The very frame that is lost comes back, not something like it.
func TestFECRecoversTheFrameItself(t *testing.T) {
	packets := encodeAll(t, newEncoder(t, EncoderConfig{FEC: true}), longSpeech(t))
	intact := decodeAll(t, newDecoder(t), packets)
	var concealed, recovered, cases float64
	for i := 5; i+1 < len(packets); i += 2 {
		if !HasFEC(packets[i+1]) {
			continue
		}
		lost := make([]bool, i+2)
		lost[i] = true
		frame := func(d mender) float64 {
			got := receive(t, d, packets[:i+2], lost)
			return segmentalSNR(intact[i*FrameSamples:][:FrameSamples], got[i*FrameSamples:][:FrameSamples])
		}
		c, r := frame(onlyConceal{newDecoder(t)}), frame(newDecoder(t))
		if math.IsNaN(c) { // no speech in it
			continue
		}
		concealed, recovered, cases = concealed+c, recovered+r, cases+1
	}
	t.Logf("%g frames: concealed %.1f dB, recovered %.1f dB", cases, concealed/cases, recovered/cases)
	if cases < 20 || recovered/cases < concealed/cases+4 {
		t.Errorf("of %g lost frames, concealed %.1f dB, recovered %.1f dB; want 4 dB more", cases, concealed/cases, recovered/cases)
	}
}

func TestConcealmentFadesToSilence(t *testing.T) {
	packets := encodeAll(t, newEncoder(t, EncoderConfig{}), recorded(t, "front_center"))
	d := newDecoder(t)
	decodeAll(t, d, packets[:20])
	pcm := make([]int16, FrameSamples)
	var l Level
	for range 25 { // half a second
		if err := d.Conceal(pcm); err != nil {
			t.Fatal(err)
		}
	}
	l.Measure(pcm)
	if l.Peak() > -50 {
		t.Errorf("half a second into a loss it still sounds at %.0f dBFS", l.Peak())
	}
}
