package hub

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"go.uber.org/goleak"

	channelhub "github.com/talkgate/talkgate/gateway/hub"
	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/media/icelite"
	"github.com/talkgate/talkgate/media/rtc"
	"github.com/talkgate/talkgate/media/rtc/rtctest"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// hubEnv makes this test binary a hub, so that one can be killed for good.
const hubEnv = "TALKGATE_TEST_HUB"

const hubSecret = "a secret of thirty-two bytes, 123"

type hubSetup struct{ Listen, Redis string }

func TestMain(m *testing.M) {
	if setup := os.Getenv(hubEnv); setup != "" {
		if err := beHub(setup); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// beHub serves until standard input ends.
func beHub(setup string) error {
	var s hubSetup
	if err := json.Unmarshal([]byte(setup), &s); err != nil {
		return err
	}
	state, err := redis.Open(conn.Config{URL: s.Redis})
	if err != nil {
		return err
	}
	engine, err := icelite.NewServer(icelite.Config{UDP: "127.0.0.1:0", PeerTimeout: 2 * time.Second})
	if err != nil {
		return err
	}
	h, err := channelhub.New(channelhub.Config{Listen: s.Listen, Secret: []byte(hubSecret), State: state, Media: engine})
	if err != nil {
		return err
	}
	fmt.Println(h.Addr())
	ctx, cancel := context.WithCancel(context.Background())
	go func() { _, _ = io.Copy(io.Discard, os.Stdin); cancel() }()
	return h.Run(ctx)
}

// hubProcess is a real hub in a process of its own.
type hubProcess struct {
	cmd   *exec.Cmd
	stdin io.Closer
	addr  string
}

func startHub(t *testing.T, setup hubSetup) *hubProcess {
	t.Helper()
	b, _ := json.Marshal(setup)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), hubEnv+"="+string(b))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &hubProcess{cmd: cmd, stdin: stdin}
	t.Cleanup(p.kill)
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the hub does not start: %v", err)
	}
	p.addr = strings.TrimSpace(line)
	return p
}

func (p *hubProcess) url() string { return "http://" + p.addr }

// kill ends it as a crash does.
func (p *hubProcess) kill() {
	_ = p.stdin.Close()
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// stop ends it as a service manager does.
func (p *hubProcess) stop() {
	_ = p.stdin.Close()
	_ = p.cmd.Wait()
}

func (p *hubProcess) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// bearer mints tokens for user on the channel of these tests.
func bearer(user string, life time.Duration) func(context.Context) (string, error) {
	return func(context.Context) (string, error) {
		c := auth.Claims{UserID: user, UserName: user, ChannelIDs: []string{"gate"},
			RegisteredClaims: jwt.RegisteredClaims{ExpiresAt: jwt.NewNumericDate(time.Now().Add(life))}}
		return c.Sign([]byte(hubSecret))
	}
}

// lossy is an engine that notices a dead peer early.
func lossy(t testing.TB) *rtc.Engine {
	t.Helper()
	e, err := rtc.NewEngine(rtc.Config{Interfaces: []string{"lo"}, PeerTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestRealHubIsKilledAndReturns(t *testing.T) {
	setup := hubSetup{Listen: "127.0.0.1:0", Redis: redistest.Start(t).URL}
	h := startHub(t, setup)
	setup.Listen = h.addr
	l, e, stop := joinHub(t, Config{URL: h.url(), Token: bearer("north", time.Hour), Engine: lossy(t)})
	e.see(t, "up", func() bool { return e.ups == 1 })

	h.kill()
	e.see(t, "down after the kill", func() bool { return len(e.downs) == 1 && errors.Is(e.downs[0], rtc.ErrPeerLost) })
	eventually(t, "nothing can be sent", func() bool { return errors.Is(l.WriteOpus([]byte{0xF8}, 0, true), port.ErrLinkDown) })
	h = startHub(t, setup)
	e.see(t, "up after the kill", func() bool { return e.ups == 2 })

	h.stop()
	e.see(t, "down after the stop", func() bool { return len(e.downs) == 2 })
	startHub(t, setup)
	e.see(t, "up after the stop", func() bool { return e.ups == 3 })
	if err := l.WriteOpus([]byte{0xF8}, 0, true); err != nil {
		t.Error(err)
	}
	stop()
}

// A hub that hangs is as dead as one that is gone; when it wakes it must not
// keep the port out because it believes in the old session.
func TestRealHubHangsAndWakes(t *testing.T) {
	h := startHub(t, hubSetup{Listen: "127.0.0.1:0", Redis: redistest.Start(t).URL})
	_, e, _ := joinHub(t, Config{URL: h.url(), Token: bearer("north", time.Hour), Engine: lossy(t)})
	e.see(t, "up", func() bool { return e.ups == 1 })
	h.signal(t, syscall.SIGSTOP)
	e.see(t, "down", func() bool { return len(e.downs) == 1 })
	h.signal(t, syscall.SIGCONT)
	e.see(t, "up again", func() bool { return e.ups == 2 })
}

// A port that crashed finds its old session in the way: it waits as the hub says.
func TestRealHubStillBelievesInADeadPort(t *testing.T) {
	h := startHub(t, hubSetup{Listen: "127.0.0.1:0", Redis: redistest.Start(t).URL})
	token := bearer("north", time.Hour)
	e := endpoint{url: h.url() + "/whip/gate", token: token, client: clientOf(t), relays: &relays{}}
	cable := rtctest.NewCable(t)
	p, err := newEngine(t).Publish(t.Context(), func(ctx context.Context, offer string) (string, error) {
		answer, _, err := e.post(ctx, offer)
		return cable.Through(answer), err
	})
	if err != nil {
		t.Fatal(err)
	}
	cable.Cut() // and with it every way to say goodbye
	_ = p.Close()

	var refused *RefusedError
	if _, _, err := e.post(t.Context(), "v=0"); !errors.As(err, &refused) || refused.Status != 409 || refused.RetryAfter == 0 {
		t.Fatalf("second session: %v", err)
	}
	_, ev, _ := joinHub(t, Config{URL: h.url(), Token: token, Engine: lossy(t)})
	ev.see(t, "up once the old session is dead", func() bool { return ev.ups == 1 })
}

func TestRealHubWantsAFreshToken(t *testing.T) {
	h := startHub(t, hubSetup{Listen: "127.0.0.1:0", Redis: redistest.Start(t).URL})
	expired, fresh := bearer("north", -time.Minute), bearer("north", time.Hour)
	renew := make(chan struct{})
	_, e, _ := joinHub(t, Config{URL: h.url(), Engine: lossy(t), Token: func(ctx context.Context) (string, error) {
		select {
		case <-renew:
			return fresh(ctx)
		default:
			return expired(ctx)
		}
	}})
	time.Sleep(200 * time.Millisecond)
	e.see(t, "still down", func() bool { return e.ups == 0 })
	close(renew)
	e.see(t, "up", func() bool { return e.ups == 1 })
}
