package daemon

import (
	"context"
	"log/slog"
	"time"

	"github.com/talkgate/talkgate/gateway/build"
	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/flight"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/state/floor"
)

// aftermath is how long a recording goes on after what it is kept for.
const aftermath = 5 * time.Second

// recorder is a port's flight recorder, and who writes its recordings out.
type recorder struct {
	cfg    config.Recorder
	ring   *flight.Ring
	log    *slog.Logger
	phase  floor.Phase // observe's: the one before
	looped bool        // observe's: whether there was one
	alarm  bool        // observe's: whether there was an emergency before
	wanted chan string
}

// openRecorder begins to record what is logged, and keeps what a crash left.
// The logger that comes back is recorded.
func openRecorder(cfg config.Config, log *slog.Logger) (*recorder, *slog.Logger, error) {
	about := flight.About{UserID: cfg.Identity.UserID, Channel: cfg.Channel, Version: build.Version()}
	ring, former, err := flight.Open(string(cfg.Recorder.Memory), cfg.Recorder.Size<<20, about)
	if err != nil {
		log.Error("recorder.memory cannot be used; this process records in its own memory, which a crash loses", "err", err)
		if ring, _, err = flight.Open("", cfg.Recorder.Size<<20, about); err != nil {
			return nil, log, err
		}
	}
	log = slog.New(slog.NewMultiHandler(log.Handler(), flight.Notes(ring)))
	r := &recorder{cfg: cfg.Recorder, ring: ring, log: log, wanted: make(chan string, 1)}
	if former != nil {
		r.write(*former, "crash")
	}
	return r, log, nil
}

// Observe keeps a recording of every talk spurt that was taken away, of every loop
// and of every emergency.
func (r *recorder) Observe(s port.Status) {
	if s.Looped && !r.looped {
		r.Keep("loop")
	}
	was := r.phase
	r.phase, r.looped = s.Floor.Phase, s.Looped
	if r.alarm && !s.Emergency {
		r.Keep("emergency")
	}
	r.alarm = s.Emergency
	if was != floor.Talking || s.Floor.Phase != floor.Refused {
		return
	}
	switch s.Floor.Why {
	case floor.Revoked, floor.Banned, floor.Cleared:
		r.Keep("revoked")
	case floor.LeaseExpired:
		r.Keep("lease-expired")
	default:
	}
}

// Keep asks for a recording, and returns at once. One that is asked for while
// another waits for its aftermath is the same.
func (r *recorder) Keep(reason string) {
	select {
	case r.wanted <- reason:
	default:
	}
}

// Run writes what is asked for until ctx ends.
func (r *recorder) Run(ctx context.Context) {
	for {
		select {
		case reason := <-r.wanted:
			select {
			case <-time.After(aftermath):
			case <-ctx.Done():
			}
			r.save(reason)
		case <-ctx.Done():
			return
		}
	}
}

// save writes a recording now.
func (r *recorder) save(reason string) {
	rec, err := r.ring.Snapshot()
	if err != nil {
		r.log.Error("recording cannot be taken", "err", err)
		return
	}
	r.write(rec, reason)
}

// write writes a recording into the directory for them. A port goes on without.
func (r *recorder) write(rec flight.Recording, reason string) {
	if r.cfg.Directory == "" {
		return
	}
	rec.Reason = reason
	path, err := flight.Store{Directory: string(r.cfg.Directory), Keep: r.cfg.Keep}.Save(rec)
	if path == "" {
		r.log.Error("recording is not kept; recorder.directory must be writable and have room", "err", err)
		return
	}
	r.log.Info("recording is kept", "file", path, "reason", reason)
	if err != nil {
		r.log.Warn("old recordings are not removed", "err", err)
	}
}

// close ends the recorder in good order.
func (r *recorder) close() {
	r.ring.Close()
}
