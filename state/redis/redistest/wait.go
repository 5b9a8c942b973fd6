package redistest

import (
	"context"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// deadline is when a test gives up waiting.
const deadline = 20 * time.Second

// Must returns the value, or ends the test with the error.
func Must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// Context ends when a test has waited long enough.
func Context(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	t.Cleanup(cancel)
	return ctx
}

// Await reads until the wanted value arrives.
func Await[T any](t testing.TB, ch <-chan T, what string, ok func(T) bool) T {
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

// Until polls until ok returns true.
func Until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v for %s", deadline, what)
		}
	}
}

// Raw is a plain client of a server.
func Raw(t testing.TB, url string) *goredis.Client {
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
