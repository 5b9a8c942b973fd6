// Package fleet is a gateway's part in a fleet: it watches what the gateway is
// told, lets that take effect, and takes it back when it does no good.
//
// What is new is on probation. It is checked first: signature, schema, board. It
// then takes effect, at once or by a restart of the port, and has to keep link
// and Redis for a while. One that does not is taken back by the gateway itself;
// if all is well again with what was good before, the new one is to blame, is
// reported and not tried again. If not, nobody knows, and it is tried again
// later.
//
//	          new document
//	good ───────────────────> probation ──── well all along ────> good
//	 ^                            │ link or Redis missing for too long
//	 │   well again: to blame     v
//	 ├<──────────────────────  aftermath
//	 │                            │ not well either: nobody knows
//	 └<── tried again later ──────┘
//
// The last good documents are kept in a file, with which the gateway starts when
// Redis is away. So is the probation: a gateway whose process ends twice in it
// goes back too.
package fleet
