// Package port is the port: one radio, or one button with a microphone and a loudspeaker,
// on one channel.
//
// A Port is an actor. Everything that happens (the button, the answers of Redis, the link
// coming and going) reaches one goroutine as an event, in order. The talk-rights machine
// (state/floor) says what follows, and the actor does it. Two paths run beside it and
// never wait for it: the sender, from the microphone to the link, behind the TalkGate; and
// the receiver, from the link to the loudspeaker.
//
//	inputs ──┐                       ┌─> lamps, tones, Changes
//	rights ──┤                       ├─> lockclient ──> speaker lock (Redis)
//	floor  ──┼─> actor ─> floor.Step ┼─> TalkGate ─┐
//	link   ──┘                       └─> sender    v
//	microphone ─> capture ─> pre-roll ─> Opus ─> TalkGate ─> link
//	loudspeaker <─ output <─ playout <─ receive <─────────── link
//
// The parts are packages of their own below this one; New connects them. Each owns its
// goroutines and its state. The interfaces declared here are what a Port needs of its
// surroundings.
package port
