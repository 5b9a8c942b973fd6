package interop

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/media"
)

// client is somebody's WHIP and WHEP client. It sends a tone all the time; the hub decides
// what of it is heard.
type client interface {
	// wait returns when both sessions stand.
	wait(ctx context.Context) error
	// heard is how many blocks of 20 ms with sound it has heard.
	heard() int64
}

// kinds are all clients.
var kinds = []string{"port (pion)", "ffmpeg", "GStreamer", "Chromium", "Firefox"}

func newClient(ctx context.Context, c told) (client, error) {
	switch c.Kind {
	case "port (pion)":
		p, err := newPort(ctx, c)
		if err != nil {
			return nil, err
		}
		return portClient{p, ctx}, nil
	case "ffmpeg":
		return newFFmpeg(ctx, c)
	case "GStreamer":
		return newGStreamer(ctx, c)
	}
	return newBrowser(ctx, c)
}

// connectTime is how long a client may take to connect.
const connectTime = 60 * time.Second

// runClient is a client in a namespace of its own. It does what the lines of its standard
// input say, and answers each by one line.
func runClient(text string) error {
	var c told
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	floor, err := newFloorClient(ctx, c)
	if err != nil {
		return err
	}
	one, err := newClient(ctx, c)
	if err != nil {
		return err
	}
	waiting, done := context.WithTimeout(ctx, connectTime)
	defer done()
	if err := one.wait(waiting); err != nil {
		return err
	}
	fmt.Println("up")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		switch in.Text() {
		case "ask":
			granted, why, err := floor.ask(ctx)
			if err != nil {
				return err
			}
			fmt.Println(granted, why)
		case "heard":
			fmt.Println(one.heard())
		}
	}
	return nil
}

// portClient is what a port of talkgate connects with.
type portClient struct {
	*port
	ctx context.Context
}

func (p portClient) wait(ctx context.Context) error {
	if err := p.port.wait(ctx); err != nil {
		return err
	}
	go p.tone(p.ctx)
	return nil
}

func (p portClient) heard() int64 { return p.loud.Load() }

// program starts a program that ends with this one, and returns its standard output.
func program(ctx context.Context, dir string, name string, args ...string) (io.Reader, error) {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "HOME="+dir, "MOZ_DISABLE_CONTENT_SANDBOX=1", "XDG_RUNTIME_DIR="+dir)
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := os.Create(filepath.Join(dir, fmt.Sprintf("%s-%d.log", filepath.Base(name), time.Now().UnixNano())))
	if err != nil {
		return nil, err
	}
	c.Stderr = log
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return out, c.Start()
}

// ffmpeg encodes and decodes; Debian's has no WHIP, so a port's link carries it.
type ffmpeg struct {
	*port
	ctx  context.Context
	dir  string
	pcm  ears
	talk net.PacketConn
}

func newFFmpeg(ctx context.Context, c told) (client, error) {
	p, err := newPort(ctx, c)
	if err != nil {
		return nil, err
	}
	f := &ffmpeg{port: p, ctx: ctx, dir: c.Dir}
	if f.talk, err = net.ListenPacket("udp4", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	free, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	to := free.LocalAddr()
	free.Close()
	sdp := fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 111\r\na=rtpmap:111 opus/48000/2\r\n", to.(*net.UDPAddr).Port)
	if err := os.WriteFile(filepath.Join(c.Dir, "heard.sdp"), []byte(sdp), 0o600); err != nil {
		return nil, err
	}
	out, err := program(ctx, c.Dir, "ffmpeg", "-loglevel", "error", "-protocol_whitelist", "file,udp,rtp", "-fflags", "nobuffer",
		"-analyzeduration", "0", "-probesize", "32", "-i", "heard.sdp", "-f", "s16le", "-ac", "1", "-ar", "48000", "pipe:1")
	if err != nil {
		return nil, err
	}
	go f.listen(out)
	packet := &rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 111, SSRC: 1}}
	p.on = func(opus []byte) {
		packet.SequenceNumber++
		packet.Timestamp += uint32(media.OpusSamples(opus))
		packet.Payload = opus
		if b, err := packet.Marshal(); err == nil {
			_, _ = f.talk.WriteTo(b, to) // it may have ended
		}
	}
	return f, nil
}

// listen counts what it decodes.
func (f *ffmpeg) listen(out io.Reader) {
	raw, pcm := make([]byte, 2*media.FrameSamples), make([]int16, media.FrameSamples)
	for {
		if _, err := io.ReadFull(out, raw); err != nil {
			return
		}
		for i := range pcm {
			pcm[i] = int16(uint16(raw[2*i]) | uint16(raw[2*i+1])<<8)
		}
		f.pcm.blocks(pcm)
	}
}

func (f *ffmpeg) heard() int64 { return f.pcm.loud.Load() }

