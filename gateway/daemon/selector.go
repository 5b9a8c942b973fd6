package daemon

import (
	"slices"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/options"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/gateway/selector"
)

// setSelector lets a port be on the channels that its selector chooses from, each
// with its link. Where there is none it is on one.
func setSelector(opt *port.Options, cfg config.Config, links Links, wrap func(port.Link) port.Link, last string) error {
	opt.Lock = links.Lock()
	if cfg.Selector.Kind == "none" {
		opt.Hardware.Selector = nil // a virtual radio has one
		opt.Link = wrap(links.Link(cfg.Channel))
		return nil
	}
	for i, id := range links.Channels() {
		said, err := options.Sound(cfg, id, i+1)
		if err != nil {
			return config.Mistake{Err: err}
		}
		opt.Channels = append(opt.Channels, port.Channel{ID: id, Link: wrap(links.Link(id)), Said: said})
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
