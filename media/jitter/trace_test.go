package jitter

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// sent is one packet of a trace. Times are milliseconds of the receiver's clock.
type sent struct {
	spurt    int
	seq      uint16
	ts       uint32
	marker   bool
	captured float64 // when the frame's last sample was spoken
	arrives  float64
	lost     bool
}

// network gives the transit time of a packet sent at a time, ms, or that it is lost.
type network func(rng *rand.Rand, at float64) (transit float64, lost bool)

// trace is what a talker's packets went through.
type trace struct {
	name    string
	network func() network // fresh state
	inOrder bool           // a packet does not overtake the one before
	skew    float64        // of the sender's clock: 0.05 is 5 % fast
	preRoll int            // frames that are sent at once when a spurt starts
	spurt   float64        // mean length, s
}

// packets generates about ten minutes of talk spurts with pauses.
func (tr trace) packets(seed uint64) []sent {
	rng := rand.New(rand.NewPCG(seed, 9))
	transit := tr.network()
	var all []sent
	at := 1000.0
	step := 20 / (1 + tr.skew)
	for n := 0; at < 600_000; n++ {
		seq, ts := uint16(rng.Uint32()), rng.Uint32()
		at += rng.Float64() * 20
		frames := int((0.3 + 0.7*2*rng.Float64()) * tr.spurt * 50)
		floor := 0.0
		for i := range frames {
			captured := at + float64(i)*step
			leaves := max(captured, at+float64(tr.preRoll)*step)
			d, lost := transit(rng, leaves)
			arrives := leaves + d
			if tr.inOrder {
				arrives = max(arrives, floor)
				floor = arrives + 0.05
			}
			all = append(all, sent{n, seq + uint16(i), ts + uint32(i)*frame, i == 0, captured, arrives, lost})
		}
		at += float64(frames)*step + 1500 + rng.ExpFloat64()*4000
	}
	return all
}

// wired: a line with little else on it; queueing adds a millisecond or two.
func wired() network {
	return func(rng *rand.Rand, _ float64) (float64, bool) {
		return 15 + rng.ExpFloat64()*1.5, rng.Float64() < 0.001
	}
}

// wifi: hop latency with a median of 3 ms, 20 ms at the 90th percentile and long
// tails: Sui et al., Characterizing and Improving WiFi Latency in Large-Scale
// Operational Networks, MobiSys 2016. Contention lasts, so it is correlated.
func wifi() network {
	var busy, fading float64
	return func(rng *rand.Rand, _ float64) (float64, bool) {
		busy = 0.995*busy + math.Sqrt(1-0.995*0.995)*rng.NormFloat64()
		fading = 0.5*fading + math.Sqrt(1-0.5*0.5)*rng.NormFloat64()
		return 10 + min(250, 3*math.Exp(1.48*math.Sqrt(0.5)*(busy+fading))), rng.Float64() < 0.005
	}
}

// lte: both ends on the air with a 20 ms DRX cycle, HARQ retransmissions of 8 ms at
// 10 % block errors and 3 ms of core jitter, as 3GPP TS 26.132 annex E builds its
// profiles; a handover of 80 ms about every 30 s.
func lte() network {
	handover, phase := 20_000.0, 0.0
	air := func(rng *rand.Rand) float64 {
		d := 4.0
		for rng.Float64() < 0.1 {
			d += 8
		}
		return d
	}
	return func(rng *rand.Rand, at float64) (float64, bool) {
		if at > handover+80 {
			handover = at + rng.ExpFloat64()*30_000
			phase = rng.Float64() * 20
		}
		d := air(rng)
		wake := math.Ceil((at+d-phase)/20)*20 + phase // downlink DRX
		d = wake - at + air(rng) + 30 + (rng.Float64()*2-1)*3
		if at > handover {
			d = max(d, handover+80-at+30)
		}
		return d, rng.Float64() < 0.002
	}
}

// bursts: Gilbert's two states, 5 % loss in bursts of three on average, on a line
// whose queue explains them.
func bursts() network {
	bad := false
	return func(rng *rand.Rand, _ float64) (float64, bool) {
		if bad {
			bad = rng.Float64() >= 1.0/3
		} else {
			bad = rng.Float64() < 0.0175
		}
		d := 20 + rng.ExpFloat64()*4
		if bad {
			d += 15 * rng.Float64()
		}
		return d, bad
	}
}

// paths: one packet in twenty takes a path 25 ms longer and is overtaken.
func paths() network {
	return func(rng *rand.Rand, _ float64) (float64, bool) {
		d := 20 + rng.ExpFloat64()*2
		if rng.Float64() < 0.05 {
			d += 25 + rng.Float64()*5
		}
		return d, false
	}
}

// spikes: delay jumps by 100 to 250 ms and comes down as the queue empties, as
// Ramjee et al., INFOCOM 1994, found across the Internet; here every 30 s.
func spikes() network {
	start, height := 5000.0, 0.0
	return func(rng *rand.Rand, at float64) (float64, bool) {
		d := 25 + rng.ExpFloat64()*3
		if at > start {
			height = 100 + 150*rng.Float64()
			d = max(d, 25+height-(at-start))
			if at > start+height {
				start = at + rng.ExpFloat64()*30_000
			}
		}
		return d, false
	}
}

var traces = []trace{
	{name: "clean", network: wired, inOrder: true, spurt: 5},
	{name: "wifi", network: wifi, inOrder: true, spurt: 5},
	{name: "lte", network: lte, inOrder: true, spurt: 5},
	{name: "burst-loss", network: bursts, inOrder: true, spurt: 5},
	{name: "reorder", network: paths, spurt: 5},
	{name: "spikes", network: spikes, inOrder: true, spurt: 5},
	{name: "drift+200ppm", network: bursts, inOrder: true, skew: 200e-6, spurt: 40},
	{name: "drift-200ppm", network: bursts, inOrder: true, skew: -200e-6, spurt: 40},
	{name: "drift+5%", network: wired, inOrder: true, skew: 0.05, spurt: 8},
	{name: "drift-5%", network: wired, inOrder: true, skew: -0.05, spurt: 8},
	{name: "pre-roll", network: bursts, inOrder: true, preRoll: 8, spurt: 5},
}

// fastest is the least transit of a trace, ms.
func fastest(ps []sent) float64 {
	low := math.Inf(1)
	for _, p := range ps {
		if !p.lost {
			low = min(low, p.arrives-p.captured)
		}
	}
	return low
}

// byArrival is the indices of the packets that arrive, in the order they do.
func byArrival(ps []sent) (order []int) {
	for i, p := range ps {
		if !p.lost {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(ps[a].arrives, ps[b].arrives) })
	return order
}
