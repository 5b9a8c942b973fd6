package interop

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/rtc"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// TestUplinks has a port with two uplinks talk, and takes the one that it talks by away:
// first its route, while both are up, then the link itself. Nothing is lost by the first,
// 300 ms at most by the second, and both are of one talk spurt.
func TestUplinks(t *testing.T) {
	if prefix := os.Getenv(insideEnv); prefix != "" {
		runUplinks(t, prefix+"-port")
		return
	}
	if os.Getuid() != 0 {
		missing(t, "root, to make network namespaces")
	}
	prefix := fmt.Sprintf("tu%d", os.Getpid())
	hub := prefix + "-hub"
	command(t, "ip", "netns", "add", hub)
	t.Cleanup(func() { command(t, "ip", "netns", "del", hub) })
	inside := exec.CommandContext(t.Context(), "ip", "netns", "exec", hub, os.Args[0], "-test.run", "^TestUplinks$", "-test.v="+fmt.Sprint(testing.Verbose()))
	inside.Env = append(os.Environ(), insideEnv+"="+prefix)
	inside.Stdout, inside.Stderr = os.Stdout, os.Stderr
	if err := inside.Run(); err != nil {
		t.Fatal(err)
	}
}

// siteAddr is the hub's, on neither of the cables; Redis is there, too.
const siteAddr = "10.88.0.1"

func runUplinks(t *testing.T, netns string) {
	layUplinks(t, netns)
	server := redistest.Start(t)
	relay(t, siteAddr+":6379", strings.TrimSuffix(strings.TrimPrefix(server.URL, "redis://"), "/0"))
	s := &site{dir: t.TempDir()}
	s.write(t, "hub.secret", "a secret of this test, 32 bytes and more\n")
	var err error
	if s.state, err = redis.Open(conn.Config{URL: server.URL}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.state.Close() })
	hub := talkgatetest.Start(t, "hub", "hub", "--redis", server.URL, "--token-secret-file", s.path("hub.secret"),
		"--listen", ":8080", "--udp", ":8081", "--interface", "lo")
	hub.Until(`msg="hub listens"`)
	say := s.startRoaming(t, netns)

	heard := &arrivals{}
	engine, err := rtc.NewEngine(rtc.Config{Interfaces: []string{"lo"}})
	if err != nil {
		t.Fatal(err)
	}
	ear, err := engine.Subscribe(t.Context(), s.offerTo(t, "http://"+siteAddr+":8080/whep/gates", "ear"), heard.add)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ear.Close() })

	say("press")
	heard.more(t, 50)
	view, err := s.state.ReadFloor(t.Context(), "gates")
	if err != nil {
		t.Fatal(err)
	}
	in := func(args ...string) { t.Helper(); command(t, "ip", append([]string{"-n", netns}, args...)...) }
	for _, c := range []struct {
		name   string
		change func()
		lost   int
		gap    time.Duration
	}{
		{"both are up", func() { in("route", "add", "default", "via", "10.88.2.1", "metric", "50") }, 0, 300 * time.Millisecond},
		{"and back", func() { in("route", "del", "default", "via", "10.88.2.1", "metric", "50") }, 0, 300 * time.Millisecond},
		{"pulled", func() { in("link", "set", "up0", "down") }, 15, 300 * time.Millisecond},
	} {
		heard.reset()
		c.change()
		heard.more(t, 100)
		lost, gap := heard.harm()
		t.Logf("%s: %d packets lost, %v of silence at most", c.name, lost, gap.Round(time.Millisecond))
		if lost > c.lost || gap > c.gap {
			t.Errorf("%s: %d packets lost and %v of silence, want %d and %v at most", c.name, lost, gap, c.lost, c.gap)
		}
	}
	heard.more(t, 100) // two seconds: two leases
	now, err := s.state.ReadFloor(t.Context(), "gates")
	if err != nil || now.Holder == nil || view.Holder == nil || now.Holder.Epoch != view.Holder.Epoch {
		t.Errorf("the floor is of %+v, %v, want that of the press, %+v", now.Holder, err, view.Holder)
	}
}

