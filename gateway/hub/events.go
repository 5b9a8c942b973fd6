package hub

import (
	"net/http"
	"time"
)

// roomKeepalive is that where the hub hears nobody and sends no levels, by
// which a page that talks knows that it is there.
const roomKeepalive = time.Second

// events answers GET /api/channels/{channel}/events with server-sent events.
func (h *Hub) events(w http.ResponseWriter, r *http.Request, c *Claims) {
	ch := h.channels.enter(r.PathValue("channel"))
	defer h.channels.leave(ch)
	m := ch.join(c.UserID, c.UserName)
	defer ch.part(m)
	watch := ch.openStream(m)
	if watch == nil {
		writeError(w, http.StatusTooManyRequests, "you have as many event streams on this channel as you may: end one")
		return
	}
	defer ch.closeStream(m, watch)
	out := newEventStream(w)
	alive := keepalive
	if h.cfg.Rooms != nil {
		alive = roomKeepalive
	}
	tick := time.NewTicker(alive)
	defer tick.Stop()
	select {
	case <-ch.known: // so that the first state says more than that nothing is known yet
	case <-r.Context().Done():
		return
	}
	for {
		var err error
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
			err = out.comment()
		case <-watch.wake:
			err = forward(out, ch, watch)
		}
		if err != nil {
			return
		}
	}
}

// forward sends what a watcher collected.
func forward(out *eventStream, ch *channel, watch *watcher) error {
	stale, notices, levels := watch.take()
	for _, n := range notices {
		if err := out.send("notice", n); err != nil {
			return err
		}
	}
	if stale {
		if err := out.send("state", ch.shownState()); err != nil {
			return err
		}
	}
	if levels != nil {
		return out.send("levels", struct {
			Levels map[string]float64 `json:"levels"`
		}{levels})
	}
	return nil
}
