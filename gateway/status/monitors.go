package status

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/metrics"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/state/redis"
)

// channelStatus is one of the channels that a port hears, for /status.
type channelStatus struct {
	ID         string `json:"id"`
	Talk       bool   `json:"talk,omitempty"` // the port talks there
	Heard      bool   `json:"heard"`          // this is the one that is heard now
	Taken      bool   `json:"taken"`
	Holder     string `json:"holder,omitempty"`
	HolderName string `json:"holderName,omitempty"`
}

// monitors is what is heard of the channels that a port listens on besides its
// own. Any goroutine may ask.
type monitors struct {
	channels []string // all that may be heard
	listed   []string // those of link.monitor
	floor    FloorReader
}

// FloorReader reads who has the floor of a channel.
type FloorReader interface {
	ReadFloor(ctx context.Context, channel string) (redis.FloorView, error)
}

func newMonitors(cfg config.Config, floor FloorReader) *monitors {
	m := &monitors{listed: cfg.Link.Monitored(), floor: floor}
	m.channels = slices.Compact(slices.Sorted(slices.Values(slices.Concat([]string{cfg.Channel}, cfg.Selector.List(), m.listed))))
	return m
}

// beside are the channels that are listened on from the port's own.
func (m *monitors) beside(own string) []string {
	return slices.DeleteFunc(slices.Clone(m.listed), func(id string) bool { return id == own })
}

// read is all channels, that of the port before the monitored ones; none where
// nothing is monitored. Who talks there is asked of Redis, which may not tell.
func (m *monitors) read(ctx context.Context, own, heard string, s port.Status) []channelStatus {
	if len(m.listed) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, FloorTime)
	defer cancel()
	channels := m.beside(own)
	all := make([]channelStatus, 1+len(channels))
	all[0] = channelStatus{ID: own, Talk: true, Heard: heard == own, Taken: s.Taken, Holder: s.Holder, HolderName: s.HolderName}
	var reads sync.WaitGroup
	for i, id := range channels {
		reads.Go(func() {
			one := channelStatus{ID: id, Heard: heard == id}
			if v, err := m.floor.ReadFloor(ctx, id); err == nil && v.Holder != nil {
				one.Taken, one.Holder, one.HolderName = true, v.Holder.UserID, v.Holder.UserName
			}
			all[1+i] = one
		})
	}
	reads.Wait()
	return all
}

// FloorTime bounds how long Redis is asked who talks.
const FloorTime = time.Second

// register adds which channel is heard.
func (m *monitors) register(registry *metrics.Registry, hears func() string) {
	if len(m.listed) == 0 {
		return
	}
	for _, id := range m.channels {
		registry.Gauge("talkgate_port_channel_heard", "Which of several channels is heard: 1 for the one that is.", metrics.Labels{"channel": id},
			func() float64 { return one(hears() == id) })
	}
}

// registerSelector adds where a port's selector stands.
func registerSelector(registry *metrics.Registry, cfg config.Selector, health *Health) {
	for _, id := range cfg.List() {
		registry.Gauge("talkgate_port_channel_selected", "Which channel the selector stands at: 1 for the one that it does.", metrics.Labels{"channel": id},
			func() float64 { return one(health.Channel() == id) })
	}
}
