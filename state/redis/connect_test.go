package redis

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/talkgate/talkgate/state/redis/redistest"
)

func TestAddresses(t *testing.T) {
	for raw, want := range map[string]string{
		"redis://h":                               "h:6379 0",
		"redis://h:7000/3":                        "h:7000 3",
		"rediss://me@[::1]:7000":                  "[::1]:7000 0 tls me",
		"redis://a?master_name=x&addr=b&addr=c:9": "a:26379 b:26379 c:9 0 x",
		"redis://a:1?addr=b:2&addr=[fe80::1]:3":   "a:1 b:2 [fe80::1]:3 0 cluster",
		"redis://a:1/2?master_name=x":             "a:1 2 x",
		"":                                        "!begin with redis://",
		"http://h":                                "!begin with redis://",
		"redis://":                                "!host:port",
		"redis://h:0":                             "!host:port",
		"redis://h:99999":                         "!host:port",
		"redis://h/x":                             "!database number",
		"redis://h/-1":                            "!database number",
		"redis://h?db=3":                          "!unknown parameter \"db\"",
		"redis://h?master_name=":                  "!master_name is empty",
		"redis://h/3?addr=b":                      "!database 0 only",
		"redis://h?addr=:1":                       "!host:port",
		"redis://me:sesame@h":                     "!password file",
		"redis://:sesame@h":                       "!password file",
		"redis://h:sesame":                        "!redis URL",
		"redis://me:sesame%zz@h":                  "!redis URL",
		"rediss://me:sesame@h:6379/0?master_name=x\x7f": "!redis URL",
	} {
		a, err := parseAddress(raw)
		got := strings.Join(a.addrs, " ")
		if err == nil {
			got += " " + string(rune('0'+a.db))
			if a.tls {
				got += " tls"
			}
			if a.user != "" {
				got += " " + a.user
			}
			if a.master != "" {
				got += " " + a.master
			}
			if a.cluster() {
				got += " cluster"
			}
		}
		if expected, bad := strings.CutPrefix(want, "!"); bad {
			if err == nil || !strings.Contains(err.Error(), expected) {
				t.Errorf("%s: %v, expected an error with %q", raw, err, expected)
			} else if strings.Contains(err.Error(), "sesame") {
				t.Errorf("%s: the password is in the error: %v", raw, err)
			}
		} else if err != nil || got != want {
			t.Errorf("%s: %q, %v, expected %q", raw, got, err, want)
		}
	}
}

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
		cfg  Config
		want string
	}{
		"no password file":  {Config{URL: "redis://h", PasswordFile: "/nonexistent"}, "/nonexistent"},
		"empty password":    {Config{URL: "redis://h", PasswordFile: file(t, "\n")}, "found nothing"},
		"two passwords":     {Config{URL: "redis://h", PasswordFile: file(t, "sesame\nsesame\n")}, "one line"},
		"sentinel password": {Config{URL: "redis://h?master_name=x", SentinelPasswordFile: file(t, "")}, "sentinels"},
		"needless CA":       {Config{URL: "redis://h", CAFile: authority.CAFile}, "rediss://"},
		"no CA file":        {Config{URL: "rediss://h", CAFile: "/nonexistent"}, "/nonexistent"},
		"no certificate":    {Config{URL: "rediss://h", CAFile: authority.KeyFile}, "PEM certificates"},
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
	ctx := testContext(t)
	must[[]string](t)(c.GrantRights(ctx, "u1", "m1"))
	rights, views := watchRights(t, c, "u1"), watchFloor(t, c, "m1")
	await(t, rights, "the right to talk", func(r Rights) bool { return r.MayTalk("m1") })
	until(t, "a subscription", func() bool { return c.Subscription().Connected })
	cl := claim("m1", "u1")
	if d := must[Decision](t)(c.Acquire(ctx, cl)); d.Verdict != Granted {
		t.Fatalf("%+v", d)
	}
	await(t, views, "the talker", func(v FloorView) bool { return v.Holder != nil && v.Holder.Token == cl.Token })
	if d := must[Decision](t)(c.Acquire(ctx, claim("m1", "u1"))); d.Verdict != Busy {
		t.Fatalf("%+v", d)
	}
	must[[]string](t)(c.RevokeRights(ctx, "u1", "m1"))
	await(t, rights, "silence", func(r Rights) bool { return !r.MayTalk("m1") })
	if st := must[Standing](t)(c.Renew(ctx, cl)); st.State != Revoked {
		t.Fatalf("%+v", st)
	}
	if !must[bool](t)(c.Release(ctx, cl)) {
		t.Fatal("not released")
	}
	await(t, views, "an idle floor", func(v FloorView) bool { return v.Known && v.Holder == nil })
	if d := must[Decision](t)(c.Acquire(ctx, cl)); d.Verdict != NoRights {
		t.Fatalf("%+v", d)
	}
}

