package sim_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/sim"
)

func TestSourcesAreIndexedBySample(t *testing.T) {
	for name, source := range map[string]sim.Source{
		"silence": sim.Silence(),
		"speech":  sim.Speech(100),
		"tone":    sim.Tone(997, -6, 100),
		"noise":   sim.Noise(1),
	} {
		whole := make([]int16, 400_000)
		source(0, whole)
		for _, n := range []int{0, 99, 101, 12345, 131_072, 399_000} {
			part := make([]int16, 777)
			source(uint64(n), part)
			for i, v := range part[:min(777, len(whole)-n)] {
				if v != whole[n+i] {
					t.Fatalf("%s: sample %d is %d alone, %d in the whole", name, n+i, v, whole[n+i])
				}
			}
		}
	}
}

func TestSpeechBeginsWhereItIsToldAndIsLoudEnough(t *testing.T) {
	pcm := make([]int16, 3*hal.SampleRate)
	sim.Speech(48_000)(0, pcm)
	if before := rms(pcm[:48_000]); !math.IsInf(before, -1) {
		t.Errorf("%v dBFS before the sentence, want silence", before)
	}
	if speech := rms(pcm[48_000:]); speech < -35 || speech > -10 {
		t.Errorf("the sentence is at %v dBFS, want speech", speech)
	}
}

func TestNoisePointsToItsOwnSample(t *testing.T) {
	pcm := make([]int16, sim.NoiseSamples)
	sim.Noise(1)(0, pcm)
	if level := rms(pcm); math.Abs(level+15) > 0.2 {
		t.Errorf("the noise is at %v dBFS, want -15", level)
	}
	const n = 960
	piece := pcm[50_000 : 50_000+n]
	var power float64
	for _, v := range piece {
		power += float64(v) * float64(v)
	}
	for lag := range sim.NoiseSamples - n {
		if lag == 50_000 {
			continue
		}
		var sum float64
		for i, v := range piece {
			sum += float64(v) * float64(pcm[lag+i])
		}
		if math.Abs(float64(lag-50_000)) > 4 && sum > 0.75*power {
			t.Fatalf("20 ms of it resemble those at %d by %.2f", lag-50_000, sum/power)
		}
	}
}

func TestNothingIsAllocatedPerPeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, source := range map[string]sim.Source{
			"speech": sim.Speech(0), "tone": sim.Tone(440, -6, 0), "noise": sim.Noise(1), "hiss": sim.Hiss(), "dial": sim.Dial("1234567", 0),
		} {
			r := sim.NewRadio("r", source)
			period := make([]int16, hal.PeriodSamples)
			if n := testing.AllocsPerRun(200, func() {
				if _, err := r.Mic.Read(period); err != nil {
					t.Error(err)
				}
			}); n != 0 {
				t.Errorf("%s: %v allocations a period read", name, n)
			}
			r.Speaker.SetTap(sim.NewRecorder(time.Second).Tap)
			fills, end := make(chan struct{}), make(chan struct{})
			go r.Speaker.Play(func([]int16) {
				select {
				case fills <- struct{}{}:
				case <-end:
				}
			})
			if n := testing.AllocsPerRun(200, func() { <-fills }); n != 0 {
				t.Errorf("%s: %v allocations a period played", name, n)
			}
			close(end)
			r.Close()
		}
	})
}

func BenchmarkMicRead(b *testing.B) {
	source := sim.Speech(0)
	period := make([]int16, hal.PeriodSamples)
	b.ReportAllocs()
	for n := uint64(0); b.Loop(); n += hal.PeriodSamples {
		source(n, period)
	}
}
