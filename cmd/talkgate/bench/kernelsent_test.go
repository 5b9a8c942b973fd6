//go:build hil

package bench

import (
	"math"
	"time"

	"github.com/talkgate/talkgate/gateway/flight"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/media"
)

// recording is what the port's flight recorder holds.
func (b *bench) recording() flight.Recording {
	b.T.Helper()
	rec, err := flight.ReadRing(b.Path("flight"))
	if err != nil {
		b.T.Fatal(err)
	}
	return rec
}

// recorded is until when it holds something.
func (b *bench) recorded() time.Duration {
	_, to := b.recording().Span()
	return to
}

// eachSent calls f with each period of 10 ms that the port sent after a time, as its
// flight recorder has it and a decoder hears it.
func (b *bench) eachSent(after time.Duration, f func(period []int16)) {
	b.T.Helper()
	dec, err := media.NewDecoder()
	if err != nil {
		b.T.Fatal(err)
	}
	var pcm [media.FrameSamples]int16
	for _, e := range b.recording().Entries {
		if e.Kind != flight.Sent || e.At <= after {
			continue
		}
		if _, err := dec.Decode(e.Frame.Opus, pcm[:]); err != nil {
			b.T.Fatal(err)
		}
		for from := 0; from < len(pcm); from += hal.PeriodSamples {
			f(pcm[from : from+hal.PeriodSamples])
		}
	}
}

// sent is how much of what the port sent after a time is a low tone, as speech is, and
// how much noise, or a tone that is high.
func (b *bench) sent(after time.Duration) (speech, noise time.Duration) {
	b.T.Helper()
	b.eachSent(after, func(period []int16) {
		level, edge := rough(period)
		switch {
		case edge > 300:
			noise += 10 * time.Millisecond
		case level > 1000:
			speech += 10 * time.Millisecond
		}
	})
	return speech, noise
}

// rough is the RMS of pcm and that of its second difference, which is small for a
// low tone and large for noise.
func rough(pcm []int16) (level, edge float64) {
	for i, s := range pcm {
		level += float64(s) * float64(s)
		if i > 1 {
			d := float64(s) - 2*float64(pcm[i-1]) + float64(pcm[i-2])
			edge += d * d
		}
	}
	n := float64(len(pcm))
	return math.Sqrt(level / n), math.Sqrt(edge / n)
}

// share is how much of the power of pcm is a sine of so many hertz: 1 is all.
func share(pcm []int16, hertz float64) float64 {
	var re, im, all float64
	for i, s := range pcm {
		x, at := float64(s), 2*math.Pi*hertz*float64(i)/hal.SampleRate
		re, im, all = re+x*math.Cos(at), im+x*math.Sin(at), all+x*x
	}
	if all == 0 {
		return 0
	}
	return 2 * (re*re + im*im) / (float64(len(pcm)) * all)
}
