package media

import (
	"math"
	"testing"
	"time"

	"github.com/thesyncim/gopus"
)

// bare is gopus as our Encoder sets it up, without our code.
func bare(t testing.TB, fec bool) *gopus.Encoder {
	t.Helper()
	e, err := gopus.NewEncoder(gopus.EncoderConfig{SampleRate: SampleRate, Channels: 1, Application: gopus.ApplicationVoIP})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		e.SetBitrate(DefaultBitrate), e.SetComplexity(DefaultComplexity),
		e.SetSignal(gopus.SignalVoice), e.SetMaxBandwidth(gopus.BandwidthWideband), e.SetPacketLoss(DefaultExpectedLoss),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	e.SetFEC(fec)
	return e
}

// allocs counts the allocations of f for all of n frames, once it is warm: the
// least of five runs, as the runtime allocates now and then on its own account.
func allocs(n int, f func(i int)) float64 {
	least := math.Inf(1)
	for range 5 {
		least = min(least, testing.AllocsPerRun(1, func() {
			for i := range n {
				f(i)
			}
		}))
	}
	return least
}

func TestSendingAllocatesNothing(t *testing.T) {
	speech := recorded(t, "front_center")
	n := len(speech) / FrameSamples
	var level Level
	mic := NewMic(time.Second)
	frame, packet := make([]int16, FrameSamples), make([]byte, MaxOpusFrame)
	send := func(encode func(pcm []int16, dst []byte) (int, error)) func(i int) {
		return func(i int) {
			for _, half := range []int{0, FrameSamples / 2} {
				mic.Write(speech[i*FrameSamples+half:][:FrameSamples/2], time.Time{})
			}
			level.Measure(speech[i*FrameSamples:][:FrameSamples])
			if !mic.ReadAt(mic.Head()-FrameSamples, frame) {
				t.Fatal("the microphone forgot")
			}
			if _, err := encode(frame, packet); err != nil {
				t.Fatal(err)
			}
		}
	}
	if a := allocs(n, send(newEncoder(t, EncoderConfig{}).Encode)); a != 0 {
		t.Errorf("without FEC: %g allocations in %d frames", a, n)
	}
	// With FEC gopus itself allocates; docs/opus.md tells why. Nothing is added.
	ours := allocs(n, send(newEncoder(t, EncoderConfig{FEC: true}).Encode))
	e := bare(t, true)
	theirs := allocs(n, func(i int) { _, _ = e.EncodeInt16(speech[i*FrameSamples:][:FrameSamples], packet) })
	t.Logf("with FEC: %g allocations in %d frames, all of them gopus's", theirs, n)
	if ours > theirs+float64(n)/10 { // one more a frame would be n
		t.Errorf("with FEC: %g allocations in %d frames; bare gopus makes %g", ours, n, theirs)
	}
	if theirs > 6*float64(n) {
		t.Errorf("with FEC gopus makes %g allocations in %d frames; known are 6 a frame", theirs, n)
	}
}

func TestPlayingAllocatesNothing(t *testing.T) {
	packets := encodeAll(t, newEncoder(t, EncoderConfig{FEC: true}), recorded(t, "front_center"))
	period := make([]int16, 480)
	fill := func(slots []Slot) float64 {
		src := &script{}
		p, err := NewPlayout(src, NewTones())
		if err != nil {
			t.Fatal(err)
		}
		return allocs(1, func(int) {
			src.slots = slots
			p.PlayTone(Permit)
			for range 2 * len(slots) {
				p.Fill(period)
			}
		})
	}
	slots := played(packets)
	for i := range slots {
		slots[i].Samples += i%3*200 - 200 // stretched both ways
	}
	if a := fill(slots); a != 0 {
		t.Errorf("%g allocations in %d frames", a, len(slots))
	}
	// What is lost gopus mends with allocations of its own: none are added.
	mended := played(packets)
	for i := range mended {
		switch {
		case i%5 == 2 && i+1 < len(mended):
			mended[i] = Slot{Kind: Conceal, Opus: packets[i+1], Samples: FrameSamples}
		case i%5 == 4:
			mended[i] = Slot{Kind: Conceal, Samples: FrameSamples}
		}
	}
	ours := fill(mended)
	dec := newDecoder(t).opus
	pcm, wide := make([]int16, FrameSamples), make([]float32, FrameSamples)
	theirs := allocs(1, func(int) {
		dec.Reset()
		for _, slot := range mended {
			switch {
			case slot.Kind == Play:
				_, _ = dec.DecodeInt16(slot.Opus, pcm)
			case HasFEC(slot.Opus):
				_, _ = dec.DecodeWithFEC(slot.Opus, wide, true)
			default:
				_, _ = dec.DecodeInt16(nil, pcm)
			}
		}
	})
	// So it does in a pause.
	rests := played(packets)
	for i := range rests[5:] {
		rests[5+i] = Slot{Kind: Comfort, Samples: FrameSamples}
	}
	noise := allocs(1, func(int) {
		dec.Reset()
		for _, slot := range rests {
			_, _ = dec.DecodeInt16(slot.Opus, pcm)
		}
	})
	if a := fill(rests); a > noise+float64(len(rests))/10 {
		t.Errorf("in a pause: %g allocations in %d frames; bare gopus makes %g", a, len(rests), noise)
	}
	t.Logf("in a pause: %g allocations in %d frames, all of them gopus's", noise, len(rests))
	t.Logf("with 40 %% lost: %g allocations in %d frames, all of them gopus's", theirs, len(mended))
	if ours > theirs+float64(len(mended))/10 {
		t.Errorf("with 40 %% lost: %g allocations in %d frames; bare gopus makes %g", ours, len(mended), theirs)
	}
}
