package drivers

import (
	"context"
	"log/slog"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/daemon"
	"github.com/talkgate/talkgate/gateway/link/voiceping"
	"github.com/talkgate/talkgate/gateway/options"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/gateway/status"
	"github.com/talkgate/talkgate/media/rtc"
	"github.com/talkgate/talkgate/state/redis"
)

// portLinks is the links of a port: one, or one for each channel of its selector.
type portLinks struct {
	channels []string // in the selector's order
	links    map[string]port.Link
	locks    channelLocks
	engine   *rtc.Engine   // of all links
	tokens   *hubTokens    // nil where the link is to no hub
	file     config.File   // of another link's token
	on       func() string // the channel that the port is on
}

// openLinks makes the links of all channels that the port can be on.
func openLinks(cfg config.Config, on func() string, state *redis.Client, log *slog.Logger) (daemon.Links, error) {
	l := &portLinks{channels: cfg.Selector.List(), links: map[string]port.Link{}, locks: channelLocks{}, on: on}
	if l.channels == nil {
		l.channels = []string{cfg.Channel}
	}
	var err error
	if l.engine, err = rtc.NewEngine(rtc.Config{Logger: log}); err != nil {
		return nil, err
	}
	var logins *voiceping.Logins
	if v := cfg.Link.VoicePing; v != nil {
		logins = voiceping.NewLogins(v.Sharing)
	}
	if cfg.Link.Hub != nil {
		if l.tokens, err = newHubTokens(cfg, log); err != nil {
			return nil, err
		}
	} else if v := cfg.Link.VoicePing; v != nil {
		l.file = v.TokenFile
	}
	for _, id := range l.channels {
		cfg.Channel = id
		if l.links[id], l.locks[id], err = openLink(cfg, l.engine, logins, l.tokens, state, log); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// Quality implements Links: how well all links together carried, and the round trip of the one that
// the port is on.
func (l *portLinks) Quality() (all port.LinkQuality) {
	for id, link := range l.links {
		q := link.Quality()
		all.In, all.Out = q.In.After(all.In), q.Out.After(all.Out)
		if id == l.on() {
			all.RTT = q.RTT
		}
	}
	now := port.LinkQuality{}
	if link := l.links[l.on()]; link != nil {
		now = link.Quality()
	}
	all.In.Jitter, all.Out.Jitter = now.In.Jitter, now.Out.Jitter
	all.Out.Copies = now.Out.Copies
	return all
}

// Token implements Links.
func (l *portLinks) Token() status.Token {
	switch {
	case l.tokens != nil:
		return l.tokens.status()
	case l.file != "":
		return status.Token{Until: options.TokenEnd(l.file)}
	}
	return status.Token{Renews: true}
}

// RenewTokens implements Links.
func (l *portLinks) RenewTokens(ctx context.Context) {
	if l.tokens != nil {
		l.tokens.run(ctx)
	}
}

// NetworkChanged implements Links.
func (l *portLinks) NetworkChanged() { l.engine.NetworkChanged() }

// Channels implements Links.
func (l *portLinks) Channels() []string { return l.channels }

// Link implements Links.
func (l *portLinks) Link(channel string) port.Link { return l.links[channel] }

// Lock implements Links.
func (l *portLinks) Lock() port.SpeakerLock { return l.locks }

// Floors implements Links.
func (l *portLinks) Floors(w port.FloorWatcher) port.FloorWatcher { return channelFloors{w, l.locks} }

// channelLocks is a port.SpeakerLock of several channels.
type channelLocks map[string]port.SpeakerLock

// Acquire implements port.SpeakerLock.
func (l channelLocks) Acquire(ctx context.Context, cl redis.Claim) (redis.Decision, error) {
	return l[cl.Channel].Acquire(ctx, cl)
}

// Renew implements port.SpeakerLock.
func (l channelLocks) Renew(ctx context.Context, cl redis.Claim) (redis.Renewal, error) {
	return l[cl.Channel].Renew(ctx, cl)
}

// Release implements port.SpeakerLock.
func (l channelLocks) Release(ctx context.Context, cl redis.Claim) (bool, error) {
	return l[cl.Channel].Release(ctx, cl)
}

// channelFloors is a port.FloorWatcher that knows what a VoicePing server tells of
// a channel's floor.
type channelFloors struct {
	port.FloorWatcher
	locks channelLocks
}

// WatchChannel implements port.FloorWatcher.
func (f channelFloors) WatchChannel(ctx context.Context, channel string, fn func(redis.FloorView)) error {
	if link, ok := f.locks[channel].(*voiceping.Link); ok {
		return link.Floor(f.FloorWatcher).WatchChannel(ctx, channel, fn)
	}
	return f.FloorWatcher.WatchChannel(ctx, channel, fn)
}
