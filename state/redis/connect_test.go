package redis

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestBadConfigurations(t *testing.T) {
	authority := redistest.NewAuthority(t)
	for name, c := range map[string]struct {
		cfg  conn.Config
		want string
	}{
		"no password file":  {conn.Config{URL: "redis://h", PasswordFile: "/nonexistent"}, "/nonexistent"},
		"empty password":    {conn.Config{URL: "redis://h", PasswordFile: file(t, "\n")}, "found nothing"},
		"two passwords":     {conn.Config{URL: "redis://h", PasswordFile: file(t, "sesame\nsesame\n")}, "one line"},
		"sentinel password": {conn.Config{URL: "redis://h?master_name=x", SentinelPasswordFile: file(t, "")}, "sentinels"},
		"needless CA":       {conn.Config{URL: "redis://h", CAFile: authority.CAFile}, "rediss://"},
		"no CA file":        {conn.Config{URL: "rediss://h", CAFile: "/nonexistent"}, "/nonexistent"},
		"no certificate":    {conn.Config{URL: "rediss://h", CAFile: authority.KeyFile}, "PEM certificates"},
	} {
		c2, err := Open(c.cfg)
		if err == nil {
			c2.Close()
			t.Errorf("%s: no error", name)
		} else if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s: %v, expected %q", name, err, c.want)
		}
	}
}

// pressOnce proves that everything a port needs works over a connection.
func pressOnce(t *testing.T, c *Client) {
	t.Helper()
	ctx := redistest.Context(t)
	redistest.Must[[]string](t)(c.GrantRights(ctx, "u1", "m1"))
	rights, views := watchRights(t, c, "u1"), watchFloor(t, c, "m1")
	redistest.Await(t, rights, "the right to talk", func(r Rights) bool { return r.MayTalk("m1") })
	redistest.Until(t, "a subscription", func() bool { return c.Subscription().Connected })
	cl := claim("m1", "u1")
	if d := redistest.Must[Decision](t)(c.Acquire(ctx, cl)); d.Verdict != Granted {
		t.Fatalf("%+v", d)
	}
	redistest.Await(t, views, "the talker", func(v FloorView) bool { return v.Holder != nil && v.Holder.Token == cl.Token })
	if d := redistest.Must[Decision](t)(c.Acquire(ctx, claim("m1", "u1"))); d.Verdict != Busy {
		t.Fatalf("%+v", d)
	}
	redistest.Must[[]string](t)(c.RevokeRights(ctx, "u1", "m1"))
	redistest.Await(t, rights, "silence", func(r Rights) bool { return !r.MayTalk("m1") })
	if st := redistest.Must[Renewal](t)(c.Renew(ctx, cl)); st.State != Revoked {
		t.Fatalf("%+v", st)
	}
	if !redistest.Must[bool](t)(c.Release(ctx, cl)) {
		t.Fatal("not released")
	}
	redistest.Await(t, views, "an idle floor", func(v FloorView) bool { return v.Known && v.Holder == nil })
	if d := redistest.Must[Decision](t)(c.Acquire(ctx, cl)); d.Verdict != NoRights {
		t.Fatalf("%+v", d)
	}
}

