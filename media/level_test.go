package media

import (
	"math"
	"testing"
)

func sine(hz, amplitude float64, n int) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16(math.Round(amplitude * math.Sin(2*math.Pi*hz*float64(i)/SampleRate)))
	}
	return pcm
}

func TestLevelCountsClippedSamples(t *testing.T) {
	var l Level
	l.Measure([]int16{0, 32767, -32768, -32767, 32766, -32766})
	l.Measure([]int16{32767})
	if l.Clipped() != 4 {
		t.Errorf("%d samples are at full scale, want 4", l.Clipped())
	}
	p := newPlayout(t, nil)
	p.tone = []int16{20000, 20000}
	p.mixTone([]int16{20000, 10000})
	if p.level.Clipped() != 1 {
		t.Errorf("%d samples did not fit, want 1", p.level.Clipped())
	}
}

func TestLevelReadsDecibels(t *testing.T) {
	for _, period := range []int{64, 480, 960, 4096} {
		var l Level
		if l.RMS() != LevelFloor || l.Peak() != LevelFloor {
			t.Fatalf("unheard level is %v, %v", l.RMS(), l.Peak())
		}
		l.Measure(nil)
		feed := func(pcm []int16) {
			for ; len(pcm) > 0; pcm = pcm[min(period, len(pcm)):] {
				l.Measure(pcm[:min(period, len(pcm))])
			}
		}
		feed(sine(1000, 16384, SampleRate)) // half of full scale: -6.02 dB
		if math.Abs(l.Peak()+6.02) > 0.05 || math.Abs(l.RMS()+9.03) > 0.05 {
			t.Errorf("period %d: peak %.2f, RMS %.2f dBFS; want -6.02, -9.03", period, l.Peak(), l.RMS())
		}
		feed(make([]int16, SampleRate/10))
		if math.Abs(l.Peak()+8.02) > 0.05 || math.Abs(l.RMS()+9.03+4.34) > 0.05 {
			t.Errorf("period %d, 100 ms later: peak %.2f, RMS %.2f dBFS; want -8.02, -13.37", period, l.Peak(), l.RMS())
		}
		feed(make([]int16, 10*SampleRate))
		if l.Peak() != LevelFloor || l.RMS() != LevelFloor {
			t.Errorf("period %d: silence reads %v, %v", period, l.Peak(), l.RMS())
		}
		feed([]int16{math.MinInt16})
		if l.Peak() != 0 {
			t.Errorf("the lowest sample reads %v dBFS", l.Peak())
		}
	}
}
