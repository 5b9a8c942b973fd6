package redis

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"

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
	c, err := Open(Config{URL: url, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func raw(t testing.TB, url string) *goredis.Client {
	t.Helper()
	opt, err := goredis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	opt.Protocol = 2
	rdb := goredis.NewClient(opt)
	t.Cleanup(func() { rdb.Close() })
	return rdb
}

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	t.Cleanup(cancel)
	return ctx
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

// await reads until the wanted value comes.
func await[T any](t testing.TB, ch <-chan T, what string, ok func(T) bool) T {
	t.Helper()
	limit := time.After(deadline)
	for {
		select {
		case v := <-ch:
			if ok(v) {
				return v
			}
			t.Logf("not yet %s: %+v", what, v)
		case <-limit:
			t.Fatalf("waited %v for %s", deadline, what)
		}
	}
}

func ban(rdb *goredis.Client, user string, until float64) {
	rdb.ZAdd(context.Background(), keyBanned, goredis.Z{Score: until, Member: user})
}

// until polls for what a test waits for.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v for %s", deadline, what)
		}
	}
}
