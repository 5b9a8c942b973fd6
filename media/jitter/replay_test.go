package jitter

import (
	"math"
	"time"

	"github.com/talkgate/talkgate/media"
)

const (
	ms = rate / 1000
	// period is how much the device pulls at once.
	period = 10 * ms
)

// outcome is how a policy did on a trace.
type outcome struct {
	delay float64 // mean, ms above the fastest packet
	late  float64 // share of the packets that arrived which were not there when due
}

// replay runs a trace through the buffer and a playout that pulls a period at a
// time. Late are the packets that arrived and were not played, and those that had to
// be waited for with made-up sound or silence, a packet for every 20 ms of it.
func replay(ps []sent) outcome {
	b := New(Config{})
	low, arriving := fastest(ps), byArrival(ps)
	played := make([]bool, len(ps))
	var stretched [media.MaxStretched]int16
	var sum, ended float64
	next, pos, count, late, last := 0, 0, 0, 0, -1
	end := int(ps[arriving[len(arriving)-1]].arrives+3000) * ms
	for pull := 0; pull < end; pull += period {
		for next < len(arriving) && ps[arriving[next]].arrives*ms <= float64(pull) {
			p := ps[arriving[next]]
			b.Push(media.Packet{Seq: p.seq, Timestamp: p.ts, Marker: p.marker, Opus: payload(uint32(arriving[next])),
				Arrived: b.epoch.Add(time.Duration(p.arrives * 1e6))})
			next++
		}
		for pos < pull+period {
			at := float64(pos) / ms
			slot := b.Pop(media.Pull{At: b.epoch.Add(duration(int64(pull))), Samples: period, Ahead: pos - pull})
			length := slot.Samples
			if slot.Kind == media.Play {
				i := int(number(slot.Opus))
				if length != frame {
					f := voice(i)
					length = media.Stretch(stretched[:], f[:], length)
				}
				if last >= 0 && ps[i].spurt == ps[last].spurt {
					missing := 0
					for k := last + 1; k < i; k++ {
						if !played[k] {
							missing++
						}
					}
					late += max(0, int(math.Round((at-ended)/20))-missing)
				}
				sum += at - ps[i].captured - low
				count++
				played[i], last, ended = true, i, at+float64(length)/ms
			}
			pos += length
		}
	}
	n := float64(len(arriving))
	return outcome{sum / float64(count), (float64(late) + n - float64(count)) / n}
}

// voice is a frame of a voiced sound of 110 to 130 Hz, for the splices to work on.
func voice(n int) (f [frame]int16) {
	for i := range f {
		t := float64(n*frame+i) / rate
		pitch := 2 * math.Pi * (120*t + 3*math.Sin(2*math.Pi*0.7*t))
		f[i] = int16(6000*math.Sin(pitch) + 2500*math.Sin(2*pitch+1) + 1200*math.Sin(5*pitch+2))
	}
	return f
}

// inTime reports whether what arrives at a time is there when the device asks for
// the period in which it is to sound.
func inTime(arrives, sounds float64) bool {
	const pull = period / ms
	return arrives <= math.Floor(sounds/pull)*pull
}

// fixed plays each packet a set time after it could have come at the earliest. It
// is told that time, and the skew of the clocks: no buffer with a fixed delay does
// better.
func fixed(ps []sent, delay float64) outcome {
	low := fastest(ps)
	n, late := 0, 0
	for _, p := range ps {
		if p.lost {
			continue
		}
		n++
		if !inTime(p.arrives, p.captured+low+delay) {
			late++
		}
	}
	return outcome{delay, float64(late) / float64(n)}
}

// bestFixed is the least fixed delay with at most 1 % late packets.
func bestFixed(ps []sent) outcome {
	for d := 0.0; ; d += 0.5 {
		if o := fixed(ps, d); o.late <= 0.01 {
			return o
		}
	}
}

// percentile95 is the policy of WebRTC's NetEQ reduced to its core: the delay of
// packets relative to the fastest of the last 2 s, in buckets of 20 ms, forgotten by
// 0.9993 a packet and faster at first; the target is the bucket that holds the 95th
// percentile. It is reached by shortening and lengthening as fast as the buffer
// under test may, in steps as fine as it likes. What is late is waited for.
func percentile95(ps []sent) outcome {
	type seen struct{ at, transit float64 }
	var (
		low            = fastest(ps)
		hist           [100]float64
		window         []seen
		offset, sender float64
		sum            float64
		n, late        int
	)
	hist[3] = 1 // 80 ms
	for _, p := range ps {
		if p.marker {
			window, sender = window[:0], p.captured
		} else {
			sender += 20
		}
		if p.lost {
			continue
		}
		n++
		transit := p.arrives - sender
		window = append(window, seen{p.arrives, transit})
		for window[0].at < p.arrives-2000 {
			window = window[1:]
		}
		fast := math.Inf(1)
		for _, s := range window {
			fast = min(fast, s.transit)
		}
		keep := min(0.9993, 1-2/float64(n+2))
		for i := range hist {
			hist[i] *= keep
		}
		hist[min(int((transit-fast)/20), len(hist)-1)] += 1 - keep
		q := 0
		for share := hist[0]; share < 0.95; share += hist[q] {
			q++
		}
		target := float64(q+1) * 20
		if len(window) == 1 {
			offset = transit + target
		}
		offset -= max(-5, min(offset-fast-target, 5))
		for !inTime(p.arrives, sender+offset) {
			late++
			offset += 20
		}
		sum += sender + offset - p.captured - low
	}
	return outcome{sum / float64(n), float64(late) / float64(n)}
}