func TestTLSAndPassword(t *testing.T) {
	authority := redistest.NewAuthority(t)
	s := redistest.StartTLS(t, authority, "--requirepass", "sesame", "--user", "port", "on", ">mellon", "~*", "&*", "+@all")
	password := file(t, "mellon\n")
	good := Config{URL: s.URL, Username: "port", PasswordFile: password, CAFile: authority.CAFile}
	c, err := Open(good)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	pressOnce(t, c)

	other := redistest.NewAuthority(t)
	for name, spoil := range map[string]func(*Config){
		"another authority":    func(cfg *Config) { cfg.CAFile = other.CAFile },
		"the system's":         func(cfg *Config) { cfg.CAFile = "" },
		"another host's":       func(cfg *Config) { cfg.URL = strings.Replace(cfg.URL, "127.0.0.1", "localhost", 1) },
		"a wrong password":     func(cfg *Config) { cfg.PasswordFile = file(t, "sesame") },
		"no password":          func(cfg *Config) { cfg.PasswordFile, cfg.Username = "", "" },
		"no TLS":               func(cfg *Config) { cfg.URL, cfg.CAFile = strings.Replace(cfg.URL, "rediss", "redis", 1), "" },
		"another user's":       func(cfg *Config) { cfg.Username = "default" },
		"a user unknown there": func(cfg *Config) { cfg.Username = "nobody" },
	} {
		cfg := good
		spoil(&cfg)
		bad, err := Open(cfg)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		err = bad.Ping(testContext(t))
		if err == nil {
			t.Errorf("%s was accepted", name)
		} else if strings.Contains(err.Error(), "mellon") || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s: the password is in the error: %v", name, err)
		}
		bad.Close()
	}

	// A new password counts for the next connection, without a restart.
	rotating := must[*Client](t)(Open(good))
	defer rotating.Close()
	opt := must[*goredis.UniversalOptions](t)(good.options())
	admin := goredis.NewUniversalClient(opt)
	defer admin.Close()
	if err := admin.Do(testContext(t), "ACL", "SETUSER", "port", "resetpass", ">friend").Err(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(password, []byte("friend\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	admin.Do(testContext(t), "CLIENT", "KILL", "TYPE", "normal")
	if err := rotating.Ping(testContext(t)); err != nil {
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
	ctx := testContext(t)
	for _, ch := range []string{"a", "b", "c", "d", "e", "f"} {
		must[[]string](t)(c.GrantRights(ctx, "u1", ch))
		if err := c.SetChannelEvent(ctx, ch, "e1"); err != nil {
			t.Fatal(err)
		}
		if d := must[Decision](t)(c.Acquire(ctx, claim(ch, "u1"))); d.Verdict != Granted {
			t.Fatalf("%+v", d)
		}
	}
	must[Ban](t)(c.BanUser(ctx, "u2", "boss", "", time.Minute))
	if d := must[Decision](t)(c.Acquire(ctx, claim("a", "u2"))); d.Verdict != Banned {
		t.Errorf("%+v", d)
	}
	if s := must[map[string]Holder](t)(c.ActiveSpeakers(ctx, "e1")); len(s) != 6 {
		t.Errorf("speakers %v", s)
	}
	if paused := must[map[string]Holder](t)(c.PauseAllSpeakers(ctx, "e1", "boss")); len(paused) != 6 {
		t.Errorf("paused %v", paused)
	}
}

func TestSentinelFailover(t *testing.T) {
	t.Parallel()
	g := redistest.StartGroup(t)
	c := open(t, g.URL)
	pressOnce(t, c)
	ctx := testContext(t)
	must[[]string](t)(c.GrantRights(ctx, "u1", "m1"))
	rights := watchRights(t, c, "u1")
	await(t, rights, "the right to talk", func(r Rights) bool { return r.MayTalk("m1") })
	cl := claim("m1", "u1")
	first := must[Decision](t)(c.Acquire(ctx, cl))
	master := g.Master()
	must[int64](t)(master.Client().Wait(ctx, 2, time.Second).Result())
	master.Kill()
	cl = claim("m1", "u1")
	var d Decision
	until(t, "a grant by the new master", func() bool {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		var err error
		d, err = c.Acquire(ctx, cl)
		return err == nil && d.Verdict == Granted
	})
	if d.Epoch <= first.Epoch {
		t.Errorf("epoch %d after %d", d.Epoch, first.Epoch)
	}
	until(t, "a subscription at the new master", func() bool {
		return g.Master().Client().PubSubNumSub(ctx, MembershipUpdates).Val()[MembershipUpdates] == 1
	})
	must[[]string](t)(c.RevokeRights(ctx, "u1", "m1"))
	await(t, rights, "silence", func(r Rights) bool { return r.Known && !r.MayTalk("m1") })
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
