// Package fleet applies a fleet's signed documents on one gateway, and rolls them back
// when the gateway loses its link or Redis with them.
//
// The agent checks a new document first: signature, schema, board. It then applies it,
// live or by a restart of the port, and puts it on probation: link and Redis have to
// stay up. If they do not, the agent goes back to the last good documents. If the
// gateway recovers with those, the new document is rejected: it is reported and not
// tried again. If it does not recover, the cause is unknown, and the document is tried
// again later.
//
//	          new document
//	good ───────────────────> probation ──── well all along ────> good
//	 ^                            │ link or Redis missing for too long
//	 │   recovered: rejected      v
//	 ├<──────────────────────  aftermath
//	 │                            │ not well either: cause unknown
//	 └<── tried again later ──────┘
//
// A file keeps the last good documents, so the gateway starts without Redis. It keeps
// the probation, too: a gateway whose process ends twice on probation goes back.
package fleet
