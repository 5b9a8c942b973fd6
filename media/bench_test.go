package media

import (
	"slices"
	"testing"
	"time"
)

// BenchmarkEncoder is what our Encoder costs beside bare gopus: both arms in turn
// on the same speech, the median of the ratios of 15 pairs.
func BenchmarkEncoder(b *testing.B) {
	for _, c := range []struct {
		name string
		fec  bool
	}{{"plain", false}, {"fec", true}} {
		b.Run(c.name, func(b *testing.B) {
			speech := longSpeech(b)
			packet := make([]byte, MaxOpusFrame)
			perFrame := func(encode func(pcm []int16, dst []byte) (int, error)) float64 {
				start := time.Now()
				for i := 0; i < len(speech); i += FrameSamples {
					if _, err := encode(speech[i:i+FrameSamples], packet); err != nil {
						b.Fatal(err)
					}
				}
				return float64(time.Since(start).Nanoseconds()) / float64(len(speech)/FrameSamples)
			}
			ours, theirs := newEncoder(b, EncoderConfig{FEC: c.fec}), bare(b, c.fec)
			ratio, frame := pairs(b, func() float64 { return perFrame(ours.Encode) }, func() float64 { return perFrame(theirs.EncodeInt16) })
			b.ReportMetric(0, "ns/op") // says nothing here
			b.ReportMetric(frame/1000, "µs/frame")
			b.ReportMetric(ratio, "ours/bare")
			b.ReportMetric(allocs(96, func(i int) { _, _ = ours.Encode(speech[i*FrameSamples:][:FrameSamples], packet) })/96, "allocs/frame")
			b.ReportMetric(allocs(96, func(i int) { _, _ = theirs.EncodeInt16(speech[i*FrameSamples:][:FrameSamples], packet) })/96, "bare-allocs/frame")
		})
	}
}

// BenchmarkPlayout is what Playout costs beside the bare decoder.
func BenchmarkPlayout(b *testing.B) {
	packets := encodeAll(b, newEncoder(b, EncoderConfig{FEC: true}), longSpeech(b))
	slots := played(packets)
	src := &script{}
	playout, err := NewPlayout(src, NewTones())
	if err != nil {
		b.Fatal(err)
	}
	period := make([]int16, 480)
	ours := func() float64 {
		start := time.Now()
		src.slots = slots
		for range 2 * len(slots) {
			playout.Fill(period)
		}
		return float64(time.Since(start).Nanoseconds()) / float64(len(slots))
	}
	dec, pcm := newDecoder(b).opus, make([]int16, FrameSamples)
	theirs := func() float64 {
		start := time.Now()
		for _, p := range packets {
			if _, err := dec.DecodeInt16(p, pcm); err != nil {
				b.Fatal(err)
			}
		}
		return float64(time.Since(start).Nanoseconds()) / float64(len(packets))
	}
	ratio, frame := pairs(b, ours, theirs)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(frame/1000, "µs/frame")
	b.ReportMetric(ratio, "ours/bare")
}

// pairs runs both arms in turn, 15 times an iteration, and returns the medians of
// ours/theirs and of ours.
func pairs(b *testing.B, ours, theirs func() float64) (ratio, median float64) {
	ours()
	theirs()
	var ratios, times []float64
	for b.Loop() {
		for i := range 15 {
			var o, t float64
			if i%2 == 0 {
				o, t = ours(), theirs()
			} else {
				t, o = theirs(), ours()
			}
			ratios, times = append(ratios, o/t), append(times, o)
		}
	}
	slices.Sort(ratios)
	slices.Sort(times)
	return ratios[len(ratios)/2], times[len(times)/2]
}