func TestTLSAndPassword(t *testing.T) {
	authority := redistest.NewAuthority(t)
	s := redistest.StartTLS(t, authority, "--requirepass", "sesame", "--user", "port", "on", ">mellon", "~*", "&*", "+@all")
	password := file(t, "mellon\n")
	good := conn.Config{URL: s.URL, Username: "port", PasswordFile: password, CAFile: authority.CAFile}
	c, err := Open(good)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	pressOnce(t, c)

	other := redistest.NewAuthority(t)
	for name, spoil := range map[string]func(*conn.Config){
		"another authority":    func(cfg *conn.Config) { cfg.CAFile = other.CAFile },
		"the system's":         func(cfg *conn.Config) { cfg.CAFile = "" },
		"another host's":       func(cfg *conn.Config) { cfg.URL = strings.Replace(cfg.URL, "127.0.0.1", "localhost", 1) },
		"a wrong password":     func(cfg *conn.Config) { cfg.PasswordFile = file(t, "sesame") },
		"no password":          func(cfg *conn.Config) { cfg.PasswordFile, cfg.Username = "", "" },
		"no TLS":               func(cfg *conn.Config) { cfg.URL, cfg.CAFile = strings.Replace(cfg.URL, "rediss", "redis", 1), "" },
		"another user's":       func(cfg *conn.Config) { cfg.Username = "default" },
		"a user unknown there": func(cfg *conn.Config) { cfg.Username = "nobody" },
	} {
		cfg := good
		spoil(&cfg)
		bad, err := Open(cfg)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		err = bad.Ping(redistest.Context(t))
		if err == nil {
			t.Errorf("%s was accepted", name)
		} else if strings.Contains(err.Error(), "mellon") || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s: the password is in the error: %v", name, err)
		}
		bad.Close()
	}

	// A new password counts for the next connection, without a restart.
	rotating := redistest.Must[*Client](t)(Open(good))
	defer rotating.Close()
	connection := redistest.Must[*conn.Conn](t)(conn.Open(good))
	defer connection.Close()
	admin := connection.Redis
	if err := admin.Do(redistest.Context(t), "ACL", "SETUSER", "port", "resetpass", ">friend").Err(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(password, []byte("friend\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	admin.Do(redistest.Context(t), "CLIENT", "KILL", "TYPE", "normal")
	if err := rotating.Ping(redistest.Context(t)); err != nil {
		t.Errorf("with the new password: %v", err)
	}
}

func TestCluster(t *testing.T) {
	t.Parallel()
	url, _ := redistest.StartCluster(t)
	c := open(t, url)
	if !c.cluster {
		t.Fatal("not taken for a Cluster")
	}
	pressOnce(t, c)
	ctx := redistest.Context(t)
	for _, ch := range []string{"a", "b", "c", "d", "e", "f"} {
		redistest.Must[[]string](t)(c.GrantRights(ctx, "u1", ch))
		if err := c.SetChannelEvent(ctx, ch, "e1"); err != nil {
			t.Fatal(err)
		}
		if d := redistest.Must[Decision](t)(c.Acquire(ctx, claim(ch, "u1"))); d.Verdict != Granted {
			t.Fatalf("%+v", d)
		}
	}
	redistest.Must[Ban](t)(c.BanUser(ctx, "u2", "boss", "", time.Minute))
	if d := redistest.Must[Decision](t)(c.Acquire(ctx, claim("a", "u2"))); d.Verdict != Banned {
		t.Errorf("%+v", d)
	}
	if s := redistest.Must[map[string]Holder](t)(c.ActiveSpeakers(ctx, "e1")); len(s) != 6 {
		t.Errorf("speakers %v", s)
	}
	if paused := redistest.Must[map[string]Holder](t)(c.PauseAllSpeakers(ctx, "e1", "boss")); len(paused) != 6 {
		t.Errorf("paused %v", paused)
	}
}

func TestSentinelFailover(t *testing.T) {
	t.Parallel()
	g := redistest.StartGroup(t)
	c := open(t, g.URL)
	pressOnce(t, c)
	ctx := redistest.Context(t)
	redistest.Must[[]string](t)(c.GrantRights(ctx, "u1", "m1"))
	rights := watchRights(t, c, "u1")
	redistest.Await(t, rights, "the right to talk", func(r Rights) bool { return r.MayTalk("m1") })
	cl := claim("m1", "u1")
	first := redistest.Must[Decision](t)(c.Acquire(ctx, cl))
	master := g.Master()
	redistest.Must[int64](t)(master.Client().Wait(ctx, 2, time.Second).Result())
	master.Kill()
	cl = claim("m1", "u1")
	var d Decision
	redistest.Until(t, "a grant by the new master", func() bool {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		var err error
		d, err = c.Acquire(ctx, cl)
		return err == nil && d.Verdict == Granted
	})
	if d.Epoch <= first.Epoch {
		t.Errorf("epoch %d after %d", d.Epoch, first.Epoch)
	}
	redistest.Until(t, "a subscription at the new master", func() bool {
		return g.Master().Client().PubSubNumSub(ctx, MembershipUpdates).Val()[MembershipUpdates] == 1
	})
	redistest.Must[[]string](t)(c.RevokeRights(ctx, "u1", "m1"))
	redistest.Await(t, rights, "silence", func(r Rights) bool { return r.Known && !r.MayTalk("m1") })
}

// A press waits no longer than its context, whatever is wrong.
func TestContextBoundsAPress(t *testing.T) {
	s := redistest.Start(t)
	for name, prepare := range map[string]func(c *Client){
		"connected": func(c *Client) {
			if err := c.Ping(context.Background()); err != nil {
				t.Error(err)
			}
		},
		"not connected": func(*Client) {},
	} {
		t.Run(name, func(t *testing.T) {
			c := open(t, s.URL)
			prepare(c)
			s.Do("CLIENT", "PAUSE", "3000", "ALL")
			ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
			defer cancel()
			_, err := c.Acquire(ctx, claim("m1", "u1"))
			if err == nil {
				t.Fatal("a paused server answered")
			}
			// The server is paused for 3 s; anything below proves the bound.
			if late, _ := ctx.Deadline(); time.Since(late) > 2*time.Second {
				t.Errorf("a press of 50 ms failed only %v after its end: %v", time.Since(late), err)
			}
			if !errors.Is(err, context.DeadlineExceeded) && !os.IsTimeout(errors.Unwrap(err)) {
				t.Errorf("%v, expected a timeout", err)
			}
			s.Restart()
		})
	}
}
