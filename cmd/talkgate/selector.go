package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/gateway/selector"
	"github.com/talkgate/talkgate/media"
)

// setSelector lets a port be on the channels that its selector chooses from, each
// with its link. Where there is none it is on one.
func setSelector(opt *port.Options, cfg config.Config, links *portLinks, wrap func(port.Link) port.Link, last string) error {
	opt.Lock = links.locks
	if cfg.Selector.Kind == "none" {
		opt.Hardware.Selector = nil // a virtual radio has one
		opt.Link = wrap(links.links[cfg.Channel])
		return nil
	}
	for i, id := range links.channels {
		said, err := saidOf(cfg, id, i+1)
		if err != nil {
			return config.Mistake{Err: err}
		}
		opt.Channels = append(opt.Channels, port.Channel{ID: id, Link: wrap(links.links[id]), Said: said})
	}
	kind, err := selector.New(cfg.Selector.Kind, len(links.channels))
	if err != nil {
		return err
	}
	if !slices.Contains(links.channels, last) {
		last = cfg.Channel
	}
	opt.Hardware.Selector = opt.Hardware.Selector[:kind.Lines()]
	s, err := selector.Open(kind, opt.Hardware.Selector, slices.Index(links.channels, last), cfg.Selector.Settle)
	if err != nil {
		return err
	}
	opt.Selector = s
	return nil
}

// saidOf is what tells that a channel, the number of the selector's, was chosen.
func saidOf(cfg config.Config, channel string, number int) ([]int16, error) {
	s, gain := cfg.Selector, float64(cfg.Audio.Tones.Gain)
	if s.Sounds != "" {
		path := filepath.Join(string(s.Sounds), channel+".wav")
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			pcm, err := readTone(path, maxTone)
			if err != nil {
				return nil, fmt.Errorf("selector.sounds: %w", err)
			}
			return pcm, nil
		}
	}
	switch s.Confirm {
	case "beeps":
		return media.Beeps(number, gain), nil
	case "morse":
		pcm, err := media.Morse(strconv.Itoa(number), media.MorseTone{WordsPerMinute: 20, Hertz: 800, Gain: gain})
		if err != nil {
			return nil, fmt.Errorf("selector.confirm: %w", err)
		}
		return pcm, nil
	}
	return nil, nil
}

// registerSelector adds where a port's selector stands.
func registerSelector(registry *prometheus.Registry, cfg config.Selector, care *portCare) {
	for _, id := range cfg.List() {
		promauto.With(registry).NewGaugeFunc(prometheus.GaugeOpts{Name: "talkgate_port_channel_selected",
			Help: "Which channel the selector stands at: 1 for the one that it does.", ConstLabels: prometheus.Labels{"channel": id}},
			func() float64 { return one(care.channel() == id) })
	}
}
