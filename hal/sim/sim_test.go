package sim_test

import (
	"errors"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/sim"
)

var (
	_ hal.Input    = (*sim.Input)(nil)
	_ hal.Output   = (*sim.Output)(nil)
	_ hal.Panel    = (*sim.Panel)(nil)
	_ hal.Capture  = (*sim.Mic)(nil)
	_ hal.Playback = (*sim.Speaker)(nil)
)

// index is a source that says which sample it is.
func index(n uint64, period []int16) {
	for i := range period {
		period[i] = int16(n + uint64(i))
	}
}

func TestMicKeepsSamplesAndTimeTogetherThoughItsReaderIsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mic := sim.NewMic("mic", index)
		start := time.Now()
		period := make([]int16, hal.PeriodSamples)
		for k := 1; k <= 300; k++ {
			at, err := mic.Read(period)
			if err != nil {
				t.Fatal(err)
			}
			if want := start.Add(time.Duration(k) * 10 * time.Millisecond); !at.Equal(want) {
				t.Fatalf("period %d was captured at %v, want %v", k, at.Sub(start), want.Sub(start))
			}
			if want := int16((k - 1) * hal.PeriodSamples); period[0] != want {
				t.Fatalf("period %d begins with sample %d, want %d", k, period[0], want)
			}
			if k%10 == 0 {
				time.Sleep(73 * time.Millisecond) // a reader that overslept
			}
		}
		if behind := time.Since(start.Add(3 * time.Second)); behind > 73*time.Millisecond {
			t.Errorf("after 3 s of samples the reader is %v behind: lateness adds up", behind)
		}
	})
}

func TestMicIndexAndTimeAreInverse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mic := sim.NewMic("mic", sim.Silence())
		if _, err := mic.Read(make([]int16, 480)); err != nil {
			t.Fatal(err)
		}
		for i := range uint64(200_000) {
			// Sample i is being captured until TimeOf(i); then i+1 is.
			at := mic.TimeOf(i)
			if got := mic.IndexAt(at); got != i+1 {
				t.Fatalf("at the end of sample %d sample %d is captured, want %d", i, got, i+1)
			}
			if got := mic.IndexAt(at.Add(-2)); got != i {
				t.Fatalf("just before the end of sample %d sample %d is captured", i, got)
			}
		}
	})
}

func TestMicDeliversWhatItLostAsSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mic := sim.NewMic("mic", sim.Tone(1000, -6, 0))
		period := make([]int16, hal.PeriodSamples)
		read := func() float64 {
			t.Helper()
			if _, err := mic.Read(period); err != nil {
				t.Fatal(err)
			}
			return rms(period)
		}
		if read() < -10 {
			t.Fatal("the tone is not heard")
		}
		mic.Overrun(2 * hal.PeriodSamples)
		if a, b := read(), read(); !math.IsInf(a, -1) || !math.IsInf(b, -1) {
			t.Errorf("two lost periods sound like %v and %v dBFS, want silence", a, b)
		}
		if read() < -10 {
			t.Error("the tone is not heard again after the overrun")
		}
		time.Sleep(time.Second) // longer than the card's memory
		if v := read(); !math.IsInf(v, -1) {
			t.Errorf("a period 1 s old sounds like %v dBFS, want it lost", v)
		}
		for range 97 {
			read()
		}
		if read() < -10 {
			t.Error("the present is not heard after the backlog")
		}
		if got := mic.Overruns(); got < 3*hal.PeriodSamples || got%hal.PeriodSamples != 0 {
			t.Errorf("%d samples counted as lost", got)
		}
	})
}

func TestSpeakerIsPacedAndTapped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spk := sim.NewSpeaker("speaker", 10*time.Millisecond)
		rec := sim.NewRecorder(time.Second)
		spk.SetTap(rec.Tap)
		start := time.Now()
		var n uint64
		done := make(chan error)
		go func() {
			done <- spk.Play(func(period []int16) {
				if want := start.Add(time.Duration(n) * time.Second / hal.SampleRate); !time.Now().Equal(want) {
					t.Errorf("sample %d was asked for at %v, want %v", n, time.Since(start), want.Sub(start))
				}
				index(n, period)
				n += uint64(len(period))
			})
		}()
		time.Sleep(500*time.Millisecond + 1)
		synctest.Wait()
		pcm, at := rec.Since(start)
		if !at.Equal(start.Add(spk.Latency())) {
			t.Errorf("sample 0 was heard after %v, want %v", at.Sub(start), spk.Latency())
		}
		if len(pcm) != 51*hal.PeriodSamples || pcm[0] != 0 || pcm[1000] != 1000 {
			t.Errorf("recorded %d samples beginning with %v", len(pcm), pcm[:4])
		}
		tail, at := rec.Since(start.Add(400 * time.Millisecond))
		if want := start.Add(400 * time.Millisecond); !at.Equal(want) || tail[0] != pcm[len(pcm)-len(tail)] {
			t.Errorf("what was heard since 400 ms begins at %v", at.Sub(start))
		}
		if err := spk.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; !errors.Is(err, hal.ErrClosed) {
			t.Errorf("Play returned %v, want ErrClosed", err)
		}
	})
}

