// Package enroll lets a board become a member of a site with a short code, and keeps
// it one with a key of its own. Both ends of the two protocols are here; neither knows
// of Redis or of a configuration.
//
// # Joining
//
// A hub gives out a [Code], good once and for minutes. Board and hub prove to each
// other by SPAKE2 (RFC 9382) that they know it, without showing it, and derive a key
// that seals all that follows. Whoever is between them, or stands in for the hub, has
// one guess for each attempt and learns nothing else. TLS is not relied on: a board
// that joins does not know the hub's certificate yet. The hub's authority is part of
// what the board receives, and the board connects to it once before it keeps anything.
//
//	board                                     hub
//	POST /api/join {id, share}          ->    counts the attempt
//	                                    <-    {session, share, confirm}
//	POST /api/join/{session} {confirm, box: Request}
//	                                    <-    {box: Reply}, again until it is decided
//	keeps everything under other names
//	POST /api/join/{session} {confirm, box: Request with Commit}
//	                                    <-    {box: Reply}: user, rights and key are in force
//	gives the files their names
//
// # Tokens
//
// An enrolled board holds an Ed25519 key. It asks the hub for a challenge, signs it and
// receives an access token for minutes, as [Tokens] does. What is signed is good once.
package enroll
