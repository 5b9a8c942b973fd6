package redis

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"

	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// deadline is when a test gives up waiting for what should have happened.
const deadline = 20 * time.Second

// onBoth runs a test on a real server and on the embedded one of the demo.
func onBoth(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("redis", func(t *testing.T) { test(t, redistest.Start(t).URL) })
	t.Run("embedded", func(t *testing.T) { test(t, "redis://"+miniredis.RunT(t).Addr()) })
}

func open(t testing.TB, url string) *Client {
	t.Helper()
	c, err := Open(conn.Config{URL: url, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// member gives a user the right to talk.
func member(t testing.TB, rdb *goredis.Client, user string, channels ...string) {
	t.Helper()
	for _, ch := range channels {
		if err := rdb.SAdd(context.Background(), keyRights(user), ch).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func claim(channel, user string) Claim {
	return NewClaim(channel, user, "Name "+user, time.Now(), 3*time.Second)
}

func ban(rdb *goredis.Client, user string, until float64) {
	rdb.ZAdd(context.Background(), keyBanned, goredis.Z{Score: until, Member: user})
}

func report(gateway string) fleet.Report {
	return fleet.Report{Gateway: gateway, Group: "gates", Channel: "gates", Version: "v1", At: time.Now(),
		Health: fleet.Health{OnAir: true}, Lamps: fleet.Lamps{Link: true}, Floor: fleet.Floor{State: "idle"}}
}
