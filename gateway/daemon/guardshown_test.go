package daemon

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// joined are drivers of a virtual radio whose link is up at once.
type joined struct {
	Drivers
	radio *sim.Radio
}

func (j joined) Hardware(config.Hardware, func()) (Board, error) {
	r := j.radio
	return Board{Hardware: port.Hardware{Mic: r.Mic, Speaker: r.Speaker, PTT: r.Button, Lamps: r.Panel}}, nil
}
func (joined) ShowMissing(config.Hardware) func() { return func() {} }
func (joined) Links(config.Config, func() string, *redis.Client, *slog.Logger) (Links, error) {
	return liveLinks{}, nil
}

type liveLinks struct{ deadLinks }

func (liveLinks) Link(string) port.Link { return liveLinks{} }
func (liveLinks) Run(ctx context.Context, events port.LinkEvents) error {
	events.LinkUp()
	<-ctx.Done()
	return nil
}

// TestAPortOnLiveKitShowsThatNoGuardIsThere: the lamp of the port that Run runs follows
// the lease, and its status and metrics say so.
func TestAPortOnLiveKitShowsThatNoGuardIsThere(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	s := redistest.Start(t)
	cfg := config.Default()
	cfg.Channel, cfg.Identity.UserID = "gates", "north"
	cfg.Link, cfg.Redis.URL = config.Link{LiveKit: &config.LiveKitLink{}}, config.URL(s.URL)
	cfg.Recorder.Size = 0
	cfg.Status.Listen = fmt.Sprintf("127.0.0.1:%d", redistest.FreePort(t))
	radio := sim.NewRadio("radio", sim.Tone(1000, -6, 0))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, Options{
			Local:   config.Local{Config: cfg},
			Load:    func() (config.Config, error) { return cfg, nil },
			Drivers: joined{radio: radio},
			OpenLog: func(config.Log) (*slog.Logger, *slog.LevelVar, error) {
				return slog.New(slog.DiscardHandler), new(slog.LevelVar), nil
			},
		})
	}()
	redistest.Until(t, "the alert lamp to be lit", func() bool { return radio.Panel.Lamps().Alert })
	for path, want := range map[string]string{
		"/status": "no live guard on gates", "/metrics": "talkgate_port_unguarded 1\n",
	} {
		redistest.Until(t, path+" to say so", func() bool {
			r, err := http.Get("http://" + cfg.Status.Listen + path)
			if err != nil {
				return false
			}
			defer r.Body.Close()
			text, err := io.ReadAll(r.Body)
			return err == nil && strings.Contains(string(text), want)
		})
	}
	s.Do("SET", "talkgate:guard:gates", "1")
	redistest.Until(t, "the alert lamp to go out", func() bool { return !radio.Panel.Lamps().Alert })
	s.Do("DEL", "talkgate:guard:gates")
	redistest.Until(t, "the alert lamp to be lit again", func() bool { return radio.Panel.Lamps().Alert })
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
