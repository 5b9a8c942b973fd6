package console

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/state/redis/fleetstore"
)

// fleetReader reads the gateways' reports from Redis.
type fleetReader interface {
	// WatchReports calls fn with each view, one at a time, until ctx ends.
	WatchReports(ctx context.Context, fn func(fleetstore.ReportsView)) error
}

// seenGateway is a gateway and its JSON for the watchers.
type seenGateway struct {
	Gateway
	text json.RawMessage
}

// Fleet has the latest report of each gateway.
type Fleet struct {
	log *slog.Logger

	mu       sync.Mutex
	known    bool
	gateways map[string]seenGateway
	watchers map[*FleetWatcher]struct{}
}

// NewFleet returns a Fleet without gateways.
func NewFleet(log *slog.Logger) *Fleet {
	return &Fleet{log: log, gateways: map[string]seenGateway{}, watchers: map[*FleetWatcher]struct{}{}}
}

// follow reads the gateways' reports until ctx ends.
func (v *Fleet) follow(ctx context.Context, state fleetReader) {
	if err := state.WatchReports(ctx, v.onReports); err != nil && ctx.Err() == nil {
		v.log.Error("the fleet is not watched", "err", err)
	}
}

// onReports applies a view and wakes the watchers of the gateways that changed.
func (v *Fleet) onReports(r fleetstore.ReportsView) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if r.Known != v.known {
		v.known = r.Known
		for w := range v.watchers {
			w.stateChanged()
		}
	}
	if !r.Known {
		return
	}
	var changed []string
	there := make(map[string]struct{}, len(r.Sightings))
	for _, s := range r.Sightings {
		there[s.Gateway] = struct{}{}
		g := gatewayOf(s)
		text, err := json.Marshal(g)
		if err != nil {
			v.log.Error("gateway cannot be shown", "gateway", s.Gateway, "err", err)
			continue
		}
		if string(v.gateways[s.Gateway].text) != string(text) {
			v.gateways[s.Gateway] = seenGateway{g, text}
			changed = append(changed, s.Gateway)
		}
	}
	if r.Whole {
		for id := range v.gateways {
			if _, ok := there[id]; !ok {
				delete(v.gateways, id)
				changed = append(changed, id)
			}
		}
	}
	for w := range v.watchers {
		w.changed(changed)
	}
}

// All returns the gateways, by ID. known is false until reports were read.
func (v *Fleet) All() (gateways []Gateway, known bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(v.gateways)) {
		gateways = append(gateways, v.gateways[id].Gateway)
	}
	return gateways, v.known
}

// Channels returns the channels of the gateways.
func (v *Fleet) Channels() map[string]struct{} {
	v.mu.Lock()
	defer v.mu.Unlock()
	all := map[string]struct{}{}
	for _, g := range v.gateways {
		if g.Channel != "" {
			all[g.Channel] = struct{}{}
		}
	}
	return all
}

// linked returns the channels that live gateways have a link to.
func (v *Fleet) linked() map[string]struct{} {
	v.mu.Lock()
	defer v.mu.Unlock()
	all := map[string]struct{}{}
	for _, g := range v.gateways {
		if g.Live && g.Link.Up && g.Channel != "" {
			all[g.Channel] = struct{}{}
		}
	}
	return all
}

// channelOf returns the channel of a gateway.
func (v *Fleet) channelOf(id string) (channel string, known bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	g, known := v.gateways[id]
	return g.Channel, known
}

// maxFleetStreams bounds what one user may open.
const maxFleetStreams = 8

// Watch starts an event stream of a user. It returns nil when the user has too many.
func (v *Fleet) Watch(c *auth.Claims) *FleetWatcher {
	v.mu.Lock()
	defer v.mu.Unlock()
	n := 0
	for w := range v.watchers {
		if w.claims.UserID == c.UserID {
			n++
		}
	}
	if n >= maxFleetStreams {
		return nil
	}
	w := newFleetWatcher(c)
	w.changed(slices.Collect(maps.Keys(v.gateways)))
	v.watchers[w] = struct{}{}
	return w
}

// Unwatch ends an event stream.
func (v *Fleet) Unwatch(w *FleetWatcher) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.watchers, w)
}

// fleetNews is one update of an event stream: gateways that are new or have changed, and
// the IDs of those that are gone.
type fleetNews struct {
	Redis    bool              `json:"redis"`
	Gateways []json.RawMessage `json:"gateways"`
	Gone     []string          `json:"gone"`
}

// news returns what has changed for a watcher since the last call. A bearer sees the
// gateways of the channels that it may join.
func (v *Fleet) news(w *FleetWatcher) fleetNews {
	v.mu.Lock()
	defer v.mu.Unlock()
	n := fleetNews{Redis: v.known, Gateways: []json.RawMessage{}, Gone: []string{}}
	for _, id := range w.Take() {
		g, there := v.gateways[id]
		switch {
		case there && w.claims.MayJoin(g.Channel):
			n.Gateways = append(n.Gateways, g.text)
			w.shown[id] = struct{}{}
		default:
			if _, was := w.shown[id]; was {
				delete(w.shown, id)
				n.Gone = append(n.Gone, id)
			}
		}
	}
	return n
}
