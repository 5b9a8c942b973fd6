package demo

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
)

// Report is what a selftest found. The figures in milliseconds depend on the
// machine and decide nothing; the counts do.
type Report struct {
	// Presses is how many talk spurts were asked for that had to be granted.
	Presses int `json:"presses"`
	// PressToFirstPacket is from the contact's closing until the first packet
	// was handed to the socket.
	PressToFirstPacket Tail `json:"press_to_first_packet_ms"`
	// ClippedSamples is the worst loss at either end of a talk spurt, in
	// samples between press and release that no loudspeaker played.
	ClippedSamples Clipped `json:"clipped_samples"`
	// Revocations is how many talk spurts were ended by taking the rights away.
	Revocations int `json:"revocations"`
	// RevokeToLastPacket is from the asking for a revocation, before anything is
	// written or published, until the last packet was handed to the socket.
	RevokeToLastPacket Tail `json:"revoke_to_last_packet_ms"`
	// PacketsAfterRevoke counts packets handed to the socket, or heard by the
	// other member, after the port had read its revocation. One packet of each
	// talk spurt may have been on its way and is counted apart.
	PacketsAfterRevoke int `json:"packets_after_revoke"`
	// PacketsInFlight counts those that were on their way.
	PacketsInFlight int `json:"packets_in_flight"`
	// MouthToEar is from the capture of a sample until it is heard.
	MouthToEar Usual `json:"mouth_to_ear_ms"`
	// Collisions is how often two radios were pressed at once.
	Collisions int `json:"collisions"`
	// DoubleTalkFrames counts frames that were sent while another member's talk
	// spurt was under way, and frames heard in the midst of another's.
	DoubleTalkFrames int `json:"double_talk_frames"`
	// AllocsPerFrame counts heap allocations of talkgate's own code.
	AllocsPerFrame Allocs `json:"allocs_per_frame"`
	// RSS is what the whole process, hub, Redis and radios, has in memory.
	RSS float64 `json:"rss_mib"`
	// StartToOnAir is from the start of the process until every radio may talk.
	StartToOnAir float64 `json:"start_to_on_air_ms"`
	// Disturbed counts talk spurts that were tried again because the machine did
	// not keep up with a virtual sound card.
	Disturbed int `json:"disturbed"`
	// Faults says in words what is wrong, and is absent when OK.
	Faults []string `json:"faults,omitempty"`
	// OK is false when a count is wrong.
	OK bool `json:"ok"`
}

// Tail is a distribution of which the worst matters.
type Tail struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Usual is a distribution of which the usual matters.
type Usual struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
}

// Clipped is in samples of 1/48000 s.
type Clipped struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// worst makes each end the worse of two.
func (c *Clipped) worst(d Clipped) {
	c.Start, c.End = max(c.Start, d.Start), max(c.End, d.End)
}

// Allocs are per 20 ms frame, sending and receiving.
type Allocs struct {
	TX float64 `json:"tx"`
	RX float64 `json:"rx"`
}

func tail(d []time.Duration) Tail {
	return Tail{P50: quantile(d, 0.50), P99: quantile(d, 0.99), Max: quantile(d, 1)}
}

func usual(d []time.Duration) Usual {
	return Usual{P50: quantile(d, 0.50), P95: quantile(d, 0.95)}
}

// quantile is in milliseconds, to the hundredth; the nearest rank, 0 of nothing.
func quantile(d []time.Duration, q float64) float64 {
	if len(d) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(d))
	rank := max(0, int(math.Ceil(q*float64(len(sorted))))-1)
	return millis(sorted[rank])
}

func millis(d time.Duration) float64 {
	return math.Round(float64(d)/float64(time.Millisecond)*100) / 100
}

// check sets OK, and Faults where a count is wrong.
func (r *Report) check(presses, revocations int) {
	check := func(wrong bool, format string, args ...any) {
		if wrong {
			r.Faults = append(r.Faults, fmt.Sprintf(format, args...))
		}
	}
	check(r.Presses < presses, "%d presses were heard, expected %d", r.Presses, presses)
	check(r.Revocations < revocations, "%d revocations silenced a radio, expected %d", r.Revocations, revocations)
	check(r.ClippedSamples != Clipped{}, "%d samples clipped at the start and %d at the end of a talk spurt, expected none", r.ClippedSamples.Start, r.ClippedSamples.End)
	check(r.PacketsAfterRevoke > 0, "%d packets after a revocation, expected none", r.PacketsAfterRevoke)
	check(r.DoubleTalkFrames > 0, "%d frames of two talkers at once, expected none", r.DoubleTalkFrames)
	check(r.AllocsPerFrame != Allocs{}, "%v allocations a frame sending and %v receiving, expected none", r.AllocsPerFrame.TX, r.AllocsPerFrame.RX)
	r.OK = len(r.Faults) == 0
}

// Print writes the report for a reader, with what is aimed at.
func (r *Report) Print(w io.Writer) error {
	var b strings.Builder
	row := func(what, format string, args ...any) {
		fmt.Fprintf(&b, "%-34s "+format+"\n", append([]any{what}, args...)...)
	}
	row("presses", "%d", r.Presses)
	row("press to first packet, ms", "p50 %.2f  p99 %.2f  max %.2f  (aim: p99 30)", r.PressToFirstPacket.P50, r.PressToFirstPacket.P99, r.PressToFirstPacket.Max)
	row("clipped samples", "start %d  end %d  (must be 0)", r.ClippedSamples.Start, r.ClippedSamples.End)
	row("revocations", "%d", r.Revocations)
	row("revocation to last packet, ms", "p50 %.2f  p99 %.2f  max %.2f  (aim: p99 5)", r.RevokeToLastPacket.P50, r.RevokeToLastPacket.P99, r.RevokeToLastPacket.Max)
	row("packets after a revocation", "%d  (must be 0; on their way: %d)", r.PacketsAfterRevoke, r.PacketsInFlight)
	row("mouth to ear, ms", "p50 %.2f  p95 %.2f  (aim: p95 90)", r.MouthToEar.P50, r.MouthToEar.P95)
	row("double-talk frames", "%d in %d collisions  (must be 0)", r.DoubleTalkFrames, r.Collisions)
	row("allocations a frame", "sending %v  receiving %v  (must be 0)", r.AllocsPerFrame.TX, r.AllocsPerFrame.RX)
	row("memory of the whole process, MiB", "%.1f", r.RSS)
	row("start to on air, ms", "%.0f  (aim: 1000)", r.StartToOnAir)
	for _, f := range r.Faults {
		row("WRONG", "%s", f)
	}
	if r.OK {
		row("every count is right", "")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