func TestSpeakerPlaysSilenceForWhatCameTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spk := sim.NewSpeaker("speaker", 10*time.Millisecond)
		rec := sim.NewRecorder(time.Second)
		spk.SetTap(rec.Tap)
		start := time.Now()
		fills := 0
		go spk.Play(func(period []int16) {
			if fills++; fills == 5 {
				time.Sleep(35 * time.Millisecond)
			}
			for i := range period {
				period[i] = 1
			}
		})
		time.Sleep(295 * time.Millisecond)
		synctest.Wait()
		spk.Close()
		pcm, _ := rec.Since(start)
		if len(pcm) != 30*hal.PeriodSamples {
			t.Errorf("%d samples in 295 ms, want %d: the card does not run freely", len(pcm), 30*hal.PeriodSamples)
		}
		silent := 0
		for _, v := range pcm {
			if v == 0 {
				silent++
			}
		}
		if spk.Underruns() != 2 || silent != 2*hal.PeriodSamples || fills != 28 {
			t.Errorf("%d underruns, %d silent samples, %d fills; want 2, %d, 28", spk.Underruns(), silent, fills, 2*hal.PeriodSamples)
		}
	})
}

func TestFrozenCardStallsWithoutAnErrorUntilThawed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := sim.NewRadio("r", sim.Silence())
		var reads, fills int
		go func() {
			for period := make([]int16, 480); ; reads++ {
				if _, err := r.Mic.Read(period); err != nil {
					return
				}
			}
		}()
		go r.Speaker.Play(func([]int16) { fills++ })
		count := func() (int, int) {
			time.Sleep(time.Second)
			synctest.Wait()
			return reads, fills
		}
		count()
		r.Mic.Freeze(true)
		r.Speaker.Freeze(true)
		a, b := count()
		if c, d := count(); c != a || d != b {
			t.Errorf("a frozen card went on: %d reads, %d fills", c-a, d-b)
		}
		r.Mic.Freeze(false)
		r.Speaker.Freeze(false)
		if c, d := count(); c < 290 || d <= b {
			t.Errorf("a thawed card did not go on: %d reads, %d fills", c, d-b)
		}
		r.Close()
	})
}

func TestUnpluggedAndClosedPartsSaySo(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*sim.Radio)
		want error
	}{
		{"unplugged", func(r *sim.Radio) { r.Unplug(); r.Button.Unplug(); r.PTTOut.Unplug(); r.Panel.Unplug() }, hal.ErrGone},
		{"closed", func(r *sim.Radio) { r.Close() }, hal.ErrClosed},
		{"closed, then unplugged", func(r *sim.Radio) { r.Close(); r.Unplug(); r.Button.Unplug() }, hal.ErrClosed},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := sim.NewRadio("north", sim.Silence())
				r.PTTOut.Set(true)
				r.Panel.Show(hal.Lamps{Talk: true})
				errs := make(chan error)
				go func() {
					var err error
					for period := make([]int16, 480); err == nil; {
						_, err = r.Mic.Read(period)
					}
					errs <- err
				}()
				go func() { errs <- r.Speaker.Play(func([]int16) {}) }()
				go func() {
					for range r.Button.Edges() {
					}
					errs <- r.Button.Err()
				}()
				time.Sleep(25 * time.Millisecond)
				c.end(r)
				for range 3 {
					if err := <-errs; !errors.Is(err, c.want) {
						t.Errorf("got %v, want %v", err, c.want)
					}
				}
				_, err := r.Button.Active()
				for _, err := range []error{err, r.PTTOut.Set(true), r.Panel.Show(hal.Lamps{Busy: true})} {
					if !errors.Is(err, c.want) {
						t.Errorf("got %v, want %v", err, c.want)
					}
				}
				r.Button.Set(true) // of no effect, and no panic
				if r.PTTOut.Active() || r.Panel.Lamps() != (hal.Lamps{}) {
					t.Error("a line or a lamp is still driven")
				}
			})
		})
	}
}

func TestLinesTellEveryChangeInOrderAndOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := sim.NewRadio("r", sim.Silence())
		var driven []hal.Edge
		r.PTTOut.Watch(func(e hal.Edge) { driven = append(driven, e) })
		start := time.Now()
		for k := range 8 {
			r.Button.Set(k%2 == 0)
			r.Button.Set(k%2 == 0)
			for range 2 {
				if err := r.PTTOut.Set(k%2 == 0); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(time.Millisecond)
		}
		var read []hal.Edge
		for range 8 {
			read = append(read, <-r.Button.Edges())
		}
		for k, e := range read {
			if want := (hal.Edge{Active: k%2 == 0, At: start.Add(time.Duration(k) * time.Millisecond)}); e != want {
				t.Errorf("edge %d is %v, want %v", k, e, want)
			}
		}
		if !slices.Equal(driven, read) {
			t.Errorf("the watcher saw %v, want %v", driven, read)
		}
		if r.Pressed() {
			t.Error("the button is still pressed")
		}
		select {
		case e := <-r.Button.Edges():
			t.Errorf("an edge %v too many", e)
		default:
		}
	})
}

func TestInputCanBeLostWhileItsReaderIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := sim.NewInput("PTT")
		go func() {
			for k := range 100 {
				in.Set(k%2 == 0)
			}
		}()
		synctest.Wait() // it blocks now: nobody reads
		if _, err := in.Active(); err != nil {
			t.Error(err)
		}
		in.Unplug()
		n := 0
		for range in.Edges() {
			n++
		}
		if n != 16 || !errors.Is(in.Err(), hal.ErrGone) {
			t.Errorf("%d edges, then %v", n, in.Err())
		}
	})
}

func rms(pcm []int16) float64 {
	var sum float64
	for _, v := range pcm {
		sum += float64(v) * float64(v)
	}
	return 10 * math.Log10(sum/float64(len(pcm))/(1<<30))
}
