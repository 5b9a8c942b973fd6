package redis

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/talkgate/talkgate/state/redis/redistest"
)

func TestRoundTrips(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		member(t, rdb, "u1", "m1")
		if err := c.Ping(ctx); err != nil {
			t.Fatal(err)
		}
		ctx, trips := redistest.CountTrips(ctx, c.conn.Redis)
		cl, other := claim("m1", "u1"), claim("m1", "u1")
		last := int64(0)
		check := func(what string) {
			t.Helper()
			if n := trips() - last; n != 1 {
				t.Errorf("%s took %d round trips, expected 1", what, n)
			}
			last = trips()
		}
		redistest.Must[Decision](t)(c.Acquire(ctx, cl))
		check("a grant")
		redistest.Must[Decision](t)(c.Acquire(ctx, other))
		check("a denial")
		redistest.Must[Renewal](t)(c.Renew(ctx, cl))
		check("a renewal")
		redistest.Must[FloorView](t)(c.ReadFloor(ctx, "m1"))
		check("a look at the floor")
		redistest.Must[bool](t)(c.Release(ctx, cl))
		check("a release")
		waiting := claim("m1", "u1")
		waiting.Wait = time.Minute
		redistest.Must[Decision](t)(c.Acquire(ctx, waiting))
		check("a request in turn")
		redistest.Must[bool](t)(c.Release(ctx, waiting))
		check("a release in turn")
		redistest.Must[Rights](t)(c.ReadRights(ctx, "u1"))
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
		defer conn.Close()
		return <-lines
	}
}

func TestSimultaneousPresses(t *testing.T) {
	const presses = 64
	s := redistest.Start(t)
	ctx, rdb := redistest.Context(t), s.Client()
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
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		member(t, rdb, "u1", "m1")
		rdb.HSet(ctx, keyChannelEvents, "m1", "e1")
		flush := func() {
			if err := rdb.ScriptFlush(ctx).Err(); err != nil {
				t.Fatal(err)
			}
		}
		cl := claim("m1", "u1")
		flush()
		if d := redistest.Must[Decision](t)(c.Acquire(ctx, cl)); d.Verdict != Granted {
			t.Fatalf("%+v", d)
		}
		flush()
		if st := redistest.Must[Renewal](t)(c.Renew(ctx, cl)); st.State != Held {
			t.Fatalf("%+v", st)
		}
		flush()
		if paused := redistest.Must[map[string]Holder](t)(c.PauseAllSpeakers(ctx, "e1", "boss")); len(paused) != 1 {
			t.Fatalf("paused %v", paused)
		}
		redistest.Must[Decision](t)(c.Acquire(ctx, cl))
		flush()
		if !redistest.Must[bool](t)(c.Release(ctx, cl)) {
			t.Fatal("not released")
		}
	})
}
