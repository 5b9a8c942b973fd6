package hub

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

	"github.com/talkgate/talkgate/state/redis"
)

const (
	// emergencyPace is how often the hub looks for channels to watch.
	emergencyPace = 2 * time.Second
	// emergencyTime bounds that.
	emergencyTime = 2 * time.Second
	// maxEmergencies bounds how many are kept; the oldest that is over gives way.
	maxEmergencies = 100
	// emergencyKept is how long one that is over and acknowledged is still shown.
	emergencyKept = 10 * time.Minute
)

// emergencyState is what is needed of the shared state to see emergencies.
type emergencyState interface {
	Events(ctx context.Context) (map[string]string, error)
	WatchChannel(ctx context.Context, channel string, fn func(redis.FloorView)) error
	Note(redis.AuditEntry)
}

// emergency is one emergency, in the HTTP API. Times are in ms since 1970.
type emergency struct {
	ID       string `json:"id"`
	UserID   string `json:"userId"`
	UserName string `json:"userName"`
	// Channel is the one it is spoken on, Channels are all that it is heard on.
	Channel  string   `json:"channel"`
	Channels []string `json:"channels"`
	Since    int64    `json:"since"`
	// Ended is zero while it lasts.
	Ended        int64           `json:"ended,omitempty"`
	Acknowledged *acknowledgment `json:"acknowledged"`

	now map[string]struct{} // the channels that it has the floor of
}

// acknowledgment is who took note of an emergency, and when.
type acknowledgment struct {
	By string `json:"by"`
	At int64  `json:"at"`
}

// emergencies are those that were begun on any channel since the hub started, whoever the
// hub of the talker is: all of them have the floors in Redis.
type emergencies struct {
	state emergencyState
	// gateways are the channels that gateways are on.
	gateways func() map[string]struct{}
	log      *slog.Logger

	mu      sync.Mutex
	all     []*emergency // oldest first
	waiting map[chan struct{}]struct{}
}

func newEmergencies(state emergencyState, gateways func() map[string]struct{}, log *slog.Logger) *emergencies {
	return &emergencies{state: state, gateways: gateways, log: log, waiting: map[chan struct{}]struct{}{}}
}

// watch returns a channel that has a value after each change; unwatch must follow.
func (e *emergencies) watch() chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	wake := make(chan struct{}, 1)
	wake <- struct{}{}
	e.waiting[wake] = struct{}{}
	return wake
}

func (e *emergencies) unwatch(wake chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.waiting, wake)
}

// changed wakes the watchers. e.mu is held.
func (e *emergencies) changed() {
	for wake := range e.waiting {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}

// onFloor brings the emergencies up to date with the floor of a channel.
func (e *emergencies) onFloor(channel string, f redis.FloorView, now time.Time) {
	if !f.Known {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	id := ""
	if h := f.Holder; h != nil && h.Emergency != "" {
		id = h.Emergency + "/" + h.UserID + "/" + strconv.FormatInt(h.Since.UnixMilli(), 10)
		e.begin(id, channel, h)
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

// begin notes that an emergency has the floor of a channel. e.mu is held.
func (e *emergencies) begin(id, channel string, h *redis.Holder) {
	i := slices.IndexFunc(e.all, func(one *emergency) bool { return one.ID == id })
	if i < 0 {
		e.forget(time.Now())
		if len(e.all) == maxEmergencies {
			over := max(0, slices.IndexFunc(e.all, func(one *emergency) bool { return one.Ended != 0 }))
			e.all = slices.Delete(e.all, over, over+1)
		}
		e.all = append(e.all, &emergency{ID: id, UserID: h.UserID, UserName: cmp.Or(h.UserName, h.UserID), Channel: h.Emergency, Since: h.Since.UnixMilli(), now: map[string]struct{}{}})
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
func (e *emergencies) forget(now time.Time) {
	old := now.Add(-emergencyKept).UnixMilli()
	e.all = slices.DeleteFunc(e.all, func(one *emergency) bool {
		return one.Ended != 0 && one.Ended < old && one.Acknowledged != nil
	})
}

// of are the emergencies on channels that a bearer may see, the oldest first.
func (e *emergencies) of(c *Claims) []emergency {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.forget(time.Now())
	list := []emergency{}
	for _, one := range e.all {
		if one.visible(c) {
			shown := *one
			shown.Channels = slices.Clone(one.Channels)
			list = append(list, shown)
		}
	}
	return list
}

func (one *emergency) visible(c *Claims) bool {
	return c.MayJoin(one.Channel) || slices.ContainsFunc(one.Channels, c.MayJoin)
}

// acknowledge notes that a dispatcher took note; first says that nobody had before.
func (e *emergencies) acknowledge(id string, c *Claims, now time.Time) (one emergency, first, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	i := slices.IndexFunc(e.all, func(one *emergency) bool { return one.ID == id && one.visible(c) })
	if i < 0 {
		return emergency{}, false, false
	}
	if first = e.all[i].Acknowledged == nil; first {
		e.all[i].Acknowledged = &acknowledgment{By: cmp.Or(c.UserName, c.UserID), At: now.UnixMilli()}
		e.changed()
	}
	return *e.all[i], first, true
}

// run follows the floors of all channels of events, and of those that
// gateways are on, until ctx ends.
func (e *emergencies) run(ctx context.Context) {
	var watches sync.WaitGroup
	defer watches.Wait()
	followed := map[string]context.CancelFunc{}
	tick := time.NewTicker(emergencyPace)
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
func (e *emergencies) missing(ctx context.Context, followed map[string]context.CancelFunc) map[string]struct{} {
	ctx, done := context.WithTimeout(ctx, emergencyTime)
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
		return has || !validName(channel)
	})
	return wanted
}

// answer answers POST /api/emergencies/acknowledge?id=….
func (e *emergencies) answer(w http.ResponseWriter, r *http.Request, c *Claims) {
	one, first, ok := e.acknowledge(r.URL.Query().Get("id"), c, time.Now())
	if !ok {
		writeError(w, http.StatusNotFound, "there is no such emergency on a channel of yours")
		return
	}
	if first {
		e.log.Info("emergency acknowledged", "of", one.UserID, "channel", one.Channel, "by", c.UserID)
		e.state.Note(redis.AuditEntry{ActorID: c.UserID, Action: redis.ActionAcknowledged, TargetID: one.UserID, Metadata: map[string]any{"channel": one.Channel}})
	}
	writeJSON(w, http.StatusOK, one)
}
