package redis

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/talkgate/talkgate/state/redis/redistest"
)

// tripCounter counts what is sent and waited for, a command or a pipeline, under
// a context that asks for it; but for the greetings of a new connection, which
// the pool makes when the others are in use.
type tripCounter struct{ n atomic.Int64 }

func (h *tripCounter) count(ctx context.Context, first goredis.Cmder) {
	if name := first.Name(); ctx.Value(tripKey{}) == h && name != "hello" && name != "script" {
		h.n.Add(1)
	}
}

type tripKey struct{}

func (h *tripCounter) DialHook(next goredis.DialHook) goredis.DialHook { return next }

func (h *tripCounter) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, cmd goredis.Cmder) error {
		h.count(ctx, cmd)
		return next(ctx, cmd)
	}
}

func (h *tripCounter) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []goredis.Cmder) error {
		h.count(ctx, cmds[0])
		return next(ctx, cmds)
	}
}

// countTrips counts a client's round trips under the context it returns.
func countTrips(ctx context.Context, c *Client) (counted context.Context, count func() int64) {
	h := &tripCounter{}
	c.rdb.AddHook(h)
	return context.WithValue(ctx, tripKey{}, h), h.n.Load
}

func TestRoundTrips(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := testContext(t), open(t, url), raw(t, url)
		member(t, rdb, "u1", "m1")
		if err := c.Ping(ctx); err != nil {
			t.Fatal(err)
		}
		ctx, trips := countTrips(ctx, c)
		cl, other := claim("m1", "u1"), claim("m1", "u1")
		last := int64(0)
		check := func(what string) {
			t.Helper()
			if n := trips() - last; n != 1 {
				t.Errorf("%s took %d round trips, expected 1", what, n)
			}
			last = trips()
		}
		must[Decision](t)(c.Acquire(ctx, cl))
		check("a grant")
		must[Decision](t)(c.Acquire(ctx, other))
		check("a denial")
		must[Standing](t)(c.Renew(ctx, cl))
		check("a renewal")
		must[FloorView](t)(c.ReadFloor(ctx, "m1"))
		check("a look at the floor")
		must[bool](t)(c.Release(ctx, cl))
		check("a release")
		waiting := claim("m1", "u1")
		waiting.Wait = time.Minute
		must[Decision](t)(c.Acquire(ctx, waiting))
		check("a request in turn")
		must[bool](t)(c.Release(ctx, waiting))
		check("a release in turn")
		must[Rights](t)(c.ReadRights(ctx, "u1"))
		check("a look at the rights")
	})
}

// monitor reports every command a server is sent, until stop; what scripts do
// inside the server is left out.
func monitor(t *testing.T, s *redistest.Server) (stop func() []string) {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(conn, "MONITOR\r\n")
	r := bufio.NewReader(conn)
	if line, err := r.ReadString('\n'); err != nil || !strings.HasPrefix(line, "+OK") {
		t.Fatal(line, err)
	}
	lines := make(chan []string)
	go func() {
		var seen []string
		for {
			line, err := r.ReadString('\n')
			if err != nil || strings.Contains(line, `"end of monitor"`) {
				lines <- seen
				return
			}
			if !strings.Contains(line, " lua] ") {
				seen = append(seen, line)
			}
		}
	}()
	return func() []string {
		s.Do("ECHO", "end of monitor")
		conn.Close()
		return <-lines
	}
}

func TestSimultaneousPresses(t *testing.T) {
	const presses = 64
	s := redistest.Start(t)
	ctx, rdb := testContext(t), s.Client()
	clients := make([]*Client, presses)
	for i := range clients {
		clients[i] = open(t, s.URL)
		member(t, rdb, fmt.Sprint("u", i), "m1")
		if err := clients[i].Ping(ctx); err != nil {
			t.Fatal(err)
		}
	}
	stop := monitor(t, s)
	var granted, denied, named int
	var wg sync.WaitGroup
	start := make(chan struct{})
	holders := make([]Decision, presses)
	for i, c := range clients {
		wg.Go(func() {
			<-start
			d, err := c.Acquire(ctx, claim("m1", fmt.Sprint("u", i)))
			if err != nil {
				t.Error(err)
			}
			holders[i] = d
		})
	}
	close(start)
	wg.Wait()
	winner := ""
	for i, d := range holders {
		if d.Verdict == Granted {
			granted++
			winner = fmt.Sprint("u", i)
		}
	}
	for _, d := range holders {
		if d.Verdict == Busy {
			denied++
			if d.Holder.UserID == winner {
				named++
			}
		}
	}
	if granted != 1 || denied != presses-1 || named != presses-1 {
		t.Errorf("%d granted, %d denied, %d of them told the holder; expected 1, %d, %d", granted, denied, named, presses-1, presses-1)
	}
	sent := map[string]int{}
	for _, line := range stop() {
		command := strings.ToLower(strings.Split(line, `"`)[1])
		sent[command]++
	}
	for _, audit := range []string{"hget", "lpush", "zadd", "expire", "ltrim"} {
		delete(sent, audit)
	}
	for _, connect := range []string{"hello", "script", "ping"} {
		delete(sent, connect)
	}
	if len(sent) != 1 || sent["evalsha"] != presses {
		t.Errorf("Redis was sent %v, expected evalsha %d times and nothing else", sent, presses)
	}
}

func TestScriptFlush(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := testContext(t), open(t, url), raw(t, url)
		member(t, rdb, "u1", "m1")
		rdb.HSet(ctx, keyChannelEvents, "m1", "e1")
		flush := func() {
			if err := rdb.ScriptFlush(ctx).Err(); err != nil {
				t.Fatal(err)
			}
		}
		cl := claim("m1", "u1")
		flush()
		if d := must[Decision](t)(c.Acquire(ctx, cl)); d.Verdict != Granted {
			t.Fatalf("%+v", d)
		}
		flush()
		if st := must[Standing](t)(c.Renew(ctx, cl)); st.State != Held {
			t.Fatalf("%+v", st)
		}
		flush()
		if paused := must[map[string]Holder](t)(c.PauseAllSpeakers(ctx, "e1", "boss")); len(paused) != 1 {
			t.Fatalf("paused %v", paused)
		}
		must[Decision](t)(c.Acquire(ctx, cl))
		flush()
		if !must[bool](t)(c.Release(ctx, cl)) {
			t.Fatal("not released")
		}
	})
}
