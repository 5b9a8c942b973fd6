package fleetstore

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis/conn"
)

const (
	// reportsGather is how long the IDs of gateways that reported are collected
	// before their reports are read together.
	reportsGather = 200 * time.Millisecond
	// reportsSweep is how often all are read: a heartbeat that stays away tells
	// nobody.
	reportsSweep = 5 * time.Second
)

// ReportsView is a reading of gateways' reports.
type ReportsView struct {
	// Known is false when they could not be read; nothing else is set then.
	Known bool
	// Whole says that these are all there are; otherwise those that reported.
	Whole     bool
	Sightings []fleet.Sighting
}

// WatchReports follows the reports of all gateways until ctx ends, then returns
// nil: all of them first, after every (re)subscription and every few seconds, and
// in between those that reported. fn runs on one goroutine and must return soon.
//
// A published ID is a hint to read that gateway's report, and nothing else.
func (s *Store) WatchReports(ctx context.Context, fn func(ReportsView)) error {
	f, err := s.conn.Listen(topicReports)
	if err != nil {
		return err
	}
	defer f.Close()
	w := reportsWatch{store: s, waiting: map[string]struct{}{}, whole: true}
	gather, sweep := time.NewTimer(0), time.NewTicker(reportsSweep)
	defer gather.Stop()
	defer sweep.Stop()
	gathering := true
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-f.Wake():
			if w.onNotes(f.Notes()) && !gathering {
				gathering = true
				gather.Reset(reportsGather)
			}
		case <-sweep.C:
			w.whole, gathering = true, true
			gather.Reset(0)
		case <-gather.C:
			gathering = false
			v := w.read(ctx)
			if ctx.Err() != nil {
				return nil
			}
			fn(v)
		}
	}
}

// reportsWatch is what is to be read next.
type reportsWatch struct {
	store   *Store
	waiting map[string]struct{}
	whole   bool
}

// onNotes marks what has to be read again. It reports whether there is anything.
func (w *reportsWatch) onNotes(notes []conn.Note) (something bool) {
	for _, n := range notes {
		switch {
		case n.Fresh, len(w.waiting) == conn.FeedLimit:
			w.whole, something = true, true
		case n.Topic != "" && fleet.ValidID(n.Payload):
			w.waiting[n.Payload], something = struct{}{}, true
		}
	}
	return something
}

func (w *reportsWatch) read(ctx context.Context) ReportsView {
	v := ReportsView{Known: true, Whole: w.whole}
	ids := slices.Collect(maps.Keys(w.waiting))
	clear(w.waiting)
	ctx, cancel := context.WithTimeout(ctx, conn.ReadTimeout)
	defer cancel()
	var err error
	if w.whole {
		v.Sightings, err = w.store.Reports(ctx)
	} else {
		v.Sightings, err = w.store.ReadReports(ctx, ids...)
	}
	if err != nil {
		w.store.conn.Log.Warn("reports of gateways cannot be read", "err", err)
		w.whole = true // what was asked for is not forgotten
		return ReportsView{}
	}
	w.whole = false
	return v
}
