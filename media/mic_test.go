package media

import (
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// ramp names every sample: its value is its index, cut to 16 bit.
func ramp(from uint64, n int) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16(from + uint64(i))
	}
	return pcm
}

func TestMicGivesBackWhatWasCapturedAtAnyTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMic(time.Second)
		began := time.Now()
		const period = 441 // divides neither the ring nor a frame
		var head uint64
		for range 300 {
			m.Write(ramp(head, period), began.Add(time.Duration(nanos(head+period))))
			head += period
		}
		if m.Head() != head {
			t.Fatalf("Head is %d, want %d", m.Head(), head)
		}
		for _, index := range []uint64{head - 48000, head - 20000, head - FrameSamples} {
			at := began.Add(time.Duration(nanos(index)))
			if got := m.IndexAt(at); got != index {
				t.Errorf("sample %d was captured at %v; IndexAt says %d", index, at.Sub(began), got)
			}
			dst := make([]int16, FrameSamples)
			if !m.ReadAt(index, dst) {
				t.Fatalf("sample %d of %d is not to be had", index, head)
			}
			for i, s := range dst {
				if s != int16(index+uint64(i)) {
					t.Fatalf("sample %d reads %d", index+uint64(i), s)
				}
			}
		}
		dst := make([]int16, FrameSamples)
		if m.ReadAt(head-FrameSamples+1, dst) {
			t.Error("gave a sample that is not captured yet")
		}
		if m.ReadAt(head-48001, dst) {
			t.Error("gave a sample that is overwritten")
		}
		if got := m.IndexAt(began.Add(-time.Hour)); got != 0 {
			t.Errorf("before the first sample IndexAt says %d", got)
		}
	})
}

func TestMicKeepsCountOverWeeks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMic(time.Second)
		const late = 30 * 24 * time.Hour
		m.head.Store(uint64(late / time.Second * SampleRate))
		m.Write(make([]int16, 480), m.start.Add(late))
		if got, want := m.IndexAt(m.start.Add(late+time.Second)), m.Head()+SampleRate; got != want {
			t.Errorf("a second after sample %d comes sample %d", m.Head(), got)
		}
	})
}

func TestMicSignalsWithoutWaiting(t *testing.T) {
	m := NewMic(time.Second)
	for range 3 {
		m.Write(make([]int16, 10), time.Now())
	}
	<-m.Captured()
	select {
	case <-m.Captured():
		t.Error("signals of one writer did not merge")
	default:
	}
}

func TestMicWithholdsWhatIsBeingOverwritten(t *testing.T) {
	m := NewMic(time.Second)
	m.Write(ramp(0, SampleRate), time.Now())
	m.claimed.Add(480) // a Write is under way
	dst := make([]int16, 480)
	if m.ReadAt(479, dst) {
		t.Error("gave samples that are being overwritten")
	}
	if !m.ReadAt(480, dst) {
		t.Error("withheld samples that are not")
	}
}

// A reader as slow as can be meets a writer as fast as can be: what it is given is
// right or withheld.
func TestMicNeverGivesTornSound(t *testing.T) {
	m := NewMic(0) // one frame: every read is overtaken now and then
	var wg sync.WaitGroup
	stop := make(chan struct{})
	wg.Go(func() {
		for head := uint64(0); ; head += 160 {
			select {
			case <-stop:
				return
			default:
			}
			m.Write(ramp(head, 160), m.start)
			if head%1600 == 0 {
				runtime.Gosched()
			}
		}
	})
	dst := make([]int16, 480)
	given := 0
	for given < 2000 {
		index := m.Head()
		if index < 480 {
			runtime.Gosched()
			continue
		}
		index -= 480
		if !m.ReadAt(index, dst) {
			continue
		}
		given++
		for i, s := range dst {
			if s != int16(index+uint64(i)) {
				t.Fatalf("sample %d reads %d", index+uint64(i), s)
			}
		}
	}
	close(stop)
	wg.Wait()
}
