// Package port is the port: one radio, or one button with a microphone and a
// loudspeaker, on one channel.
//
// A Port is an actor. Everything that happens — the button, the answers of
// Redis, the link coming and going — reaches one goroutine as an event; the
// talk-rights machine (state/floor) says what follows, and the actor does it.
// Two paths run beside it and never wait for it: the talker, from the
// microphone to the link, behind the TalkGate; and the playout, from the link
// to the loudspeaker.
//
//	button ──┐                       ┌─> lamps, tones
//	rights ──┤                       ├─> keeper ──> speaker lock (Redis)
//	floor  ──┼─> actor ─> floor.Step ┼─> TalkGate ─┐
//	link   ──┘                       └─> talker    v
//	microphone ─> pre-roll ────────────> Opus ─> TalkGate ─> link
//	loudspeaker <─ playout <─ jitter buffer <─────────────── link
//
// The interfaces declared here are what a Port needs of its surroundings.
package port

import "errors"

// ErrLinkDown is returned by a Link that has no connection to send on.
var ErrLinkDown = errors.New("link is down")
