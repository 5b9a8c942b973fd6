// Package flight is the flight recorder of a port: the last minutes of what was
// sent, what was heard and what happened, on one monotonic clock.
//
// A Ring keeps them in memory of a fixed size. Backed by a file on a tmpfs it
// outlives the process: whatever ends a port, kill -9 included, its last minutes
// are found when it starts again, and another process reads them while it runs.
//
// A port knows nothing of its recorder. Link stands between port and link and
// takes the Opus frames that pass; Notes is a log handler, and whatever a port
// logs is an event of the recording, at every level. Both allocate nothing for a
// frame and wait for nobody.
//
// A Recording is what a Ring held at an instant. As a file it is a zip archive
// that needs no talkgate to be listened to: recording.json, events.jsonl, and
// sent.ogg and heard.ogg, which begin at the same instant.
package flight