// layUplinks lays two cables from the port's namespace to this one.
func layUplinks(t *testing.T, netns string) {
	t.Helper()
	command(t, "ip", "link", "set", "lo", "up")
	command(t, "ip", "addr", "add", siteAddr+"/32", "dev", "lo")
	command(t, "ip", "netns", "add", netns)
	t.Cleanup(func() { command(t, "ip", "netns", "del", netns) })
	command(t, "ip", "-n", netns, "link", "set", "lo", "up")
	for i := range 2 {
		here, there, net := fmt.Sprint("hub", i), fmt.Sprint("up", i), fmt.Sprintf("10.88.%d.", i+1)
		command(t, "ip", "link", "add", here, "type", "veth", "peer", "name", there, "netns", netns)
		command(t, "ip", "addr", "add", net+"1/24", "dev", here)
		command(t, "ip", "link", "set", here, "up")
		command(t, "ip", "-n", netns, "addr", "add", net+"2/24", "dev", there)
		command(t, "ip", "-n", netns, "link", "set", there, "up")
		command(t, "ip", "-n", netns, "route", "add", "default", "via", net+"1", "metric", fmt.Sprint(100*(i+1)))
	}
}

// relay brings what connects to one TCP address to another.
func relay(t *testing.T, from, to string) {
	t.Helper()
	l, err := net.Listen("tcp", from)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			a, err := l.Accept()
			if err != nil {
				return
			}
			b, err := net.Dial("tcp", to)
			if err != nil {
				a.Close()
				continue
			}
			go func() { defer a.Close(); _, _ = io.Copy(a, b) }()
			go func() { defer b.Close(); _, _ = io.Copy(b, a) }()
		}
	}()
}

// startRoaming starts a virtual radio in a namespace and waits until it is on air; say
// writes a line to it.
func (s *site) startRoaming(t *testing.T, netns string) (say func(string)) {
	t.Helper()
	s.write(t, "north.token", s.token(t, "north", "gates"))
	s.write(t, "north.yaml", fmt.Sprintf(`version: 1
channel: gates
identity: {user_id: north, user_name: North}
redis: {url: "redis://%[1]s:6379/0"}
link: {kind: hub, url: "http://%[1]s:8080", token_file: north.token}
hardware: {driver: sim}
`, siteAddr))
	c := exec.Command("ip", "netns", "exec", netns, talkgatetest.Binary(t), "run", "--config", s.path("north.yaml"))
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out := &output{}
	c.Stdout, c.Stderr = out, out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
		if t.Failed() {
			t.Logf("the port:\n%s", out)
		}
	})
	for deadline := time.Now().Add(talkgatetest.Patience); !strings.Contains(out.String(), "state=idle lamps=link "); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the port is not on air")
		}
	}
	return func(line string) { _, _ = fmt.Fprintln(in, line) }
}

// output is what a process prints.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// offerTo exchanges descriptions with the hub, as a user.
func (s *site) offerTo(t *testing.T, url, user string) rtc.Exchange {
	token := strings.TrimSpace(s.token(t, user, "gates"))
	return func(ctx context.Context, offer string) (string, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(offer))
		if err != nil {
			return "", err
		}
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/sdp")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		answer, err := io.ReadAll(resp.Body)
		if resp.StatusCode != http.StatusCreated {
			return "", fmt.Errorf("%s: %s", resp.Status, answer)
		}
		return string(answer), err
	}
}

// arrivals are the packets that a listener was sent. The hub numbers what it forwards
// anew, so what is missing shows in the timestamps.
type arrivals struct {
	mu      sync.Mutex
	packets []media.Packet
}

func (a *arrivals) add(p media.Packet) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p.Opus = nil // it is reused
	a.packets = append(a.packets, p)
}

func (a *arrivals) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.packets)
}

// reset forgets all but the last packet.
func (a *arrivals) reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.packets = a.packets[len(a.packets)-1:]
}

// more waits for n packets more.
func (a *arrivals) more(t *testing.T, n int) {
	t.Helper()
	want := a.count() + n
	for deadline := time.Now().Add(talkgatetest.Patience); a.count() < want; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d packets arrived, want %d", a.count(), want)
		}
	}
}

// harm is how many frames are missing, and the longest time without one, by the sender's
// clock.
func (a *arrivals) harm() (lost int, gap time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, p := range a.packets[1:] {
		frames := int(int32(p.Timestamp-a.packets[i].Timestamp)) / media.FrameSamples
		lost += max(0, frames-1)
		gap = max(gap, time.Duration(frames)*media.FrameDuration)
	}
	return lost, gap
}
