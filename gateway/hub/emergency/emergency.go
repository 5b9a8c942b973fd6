// Package emergency follows the emergencies of all events until they are acknowledged.
package emergency

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/gateway/hub/respond"
	"github.com/talkgate/talkgate/state/redis"
)

const (
	// pollInterval is how often the hub looks for channels to watch.
	pollInterval = 2 * time.Second
	// pollTimeout bounds that.
	pollTimeout = 2 * time.Second
	// maxEmergencies bounds how many are kept; the oldest that is over gives way.
	maxEmergencies = 100
	// keptAfter is how long one that is over and acknowledged is still shown.
	keptAfter = 10 * time.Minute
)

// State is what is needed of the shared state to see emergencies.
type State interface {
	Events(ctx context.Context) (map[string]string, error)
	WatchChannel(ctx context.Context, channel string, fn func(redis.FloorView)) error
	Note(redis.AuditEntry)
}

// Emergency is one emergency, in the HTTP API. Times are in ms since 1970.
type Emergency struct {
	ID       string `json:"id"`
	UserID   string `json:"userId"`
	UserName string `json:"userName"`
	// Channel is the one it is spoken on, Channels are all that it is heard on.
	Channel  string   `json:"channel"`
	Channels []string `json:"channels"`
	Since    int64    `json:"since"`
	// Ended is zero while it lasts.
	Ended        int64           `json:"ended,omitempty"`
	Acknowledged *Acknowledgment `json:"acknowledged"`

	now map[string]struct{} // the channels that it has the floor of
}

// Acknowledgment is who took note of an emergency, and when.
type Acknowledgment struct {
	By string `json:"by"`
	At int64  `json:"at"`
}

// Monitor are those that were begun on any channel since the hub started, whoever the
// hub of the talker is: all of them have the floors in Redis.
type Monitor struct {
	state State
	// gateways are the channels that gateways are on.
	gateways func() map[string]struct{}
	log      *slog.Logger

	mu      sync.Mutex
	all     []*Emergency // oldest first
	waiting map[chan struct{}]struct{}
}

// New returns a monitor that knows of no emergency.
func New(state State, gateways func() map[string]struct{}, log *slog.Logger) *Monitor {
	return &Monitor{state: state, gateways: gateways, log: log, waiting: map[chan struct{}]struct{}{}}
}

// Watch returns a channel that has a value after each change; unwatch must follow.
func (e *Monitor) Watch() chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	wake := make(chan struct{}, 1)
	wake <- struct{}{}
	e.waiting[wake] = struct{}{}
	return wake
}

// Unwatch ends what Watch began.
func (e *Monitor) Unwatch(wake chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.waiting, wake)
}

