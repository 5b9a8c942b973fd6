package output

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
)

// TestTransmitterIsKeyedAgainAfterAStall: the card hung in mid-speech and comes back; the
// rest of the speech is on the air.
func TestTransmitterIsKeyedAgainAfterAStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		radio := sim.NewRadio("test", sim.Silence())
		start := time.Now()
		tx := NewTransmitter(TransmitterConfig{
			PTTOut: radio.PTTOut, Key: media.KeyTiming{Tail: 100 * time.Millisecond}, Keyed: func(bool) {},
			Now: func() time.Duration { return time.Since(start) }, Receiving: func() bool { return false },
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- tx.Run(ctx) }()
		period := make([]int16, hal.PeriodSamples)
		for _, pause := range []time.Duration{10 * time.Millisecond, 2 * keyStall} {
			for range 5 {
				tx.Process(period, true)
				time.Sleep(10 * time.Millisecond)
			}
			synctest.Wait()
			if !radio.PTTOut.Active() {
				t.Error("not keyed while there is speech")
			}
			time.Sleep(pause)
			synctest.Wait()
			if active := radio.PTTOut.Active(); active != (pause < keyStall) {
				t.Errorf("%v after the last period: keyed %v", pause, active)
			}
		}
		tx.Process(period, true)
		synctest.Wait()
		if !radio.PTTOut.Active() {
			t.Error("not keyed for the rest of the speech")
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if radio.PTTOut.Active() {
			t.Error("still keyed at the end")
		}
	})
}
