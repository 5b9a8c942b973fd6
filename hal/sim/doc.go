// Package sim is a virtual radio: a button, a carrier-operated relay, a PTT-out
// line, a lamp panel, a microphone that speaks a recorded sentence, and a
// loudspeaker that is metered. Its receiver opens the relay with the sound, and
// leaves the noise of its squelch behind it.
//
// The sound card paces its port by timers of its own, exactly: sample n is due
// n/48000 s after the card was started, however late the process woke up for
// the samples before it, and the times it reports are those of the card's
// clock, not of the wake-up. In a testing/synctest bubble the whole radio runs
// on the bubble's time.
//
// Each part can be made to fail as hardware does: Unplug takes it away, Freeze
// makes the card stall, Overrun makes it lose samples.
//
// speech.wav is "North gate to base, radio check."; its licence lies beside it.
package sim
