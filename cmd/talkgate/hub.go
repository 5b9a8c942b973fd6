package main

import (
	"context"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/cmd/talkgate/drivers"
	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/daemon"
	"github.com/talkgate/talkgate/gateway/hub"
	"github.com/talkgate/talkgate/gateway/hub/recall"
	"github.com/talkgate/talkgate/gateway/options"
	"github.com/talkgate/talkgate/media/icelite"
)

// hubFlags are what 'talkgate hub' is told.
type hubFlags struct {
	listen     string
	secret     config.File
	network    hubNetworkFlags
	boards     hubBoardFlags
	livekit    string
	livekitKey config.File
	// guardGrants leaves the permission to publish to the guard.
	guardGrants bool
	redis       config.Redis
	log         config.Log
	recall      recall.Config
}

// peerTimeout is how long a dead port keeps its place, which it may want back.
const peerTimeout = 2 * time.Second

func newHubCommand() *cobra.Command {
	var flags hubFlags
	c := &cobra.Command{
		Use:   "hub",
		Short: "Serve channels to ports and browsers, for a site without a channel server",
		Long: `Serve channels: ports and browsers publish by WHIP and listen by WHEP, and who
holds the floor in Redis is heard by everybody else on the channel. The console
is at /, health at /healthz, metrics at /metrics.

Members prove who they are with tokens signed with the secret; 'talkgate token'
makes them for trying out. Boards join by a code ('talkgate invite') and then get
theirs from the hub.`,
		Example: `  (umask 077; head -c 32 /dev/urandom | base64 > hub.secret)
  talkgate hub --token-secret-file hub.secret
  talkgate hub --token-secret-file hub.secret --listen :8443 --tls-own-ca /var/lib/talkgate/ca --udp :8443 --tcp :8443
  talkgate hub --token-secret-file hub.secret --listen :8080 --udp :8081 --public-address 203.0.113.7 --redis rediss://redis.example:6380/0`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runHub(cmd, flags) },
	}
	f := c.Flags()
	f.StringVar(&flags.listen, "listen", "127.0.0.1:8080", "host:port of HTTP, or of HTTPS with one of the --tls flags")
	flags.network.add(c)
	flags.boards.add(c)
	f.StringVar((*string)(&flags.secret), "token-secret-file", "", "file that holds the secret of the tokens, 32 bytes or more (required)")
	_ = c.MarkFlagRequired("token-secret-file") // it exists
	f.StringVar(&flags.livekit, "livekit", "", "URL of the LiveKit that the channels are on, as browsers reach it (default: the hub itself)")
	f.StringVar((*string)(&flags.livekitKey), "livekit-key-file", "", "file with the line 'KEY: SECRET' for --livekit")
	f.BoolVar(&flags.guardGrants, "livekit-guard-grants", false, "make tokens without the permission to publish, which 'talkgate guard --grant' gives")
	c.MarkFlagsRequiredTogether("livekit", "livekit-key-file")
	f.DurationVar(&flags.recall.Keep, "recall", time.Hour, "how long what is said is kept in memory for members to hear again; 0 keeps nothing")
	f.StringSliceVar(&flags.recall.Off, "recall-off", nil, "channel of which nothing is kept; repeat it for several")
	addRedisFlags(c, &flags.redis)
	addLogFlags(c, &flags.log)
	return c
}

func runHub(cmd *cobra.Command, flags hubFlags) (err error) {
	log, _, err := openLog(cmd, flags.log)
	if err != nil {
		return config.Mistake{Err: err}
	}
	secret, err := readTokenSecret("--token-secret-file", flags.secret)
	if err != nil {
		return err
	}
	rooms, err := drivers.LiveKitRooms(flags.livekit, flags.livekitKey, flags.guardGrants)
	if err != nil {
		return err
	}
	state, err := options.OpenRedis(flags.redis, log)
	if err != nil {
		return err
	}
	defer closing(&err, state.Close)
	listening := hub.Config{Listen: flags.listen}
	ca, err := flags.network.secure(&listening, log)
	if err != nil {
		return config.Mistake{Err: err}
	}
	if listening.Boards, err = flags.boards.boards(state, flags.redis, ca); err != nil {
		return config.Mistake{Err: err}
	}
	mediaConfig, err := flags.network.media(flags.listen)
	if err != nil {
		return config.Mistake{Err: err}
	}
	mediaConfig.Logger, mediaConfig.PeerTimeout = log, peerTimeout
	media, err := icelite.NewServer(mediaConfig)
	if err != nil {
		return err
	}
	defer closing(&err, media.Close)
	if flags.recall.Keep == 0 {
		flags.recall.Keep = -1 // nothing is kept
	}
	listening.Recall = flags.recall
	listening.Secret, listening.State, listening.Media = secret, state, media
	listening.Rooms, listening.Logger = rooms, log
	server, err := hub.New(listening)
	if err != nil {
		return err
	}
	log.Info("hub listens", "url", server.Scheme()+"://"+server.Addr().String())
	ctx, cancel := context.WithCancel(cmd.Context())
	var announcing sync.WaitGroup
	announcing.Go(func() { flags.boards.announce(ctx, server, log) })
	defer announcing.Wait()
	defer cancel()
	return daemon.ServeHub(ctx, server, log)
}
