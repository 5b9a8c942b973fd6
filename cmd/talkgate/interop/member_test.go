package interop

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/gateway/link/hub"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/rtc"
)

// told is what a client is told.
type told struct {
	Kind, Base, CA, Token, Channel, Dir string
}

func (c told) http() (*http.Client, error) {
	settings := &tls.Config{}
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, err
		}
		settings.RootCAs = x509.NewCertPool()
		settings.RootCAs.AppendCertsFromPEM(pem)
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: settings}}, nil
}

// floorClient asks for the floor, as a client without hardware does: by HTTP, with its
// event stream open.
type floorClient struct {
	told
	client *http.Client
}

func newFloorClient(ctx context.Context, c told) (*floorClient, error) {
	client, err := c.http()
	if err != nil {
		return nil, err
	}
	f := &floorClient{told: c, client: client}
	resp, err := f.do(ctx, http.MethodGet, "events")
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, fmt.Errorf("events: %s", resp.Status)
	}
	go func() {
		defer resp.Body.Close()
		_, _ = io.Copy(io.Discard, resp.Body)
	}()
	return f, nil
}

func (f *floorClient) do(ctx context.Context, method, what string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, f.Base+"/api/channels/"+f.Channel+"/"+what, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(f.Token))
	return f.client.Do(r)
}

// ask asks for the floor, and yield gives it back.
func (f *floorClient) ask(ctx context.Context) (granted bool, why string, err error) {
	resp, err := f.do(ctx, http.MethodPut, "floor")
	if err != nil {
		return false, "", err
	}
	defer resp.Body.Close()
	var a struct {
		Granted       bool
		Reason, Error string
	}
	err = json.NewDecoder(resp.Body).Decode(&a)
	return a.Granted, a.Reason + a.Error, err
}

func (f *floorClient) yield(ctx context.Context) error {
	resp, err := f.do(ctx, http.MethodDelete, "floor")
	if err == nil {
		resp.Body.Close()
	}
	return err
}

// ears count what is heard: 20 ms of sound that is no silence.
type ears struct {
	loud    atomic.Int64
	mu      sync.Mutex
	decoder *media.Decoder
	pcm     [media.MaxOpusSamples]int16
}

func (e *ears) hear(opus []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.decoder == nil {
		e.decoder, _ = media.NewDecoder() // it always succeeds
	}
	n, err := e.decoder.Decode(opus, e.pcm[:])
	if err != nil {
		return
	}
	for at := 0; at+media.FrameSamples <= n; at += media.FrameSamples {
		e.blocks(e.pcm[at:][:media.FrameSamples])
	}
}

// blocks counts a block of 20 ms that is louder than -40 dBFS.
func (e *ears) blocks(pcm []int16) {
	sum := 0.0
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	if math.Sqrt(sum/float64(len(pcm))) > 328 {
		e.loud.Add(1)
	}
}

// port is the link of a port to the hub.
type port struct {
	ears
	link *hub.Link
	up   chan struct{}
	once sync.Once
	why  atomic.Value // error
	on   func(opus []byte)
}

func newPort(ctx context.Context, c told) (*port, error) {
	engine, err := rtc.NewEngine(rtc.Config{})
	if err != nil {
		return nil, err
	}
	p := &port{up: make(chan struct{})}
	p.on = p.hear
	p.link, err = hub.New(hub.Config{
		URL: c.Base, CAFile: c.CA, Channel: c.Channel, Engine: engine,
		Token: func(context.Context) (string, error) { return strings.TrimSpace(c.Token), nil },
	})
	if err != nil {
		return nil, err
	}
	go func() { _ = p.link.Run(ctx, p) }()
	return p, nil
}

func (p *port) LinkUp()                { p.once.Do(func() { close(p.up) }) }
func (p *port) LinkDown(reason error)  { p.why.Store(reason.Error()) }
func (p *port) Receive(m media.Packet) { p.on(m.Opus) }
func (p *port) Emergency(bool)         { /* nobody has one here */ }

func (p *port) wait(ctx context.Context) error {
	select {
	case <-p.up:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("the link is not up: %v", p.why.Load())
	}
}

// tone sends a tone of 1 kHz until ctx ends.
func (p *port) tone(ctx context.Context) {
	encoder, err := media.NewEncoder(media.EncoderConfig{})
	if err != nil {
		return
	}
	tick := time.NewTicker(media.FrameDuration)
	defer tick.Stop()
	pcm, opus := make([]int16, media.FrameSamples), make([]byte, media.MaxOpusFrame)
	for at := 0; ; at += media.FrameSamples {
		for i := range pcm {
			pcm[i] = int16(8000 * math.Sin(2*math.Pi*1000*float64(at+i)/media.SampleRate))
		}
		n, err := encoder.Encode(pcm, opus)
		if err != nil {
			return
		}
		_ = p.link.WriteOpus(opus[:n], uint32(at), at == 0) // while the link is down
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// lines are what a process says.
func lines(r io.Reader) <-chan string {
	all := make(chan string, 100)
	go func() {
		defer close(all)
		for s := bufio.NewScanner(r); s.Scan(); {
			all <- s.Text()
		}
	}()
	return all
}

func (p *port) Unheard(string) { /* not of interest */ }
