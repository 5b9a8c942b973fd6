package daemon

import (
	"context"
	"slices"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/options"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/gateway/port/mixer"
	"github.com/talkgate/talkgate/gateway/selector"
	"github.com/talkgate/talkgate/gateway/status"
)

// setChannels sets the channels that a port can be on, each with its link, and the
// selector that chooses among them.
func setChannels(opt *port.Options, cfg config.Config, links Links, last string) error {
	opt.Lock = links.Lock()
	if cfg.Selector.Kind == "none" {
		opt.Hardware.Selector = nil // a virtual radio has one
		opt.Channels = []port.Channel{{ID: cfg.Channel, Link: links.Link(cfg.Channel), Monitored: cfg.Monitored()}}
		return nil
	}
	for i, id := range links.Channels() {
		said, err := options.Sound(cfg, id, i+1)
		if err != nil {
			return config.Mistake{Err: err}
		}
		on := cfg
		on.Channel = id
		opt.Channels = append(opt.Channels, port.Channel{ID: id, Link: links.Link(id), Monitored: on.Monitored(), Said: said})
	}
	kind, err := selector.New(cfg.Selector.Kind, len(links.Channels()))
	if err != nil {
		return err
	}
	if !slices.Contains(links.Channels(), last) {
		last = cfg.Channel
	}
	opt.Hardware.Selector = opt.Hardware.Selector[:kind.Lines()]
	s, err := selector.Open(kind, opt.Hardware.Selector, slices.Index(links.Channels(), last), cfg.Selector.Settle)
	if err != nil {
		return err
	}
	opt.Selector = s
	return nil
}

// Monitor says what is heard of several channels. Who calls an emergency is asked of
// Redis.
func Monitor(cfg config.Monitor, floor status.FloorReader) mixer.Config {
	return mixer.Config{Duck: cfg.Mode == "duck", Scan: cfg.Mode == "scan", Hold: cfg.Hold, Emergency: func(ctx context.Context, channel string) bool {
		ctx, cancel := context.WithTimeout(ctx, status.FloorTime)
		defer cancel()
		v, err := floor.ReadFloor(ctx, channel)
		return err == nil && v.Holder != nil && v.Holder.Emergency != ""
	}}
}
