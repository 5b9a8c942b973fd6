package hub

import (
	"net/http"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/gateway/hub/channel"
	"github.com/talkgate/talkgate/gateway/hub/respond"
)

// roomKeepalive is that where the hub hears nobody and sends no levels, by
// which a page that talks knows that it is there.
const roomKeepalive = time.Second

// events answers GET /api/channels/{channel}/events with server-sent events.
func (h *Hub) events(w http.ResponseWriter, r *http.Request, c *auth.Claims) {
	ch := h.channels.Enter(r.PathValue("channel"))
	defer h.channels.Leave(ch)
	m := ch.Join(c.UserID, c.UserName)
	defer ch.Part(m)
	watch := ch.OpenStream(m)
	if watch == nil {
		respond.Error(w, http.StatusTooManyRequests, "you have as many event streams on this channel as you may: end one")
		return
	}
	defer ch.CloseStream(m, watch)
	out := respond.NewEventStream(w)
	alive := respond.Keepalive
	if h.cfg.Rooms != nil {
		alive = roomKeepalive
	}
	tick := time.NewTicker(alive)
	defer tick.Stop()
	select {
	case <-ch.Known: // so that the first state says more than that nothing is known yet
	case <-r.Context().Done():
		return
	}
	for {
		var err error
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
			err = out.Comment()
		case <-watch.Wake:
			err = writeNews(out, ch, watch)
		}
		if err != nil {
			return
		}
	}
}

// writeNews sends what a watcher collected.
func writeNews(out *respond.EventStream, ch *channel.Channel, watch *channel.Watcher) error {
	stale, notices, levels := watch.Take()
	for _, n := range notices {
		if err := out.Send("notice", n); err != nil {
			return err
		}
	}
	if stale {
		if err := out.Send("state", ch.ShownState()); err != nil {
			return err
		}
	}
	if levels != nil {
		return out.Send("levels", struct {
			Levels map[string]float64 `json:"levels"`
		}{levels})
	}
	return nil
}
