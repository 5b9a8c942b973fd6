package redis

import (
	"context"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// TestWhatIsRehearsedWorks takes each word out of the documented rule of a port. Where
// the rehearsal still passes, so do press, renewal and release; where it does not, it
// says what is missing.
func TestWhatIsRehearsedWorks(t *testing.T) {
	s := redistest.Start(t)
	redistest.Must[[]string](t)(open(t, s.URL).GrantRights(redistest.Context(t), "north", "gates"))
	doc, err := os.ReadFile("../../docs/redis.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rule, _ := strings.Cut(string(doc), "```acl\nuser port-north ")
	rule, _, _ = strings.Cut(rule, "\n")
	plain, _, _ := strings.Cut(rule, "(")
	refused := 0
	for _, word := range strings.Fields(plain) {
		var without string
		switch word[0] {
		case '+':
			without = "-" + word[1:]
		case '&':
			without = "resetchannels"
		case '~', '%':
			without = "resetkeys"
		default:
			continue
		}
		if word == "+hello" || word == "+ping" || word == "+select" {
			continue // a connection's own
		}
		c, _ := aclUser(t, s, "port-north")
		s.Do("ACL", "SETUSER", "port-north", without)
		ctx := redistest.Context(t)
		err := c.Rehearse(ctx, "gates", "north")
		if works := pressWorks(ctx, c); err == nil && works != nil {
			t.Errorf("without %s the rehearsal passes, and a press fails: %v", word, works)
		}
		if err != nil {
			refused++
			if f := conn.FaultOf(err); f.Kind != conn.Refusing || !strings.Contains(f.Do, "docs/redis.md") || !strings.Contains(f.Do, kindOf(word)) {
				t.Errorf("without %s: %+v", word, f)
			}
		}
		s.Do("ACL", "DELUSER", "port-north")
	}
	if refused < 8 {
		t.Errorf("only %d words were missed", refused)
	}
}

// kindOf is what the advice has of a word of a rule that is missing. Where a rule has
// selectors, Redis names the key also if it is the command that is missing.
func kindOf(word string) string {
	switch word[0] {
	case '+':
		return "it lacks " + word
	case '&':
		return " on the channel &"
	}
	return " on "
}

// pressWorks is a press, a renewal and a release.
func pressWorks(ctx context.Context, c *Client) error {
	cl := claim("gates", "north")
	if _, err := c.Acquire(ctx, cl); err != nil {
		return err
	}
	if _, err := c.Renew(ctx, cl); err != nil {
		return err
	}
	_, err := c.Release(ctx, cl)
	return err
}

// TestARehearsalChangesNothing: nobody hears of it, and a lock that is there stays.
func TestARehearsalChangesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		member(t, rdb, "north", "gates")
		listening := rdb.Subscribe(ctx, keyEvents("gates"))
		defer listening.Close()
		redistest.Must[any](t)(listening.Receive(ctx))
		for range 3 {
			if err := c.Rehearse(ctx, "gates", "north"); err != nil {
				t.Fatal(err)
			}
		}
		if n := redistest.Must[int64](t)(rdb.Exists(ctx, keyLock("gates")).Result()); n != 0 {
			t.Error("a rehearsal leaves a lock")
		}
		cl := claim("gates", "south")
		member(t, rdb, "south", "gates")
		granted := redistest.Must[Decision](t)(c.Acquire(ctx, cl))
		before := redistest.Must[string](t)(rdb.Get(ctx, keyLock("gates")).Result())
		if err := c.Rehearse(ctx, "gates", "north"); err != nil {
			t.Fatal(err)
		}
		if after := redistest.Must[string](t)(rdb.Get(ctx, keyLock("gates")).Result()); after != before {
			t.Errorf("the lock was %s and is %s", before, after)
		}
		redistest.Must[bool](t)(c.Release(ctx, cl))
		if d := redistest.Must[Decision](t)(c.Acquire(ctx, claim("gates", "south"))); d.Epoch <= granted.Epoch {
			t.Errorf("epoch %d after %d", d.Epoch, granted.Epoch)
		}
		for range 3 { // taken, idle, taken
			redistest.Must[any](t)(listening.ReceiveTimeout(ctx, deadline))
		}
		if m, err := listening.ReceiveTimeout(ctx, 50*time.Millisecond); err == nil {
			t.Errorf("a rehearsal was heard: %v", m)
		}
	})
}

// TestATalkerKnowsBeforeThePress: a floor where a press would be refused is not known,
// and is once the rule is mended.
func TestATalkerKnowsBeforeThePress(t *testing.T) {
	s := redistest.Start(t)
	c, _ := aclUser(t, s, "port-north")
	s.Do("ACL", "SETUSER", "port-north", "-pexpire")
	views := make(chan FloorView, 64)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- Talker{Client: c, UserID: "north"}.WatchChannel(ctx, "gates", func(v FloorView) { views <- v })
	}()
	v := redistest.Await(t, views, "a refusal", func(v FloorView) bool { return !v.Known && v.Fault.Kind == conn.Refusing })
	if !strings.Contains(v.Fault.Do, "+pexpire") {
		t.Errorf("what to do is %q", v.Fault.Do)
	}
	s.Do("ACL", "SETUSER", "port-north", "+pexpire")
	redistest.Await(t, views, "a known floor", func(v FloorView) bool { return v.Known })
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestFaults: what is wrong is named for what it is.
func TestFaults(t *testing.T) {
	plain := redistest.Start(t)
	authority := redistest.NewAuthority(t)
	secure := redistest.StartTLS(t, authority)
	listen := func(answer string) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					_, _ = io.WriteString(conn, answer)
					_, _ = io.Copy(io.Discard, conn)
				}()
			}
		}()
		return l.Addr().String()
	}
	for name, tc := range map[string]struct {
		cfg  conn.Config
		kind conn.FaultKind
		says string
	}{
		"nobody listens":   {conn.Config{URL: "redis://127.0.0.1:1"}, conn.Unreachable, "refused"},
		"no such host":     {conn.Config{URL: "redis://no-such-host.invalid:6379"}, conn.Unreachable, "no-such-host.invalid"},
		"it says nothing":  {conn.Config{URL: "redis://" + listen("")}, conn.Slow, ""},
		"a web server":     {conn.Config{URL: "redis://" + listen("HTTP/1.1 400 Bad Request\r\n\r\n")}, conn.NotRedis, ""},
		"TLS, not asked":   {conn.Config{URL: "redis://" + secure.Addr}, conn.NotRedis, "expected rediss://"},
		"no TLS, but told": {conn.Config{URL: "rediss://" + plain.Addr, CAFile: authority.CAFile}, conn.NotRedis, "expected redis://"},
		"no password":      {conn.Config{URL: plain.URL, Username: "nobody", PasswordFile: file(t, "x")}, conn.Refusing, "WRONGPASS"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Open(tc.cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			f := conn.FaultOf(c.Ping(redistest.Context(t)))
			if f.Kind != tc.kind || !strings.Contains(f.Found, tc.says) || f.Do == "" {
				t.Errorf("%+v, want kind %q with %q", f, tc.kind, tc.says)
			}
		})
	}
	if f := conn.FaultOf(nil); f != (conn.Fault{}) || f.String() != "" {
		t.Errorf("no error is %v", f)
	}
}

// TestARefusalBehindAMissingValue: in a pipeline it is not overlooked.
func TestARefusalBehindAMissingValue(t *testing.T) {
	s := redistest.Start(t)
	c, _ := aclUser(t, s, "port-north")
	s.Do("ACL", "SETUSER", "port-north", "-exists")
	if r, err := c.ReadRights(redistest.Context(t), "north"); err == nil || !goredis.HasErrorPrefix(err, "read") && !strings.Contains(err.Error(), "NOPERM") {
		t.Errorf("a ban that cannot be read gives %+v, %v", r, err)
	}
}
