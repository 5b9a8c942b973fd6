package interop

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// site is three hubs on one Redis, two proxies and a relay.
type site struct {
	dir   string
	state *redis.Client
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{dir: t.TempDir()}
	server := redistest.Start(t)
	var err error
	if s.state, err = redis.Open(conn.Config{URL: server.URL}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.state.Close() })
	s.write(t, "hub.secret", "a secret of this test, 32 bytes and more\n")
	s.write(t, "turn.secret", "the relay's\n")
	hub := func(name string, args ...string) {
		p := talkgatetest.Start(t, name, append([]string{"hub", "--redis", server.URL, "--token-secret-file", s.path("hub.secret")}, args...)...)
		p.Until(`msg="hub listens"`)
		go func() {
			for range p.Lines { // what it logs has no reader
			}
		}()
	}
	plain, secure := fmt.Sprintf(":%d", plainPort), fmt.Sprintf(":%d", tlsPort)
	hub("plain hub", "--listen", plain, "--tcp", plain, "--udp", fmt.Sprintf(":%d", plainMedia))
	hub("HTTPS hub", "--listen", secure, "--tcp", secure, "--udp", fmt.Sprintf(":%d", tlsMedia), "--tls-own-ca", s.path("ca"))
	hub("hub with a relay", "--listen", fmt.Sprintf(":%d", farPort), "--udp", fmt.Sprintf(":%d", farMedia),
		"--turn", fmt.Sprintf("turn:10.77.4.1:%d?transport=tcp", turnPort), "--turn-secret-file", s.path("turn.secret"))

	s.write(t, "nginx.conf", fmt.Sprintf(`daemon off; pid %[1]s/nginx.pid; error_log %[1]s/nginx.log; user root;
events {}
http { access_log off; client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
server { listen 10.77.1.1:%[2]d; location /ptt/ { proxy_pass http://127.0.0.1:%[3]d/; proxy_http_version 1.1; proxy_buffering off; proxy_read_timeout 1h; } } }
`, s.dir, nginxPort, plainPort))
	s.write(t, "Caddyfile", fmt.Sprintf(`{
	admin off
	auto_https off
}
:%d {
	handle_path /ptt/* {
		reverse_proxy 127.0.0.1:%d
	}
}
`, caddyPort, plainPort))
	s.start(t, "nginx", "-c", s.path("nginx.conf"), "-p", s.dir)
	s.start(t, "caddy", "run", "--config", s.path("Caddyfile"), "--adapter", "caddyfile")
	s.start(t, "turnserver", "-n", "--no-cli", "--no-tls", "--no-dtls", "--use-auth-secret", "--static-auth-secret=the relay's",
		"--realm=talkgate", "--listening-ip=10.77.4.1", "--relay-ip=10.77.4.1", "--log-file=stdout", "--pidfile="+s.path("turn.pid"), "--db="+s.path("turn.db"))
	for _, address := range []string{fmt.Sprintf("10.77.1.1:%d", nginxPort), fmt.Sprintf("10.77.1.1:%d", caddyPort), fmt.Sprintf("10.77.4.1:%d", turnPort)} {
		waitFor(t, address)
	}
	return s
}

func (s *site) path(name string) string { return filepath.Join(s.dir, name) }

func (s *site) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(s.path(name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// start starts a program that runs until the test ends.
func (s *site) start(t *testing.T, name string, args ...string) {
	t.Helper()
	log, err := os.Create(s.path(name + ".out"))
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(name, args...)
	c.Stdout, c.Stderr = log, log
	c.Env = append(os.Environ(), "HOME="+s.dir)
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
		log.Close()
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("%s:\n%.3000s", name, text)
		}
	})
}

// waitFor waits until something listens at an address.
func waitFor(t *testing.T, address string) {
	t.Helper()
	for deadline := time.Now().Add(talkgatetest.Patience); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// token is of a user of a channel, who may talk there.
func (s *site) token(t *testing.T, user, channel string) string {
	t.Helper()
	if _, err := s.state.GrantRights(t.Context(), user, channel); err != nil {
		t.Fatal(err)
	}
	code, token, stderr := talkgatetest.Run(t, "", "token", "--secret-file", s.path("hub.secret"), "--user", user, "--channel", channel)
	if code != talkgatetest.ExitOK {
		t.Fatal(stderr)
	}
	return token
}
