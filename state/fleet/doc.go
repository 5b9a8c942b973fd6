// Package fleet is what a fleet of gateways agrees on: which configuration each
// of them ought to have, whose word counts for that, and how a new one makes its
// way through the fleet; and what gateways and those who look after them tell one
// another. It is pure: no I/O, no clock, no goroutine. Where all of it is kept is
// the business of state/redis.
//
// A Document gives some keys of the configuration to the gateways of one Scope:
// to all (defaults), to a group, or to one gateway. What a gateway runs with is
// merged from the lowest to the highest, key by key, and the higher one counts:
//
//	talkgate's own defaults < the local file < defaults < group < gateway
//
// A Document is signed as it is stored: an Envelope is a line of signature and
// the very bytes that were signed. The version of a document grows with every
// apply and is never used twice; documents of one apply share it.
//
// A Rollout lets some gateways, the canaries, try an apply before the others.
// Nobody has to drive it: a canary that kept link and Redis for the whole hold
// says that it passed, and with the last of them the rollout is open to all; one
// that did not halts it, and all go back to what was settled before.
//
// A Report is a gateway's heartbeat.
package fleet