func (f *ffmpeg) wait(ctx context.Context) error {
	if err := f.port.wait(ctx); err != nil {
		return err
	}
	_, port, _ := net.SplitHostPort(f.talk.LocalAddr().String())
	if _, err := program(f.ctx, f.dir, "ffmpeg", "-loglevel", "error", "-re", "-f", "lavfi", "-i", "sine=frequency=1000:sample_rate=48000",
		"-c:a", "libopus", "-frame_duration", "60", "-f", "rtp", "rtp://127.0.0.1:"+port); err != nil {
		return err
	}
	go func() {
		buf := make([]byte, 1500)
		var p rtp.Packet
		for {
			n, _, err := f.talk.ReadFrom(buf)
			if err != nil {
				return
			}
			if p.Unmarshal(buf[:n]) == nil {
				_ = f.link.WriteOpus(p.Payload, p.Timestamp, p.Marker) // while the link is down
			}
		}
	}()
	return nil
}

// gstreamer is two pipelines around webrtcbin.
type gstreamer struct {
	says [2]<-chan string
	loud atomic.Int64
}

func newGStreamer(ctx context.Context, c told) (client, error) {
	g := &gstreamer{}
	script, err := filepath.Abs("testdata/webrtcbin.py")
	if err != nil {
		return nil, err
	}
	for i, mode := range []string{"whip", "whep"} {
		out, err := program(ctx, c.Dir, "/usr/bin/python3", script, mode, c.Base+"/"+mode+"/"+c.Channel, strings.TrimSpace(c.Token), c.CA)
		if err != nil {
			return nil, err
		}
		g.says[i] = lines(out)
	}
	return g, nil
}

func (g *gstreamer) wait(ctx context.Context) error {
	for _, says := range g.says {
		for up := false; !up; {
			select {
			case line, ok := <-says:
				if !ok {
					return fmt.Errorf("a pipeline ended")
				}
				up = line == "up"
			case <-ctx.Done():
				return fmt.Errorf("a pipeline does not connect")
			}
		}
	}
	go func() {
		for line := range g.says[1] {
			if line == "loud" {
				g.loud.Add(1)
			}
		}
	}()
	return nil
}

func (g *gstreamer) heard() int64 { return g.loud.Load() }

// browser shows a page with both sessions, which reports to us.
type browser struct {
	up   chan struct{}
	why  atomic.Value
	loud atomic.Int64
}

func newBrowser(ctx context.Context, c told) (client, error) {
	b := &browser{up: make(chan struct{})}
	page, err := os.ReadFile("testdata/browser.html")
	if err != nil {
		return nil, err
	}
	settings, err := json.Marshal(map[string]string{"base": c.Base, "token": strings.TrimSpace(c.Token), "channel": c.Channel})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(bytes.Replace(page, []byte("SETTINGS"), settings, 1))
	})
	mux.HandleFunc("POST /report", func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(io.LimitReader(r.Body, 1000))
		state, rest, _ := strings.Cut(string(text), " ")
		switch state {
		case "up":
			close(b.up)
		case "heard":
			n, _ := strconv.ParseInt(rest, 10, 64)
			b.loud.Store(n)
		default:
			b.why.Store(rest)
		}
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() { _ = http.Serve(l, mux) }()
	url := "http://" + l.Addr().String() + "/"
	if c.Kind == "Chromium" {
		return b, b.chromium(ctx, c, url)
	}
	return b, b.firefox(ctx, c, url)
}

// trust has a store of NSS trust the hub's authority.
func trust(c told, store string) error {
	if err := os.MkdirAll(store, 0o700); err != nil || c.CA == "" {
		return err
	}
	if out, err := exec.Command("certutil", "-N", "--empty-password", "-d", "sql:"+store).CombinedOutput(); err != nil {
		return fmt.Errorf("certutil: %w: %s", err, out)
	}
	if out, err := exec.Command("certutil", "-A", "-n", "hub", "-t", "C,,", "-i", c.CA, "-d", "sql:"+store).CombinedOutput(); err != nil {
		return fmt.Errorf("certutil: %w: %s", err, out)
	}
	return nil
}

func (b *browser) chromium(ctx context.Context, c told, url string) error {
	if err := trust(c, filepath.Join(c.Dir, ".pki", "nssdb")); err != nil {
		return err
	}
	_, err := program(ctx, c.Dir, "chromium", "--headless=new", "--no-sandbox", "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic", "--remote-debugging-port=0",
		"--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", "--autoplay-policy=no-user-gesture-required", "--user-data-dir="+filepath.Join(c.Dir, "profile"), url)
	return err
}

func (b *browser) firefox(ctx context.Context, c told, url string) error {
	profile := filepath.Join(c.Dir, "profile")
	if err := trust(c, profile); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(profile, "user.js"), []byte(`user_pref("media.autoplay.default", 0);
user_pref("media.autoplay.blocking_policy", 0);
user_pref("media.navigator.streams.fake", true);
user_pref("media.navigator.permission.disabled", true);
user_pref("app.update.disabledForTesting", true);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
`), 0o600); err != nil {
		return err
	}
	_, err := program(ctx, c.Dir, "firefox-esr", "--headless", "--no-remote", "--profile", profile, url)
	return err
}

func (b *browser) wait(ctx context.Context) error {
	select {
	case <-b.up:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("the page does not connect: %v", b.why.Load())
	}
}

func (b *browser) heard() int64 { return b.loud.Load() }
