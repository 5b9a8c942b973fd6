// Package hubcost_test measures what a hub's process costs, beside the hub of an earlier
// commit in the same minutes.
package hubcost_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/sync/errgroup"

	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/rtc"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

var (
	baseline = flag.String("baseline", "a8431cb", "the commit whose hub is compared with")
	members  = flag.String("members", "", "how many listen, such as 50,500")
	rounds   = flag.Int("rounds", 7, "how often each is measured; the median counts")
	window   = flag.Duration("window", 10*time.Second, "how long one measurement takes")
)

const (
	channel = "gates"
	secret  = "a secret of this test, 32 bytes and more"
)

// TestHubCost prints what the processor does for a member while nobody talks, and for a
// packet that is forwarded to a member, in both hubs. Both have the same members at the
// same time, on the same machine.
func TestHubCost(t *testing.T) {
	if *members == "" {
		t.Skip("it measures for ten minutes, by 'make hub-cost'")
	}
	old, now := start(t, buildBaseline(t)), start(t, build(t, "."))
	connected := 0
	for _, n := range strings.Split(*members, ",") {
		want, err := strconv.Atoi(n)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range []*hub{old, now} {
			h.join(t, connected, want)
		}
		connected = want
		time.Sleep(5 * time.Second) // joining has its aftermath
		var idle, talk [2][]float64
		for range *rounds {
			used := [2]time.Duration{old.used(t), now.used(t)}
			time.Sleep(*window)
			for i, h := range []*hub{old, now} {
				idle[i] = append(idle[i], (h.used(t)-used[i]).Seconds()/window.Seconds())
			}
		}
		for range *rounds {
			for i, h := range []*hub{old, now} {
				before, heard := h.used(t), h.heard.Load()
				h.talk(t, *window)
				packets := float64(h.heard.Load() - heard)
				resting := median(idle[i]) * window.Seconds()
				talk[i] = append(talk[i], ((h.used(t)-before).Seconds()-resting)/packets*1e6, (h.used(t)-before).Seconds()/packets*1e6)
			}
		}
		every := func(all []float64, from int) (some []float64) {
			for i := from; i < len(all); i += 2 {
				some = append(some, all[i])
			}
			return some
		}
		show := func(what string, old, now float64) {
			t.Logf("%3d members: %-44s %8.3f before, %8.3f now, ratio %.2f", want, what, old, now, now/old)
		}
		show("idle, % of a core a member", 100*median(idle[0])/float64(want), 100*median(idle[1])/float64(want))
		show("talking, µs a packet forwarded", median(every(talk[0], 0)), median(every(talk[1], 0)))
		show("talking, µs a packet, with what idling costs", median(every(talk[0], 1)), median(every(talk[1], 1)))
	}
}

func median(all []float64) float64 { return slices.Sorted(slices.Values(all))[len(all)/2] }

// buildBaseline builds talkgate as it was at the commit.
func buildBaseline(t *testing.T) string {
	dir := t.TempDir()
	out, err := exec.Command("sh", "-c", "cd $(git rev-parse --show-toplevel) && git archive "+*baseline+" | tar x -C "+dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return build(t, dir)
}

func build(t *testing.T, dir string) string {
	path := filepath.Join(t.TempDir(), "talkgate")
	cmd := exec.Command("go", "build", "-o", path, "github.com/talkgate/talkgate/cmd/talkgate")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// hub is a hub's process and its members, who are in this one.
type hub struct {
	pid    int
	url    string
	state  *redis.Client
	engine *rtc.Engine
	heard  atomic.Int64
	voice  *rtc.Publication
}

var listens = regexp.MustCompile(`msg="hub listens".* (?:url=http://|address=)(\S+)`)

func start(t *testing.T, binary string) *hub {
	h := &hub{}
	server := redistest.Start(t)
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	if h.state, err = redis.Open(conn.Config{URL: server.URL}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.state.Close() })
	if h.engine, err = rtc.NewEngine(rtc.Config{}); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "hub", "--listen", "127.0.0.1:0", "--udp", fmt.Sprintf("127.0.0.1:%d", redistest.FreePort(t)), "--redis", server.URL, "--token-secret-file", file, "--log-format", "text")
	var said output
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	h.pid = cmd.Process.Pid
	redistest.Until(t, "the hub listens", func() bool {
		if m := listens.FindStringSubmatch(said.String()); m != nil {
			h.url = "http://" + m[1]
		}
		return h.url != ""
	})
	if _, err := h.state.GrantRights(t.Context(), "talker", channel); err != nil {
		t.Fatal(err)
	}
	h.voice, err = h.engine.Publish(t.Context(), h.exchange(t, "whip", "talker"))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// output is what a process said.
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

func (h *hub) exchange(t *testing.T, kind, user string) rtc.Exchange {
	claims := auth.Claims{UserID: user, UserName: user, ChannelIDs: []string{channel}, Role: string(redis.RoleGeneral)}
	claims.IssuedAt, claims.ExpiresAt = jwt.NewNumericDate(time.Now()), jwt.NewNumericDate(time.Now().Add(time.Hour))
	token, err := claims.Sign([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context, offer string) (string, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url+"/"+kind+"/"+channel, strings.NewReader(offer))
		if err != nil {
			return "", err
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/sdp")
		resp, err := http.DefaultClient.Do(req)
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

// join has members listen, those of the numbers from to below to.
func (h *hub) join(t *testing.T, from, to int) {
	var g errgroup.Group
	g.SetLimit(4)
	for i := from; i < to; i++ {
		g.Go(func() error {
			_, err := h.engine.Subscribe(t.Context(), h.exchange(t, "whep", fmt.Sprint("m", i)), func(media.Packet) { h.heard.Add(1) })
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
}

// talk sends speech for d, by the floor.
func (h *hub) talk(t *testing.T, d time.Duration) {
	claim := redis.NewClaim(channel, "talker", "talker", time.Now(), d+10*time.Second)
	decision, err := h.state.Acquire(t.Context(), claim)
	if err != nil || decision.Verdict != redis.Granted {
		t.Fatalf("%+v, %v", decision, err)
	}
	frame := make([]byte, 60)
	tick := time.NewTicker(media.FrameDuration)
	defer tick.Stop()
	for i := range int(d / media.FrameDuration) {
		<-tick.C
		if err := h.voice.WriteOpus(frame, uint32(i*media.FrameSamples), i == 0); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.state.Release(t.Context(), claim); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond) // the last ones are under way
}

// used is the processor time of the hub's process so far.
func (h *hub) used(t *testing.T) (d time.Duration) {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", h.pid))
	if err != nil || len(tasks) == 0 {
		t.Fatalf("no threads of the hub: %v", err)
	}
	for _, task := range tasks {
		text, err := os.ReadFile(task)
		if err != nil {
			continue // a thread that ended
		}
		ns, err := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		d += time.Duration(ns)
	}
	return d
}