// changed wakes the watchers. e.mu is held.
func (e *Monitor) changed() {
	for wake := range e.waiting {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}

// onFloor brings the emergencies up to date with the floor of a channel.
func (e *Monitor) onFloor(channel string, f redis.FloorView, now time.Time) {
	if !f.Known {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	id := ""
	if h := f.Holder; h != nil && h.Emergency != "" {
		id = h.Emergency + "/" + h.UserID + "/" + strconv.FormatInt(h.Since.UnixMilli(), 10)
		e.Begin(id, channel, h)
	}
	for _, one := range e.all {
		if _, has := one.now[channel]; !has || one.ID == id {
			continue
		}
		delete(one.now, channel)
		if len(one.now) == 0 {
			one.Ended = now.UnixMilli()
			e.changed()
		}
	}
}

// Begin notes that an emergency has the floor of a channel. e.mu is held.
func (e *Monitor) Begin(id, channel string, h *redis.Holder) {
	i := slices.IndexFunc(e.all, func(one *Emergency) bool { return one.ID == id })
	if i < 0 {
		e.forget(time.Now())
		if len(e.all) == maxEmergencies {
			over := max(0, slices.IndexFunc(e.all, func(one *Emergency) bool { return one.Ended != 0 }))
			e.all = slices.Delete(e.all, over, over+1)
		}
		e.all = append(e.all, &Emergency{ID: id, UserID: h.UserID, UserName: cmp.Or(h.UserName, h.UserID), Channel: h.Emergency, Since: h.Since.UnixMilli(), now: map[string]struct{}{}})
		i = len(e.all) - 1
	}
	one := e.all[i]
	if _, has := one.now[channel]; has {
		return
	}
	one.now[channel] = struct{}{}
	one.Ended = 0
	if !slices.Contains(one.Channels, channel) {
		one.Channels = append(one.Channels, channel)
		slices.Sort(one.Channels)
	}
	e.changed()
}

// forget drops those that are long over and acknowledged. e.mu is held.
func (e *Monitor) forget(now time.Time) {
	old := now.Add(-keptAfter).UnixMilli()
	e.all = slices.DeleteFunc(e.all, func(one *Emergency) bool {
		return one.Ended != 0 && one.Ended < old && one.Acknowledged != nil
	})
}

// Of are the emergencies on channels that a bearer may see, the oldest first.
func (e *Monitor) Of(c *auth.Claims) []Emergency {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.forget(time.Now())
	list := []Emergency{}
	for _, one := range e.all {
		if one.visible(c) {
			shown := *one
			shown.Channels = slices.Clone(one.Channels)
			list = append(list, shown)
		}
	}
	return list
}

func (one *Emergency) visible(c *auth.Claims) bool {
	return c.MayJoin(one.Channel) || slices.ContainsFunc(one.Channels, c.MayJoin)
}

// acknowledge notes that a dispatcher took note; first says that nobody had before.
func (e *Monitor) acknowledge(id string, c *auth.Claims, now time.Time) (one Emergency, first, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	i := slices.IndexFunc(e.all, func(one *Emergency) bool { return one.ID == id && one.visible(c) })
	if i < 0 {
		return Emergency{}, false, false
	}
	if first = e.all[i].Acknowledged == nil; first {
		e.all[i].Acknowledged = &Acknowledgment{By: cmp.Or(c.UserName, c.UserID), At: now.UnixMilli()}
		e.changed()
	}
	return *e.all[i], first, true
}

// Run follows the floors of all channels of events, and of those that
// gateways are on, until ctx ends.
func (e *Monitor) Run(ctx context.Context) {
	var watches sync.WaitGroup
	defer watches.Wait()
	followed := map[string]context.CancelFunc{}
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		for channel := range e.missing(ctx, followed) {
			one, cancel := context.WithCancel(ctx)
			followed[channel] = cancel
			watches.Go(func() {
				err := e.state.WatchChannel(one, channel, func(f redis.FloorView) { e.onFloor(channel, f, time.Now()) })
				if err != nil && one.Err() == nil {
					e.log.Error("emergencies on a channel are not seen", "channel", channel, "err", err)
				}
			})
		}
		select {
		case <-ctx.Done():
			for _, cancel := range followed {
				cancel()
			}
			return
		case <-tick.C:
		}
	}
}

// missing are the channels that are not followed yet. It ends the watches of those that
// are of no event and of no gateway any more.
func (e *Monitor) missing(ctx context.Context, followed map[string]context.CancelFunc) map[string]struct{} {
	ctx, done := context.WithTimeout(ctx, pollTimeout)
	defer done()
	events, err := e.state.Events(ctx)
	if err != nil {
		return nil
	}
	wanted := e.gateways()
	for channel := range events {
		wanted[channel] = struct{}{}
	}
	for channel, cancel := range followed {
		if _, still := wanted[channel]; !still {
			cancel()
			delete(followed, channel)
			e.onFloor(channel, redis.FloorView{Known: true}, time.Now())
		}
	}
	maps.DeleteFunc(wanted, func(channel string, _ struct{}) bool {
		_, has := followed[channel]
		return has || !auth.ValidName(channel)
	})
	return wanted
}

// Answer answers POST /api/emergencies/acknowledge?id=….
func (e *Monitor) Answer(w http.ResponseWriter, r *http.Request, c *auth.Claims) {
	one, first, ok := e.acknowledge(r.URL.Query().Get("id"), c, time.Now())
	if !ok {
		respond.Error(w, http.StatusNotFound, "there is no such emergency on a channel of yours")
		return
	}
	if first {
		e.log.Info("emergency acknowledged", "of", one.UserID, "channel", one.Channel, "by", c.UserID)
		e.state.Note(redis.AuditEntry{ActorID: c.UserID, Action: redis.ActionAcknowledged, TargetID: one.UserID, Metadata: map[string]any{"channel": one.Channel}})
	}
	respond.JSON(w, http.StatusOK, one)
}
