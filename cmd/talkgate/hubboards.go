package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/enroll"
	"github.com/talkgate/talkgate/gateway/hub"
	"github.com/talkgate/talkgate/gateway/hub/devices"
	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis"
	store "github.com/talkgate/talkgate/state/redis/devices"
	"github.com/talkgate/talkgate/state/textfile"
)

// hubBoardFlags are what boards are told that join.
type hubBoardFlags struct {
	url      string
	redis    string
	redisCA  config.File
	fleetKey string
	life     time.Duration
	mdns     bool
}

func (b *hubBoardFlags) add(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&b.url, "board-url", "", "URL by which boards reach the hub (default: the one by which a board joins)")
	f.StringVar(&b.redis, "board-redis", "", "URL by which boards reach Redis (default: that of --redis; where it is of this machine alone, the hub's address)")
	f.StringVar((*string)(&b.redisCA), "board-redis-ca-file", "", "PEM certificates that boards trust for a rediss:// URL (default: those of --redis-ca-file)")
	f.StringVar(&b.fleetKey, "board-fleet-key", "", "public key of those who may configure boards, as 'talkgate fleet keygen' prints it (default: nobody)")
	f.DurationVar(&b.life, "board-token-life", devices.DefaultLife, "how long a board's token is good; the board renews it in time")
	f.BoolVar(&b.mdns, "mdns", true, "let boards find the hub on the local network, unless it listens on loopback only")
}

// boards is how boards join; ca are the certificates that they trust for the hub.
func (b *hubBoardFlags) boards(state *redis.Client, own config.Redis, ca string) (*hub.Boards, error) {
	site := devices.Site{HubCA: ca, RedisURL: b.redis, FleetKey: b.fleetKey}
	if _, err := fleet.ParsePublicKeys(b.fleetKey); err != nil {
		return nil, fmt.Errorf("--board-fleet-key: %w", err)
	}
	if b.life < time.Second || b.life > 24*time.Hour {
		return nil, fmt.Errorf("--board-token-life: expected 1s to 24h, found %s", b.life)
	}
	var err error
	if b.url != "" {
		if site.HubURL, err = enroll.HubURL(b.url); err != nil {
			return nil, fmt.Errorf("--board-url: %w", err)
		}
	}
	if site.RedisURL == "" {
		site.RedisURL = string(own.URL)
	}
	if b.redisCA == "" {
		b.redisCA = own.CAFile
	}
	if b.redisCA != "" && strings.HasPrefix(site.RedisURL, "rediss:") {
		text, err := textfile.Read(string(b.redisCA))
		if err != nil {
			return nil, fmt.Errorf("--board-redis-ca-file: %w", err)
		}
		site.RedisCA = string(text)
	}
	return &hub.Boards{Store: store.New(state), Site: site, TokenLife: b.life}, nil
}

// announce lets boards find the hub until ctx ends.
func (b *hubBoardFlags) announce(ctx context.Context, server *hub.Hub, log *slog.Logger) {
	addr, ok := server.Addr().(*net.TCPAddr)
	if !b.mdns || !ok || addr.IP.IsLoopback() {
		return
	}
	host, _ := os.Hostname() // without one the hub has no name of its own
	url, err := b.url, error(nil)
	if url != "" {
		url, err = enroll.HubURL(url)
	}
	if err == nil {
		err = enroll.Announce(ctx, enroll.Announcement{Name: "talkgate on " + host, URL: url, Scheme: server.Scheme(), Port: uint16(addr.Port)})
	}
	if err != nil && ctx.Err() == nil {
		log.Warn("boards cannot find the hub by mDNS: they need --hub", "err", err)
	}
}
