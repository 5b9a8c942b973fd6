package voiceping

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
	"github.com/talkgate/talkgate/gateway/redact"
)

const (
	// pingEvery and pongTimeout bound how long a dead connection goes unnoticed.
	pingEvery   = 2 * time.Second
	pongTimeout = 2 * time.Second
	// writeTimeout bounds writing one frame.
	writeTimeout = 2 * time.Second
	// maxQuoted bounds, in bytes, what an error quotes of an answer that is no WebSocket.
	maxQuoted = 200
)

// conn is one WebSocket to the server. Requests may be made from any goroutine.
type conn struct {
	ws     *websocket.Conn
	pushed func(wire.Frame) // called by read, in order
	over   chan struct{}
	echo   []byte // the latest copy without producer; read's

	mu      sync.Mutex
	serial  int
	waiting map[string]func(wire.Frame) // by id; called once, by read
	err     error
}

func dial(ctx context.Context, url, token string, client *http.Client, pushed func(wire.Frame)) (*conn, error) {
	ws, resp, err := websocket.Dial(ctx, url, &websocket.DialOptions{
		HTTPClient:   client,
		Subprotocols: []string{wire.Subprotocol, token},
	})
	if err != nil {
		// The library quotes no header, so the token is not in err.
		if resp == nil || resp.StatusCode == http.StatusSwitchingProtocols {
			return nil, fmt.Errorf("no WebSocket: %w", err)
		}
		var text []byte
		if resp.Body != nil {
			text, _ = io.ReadAll(io.LimitReader(resp.Body, 4<<10))
		}
		said := strings.TrimSpace(redact.Tokens(string(text), token))
		return nil, handshakeError(resp.StatusCode, said[:min(len(said), maxQuoted)], resp.Header.Get("Retry-After"))
	}
	ws.SetReadLimit(wire.MaxFrame)
	return &conn{ws: ws, pushed: pushed, over: make(chan struct{}), waiting: make(map[string]func(wire.Frame))}, nil
}

// run reads and pings until the connection ends, and returns the cause.
func (c *conn) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var pinging sync.WaitGroup
	pinging.Go(func() { cancel(c.keepAlive(ctx)) })
	err := c.read(ctx)
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	cancel(err)
	_ = c.ws.CloseNow()
	pinging.Wait()
	c.mu.Lock()
	c.err = err
	waiting := c.waiting
	c.waiting = nil
	c.mu.Unlock()
	close(c.over)
	for id, answer := range waiting {
		answer(wire.Frame{Type: wire.TypeError, ID: id, Error: "the connection ended"})
	}
	return err
}

func (c *conn) read(ctx context.Context) error {
	for {
		_, text, err := c.ws.Read(ctx)
		if err != nil {
			return fmt.Errorf("connection to the server: %w", err)
		}
		if wire.Echo(text) {
			// Dozens of the same come at once.
			if bytes.Equal(text, c.echo) {
				continue
			}
			c.echo = append(c.echo[:0], text...)
		}
		f, err := wire.Parse(text)
		if err != nil {
			continue // nothing that could be answered
		}
		if !f.Reply() {
			c.pushed(f)
			continue
		}
		c.mu.Lock()
		answer := c.waiting[f.ID]
		delete(c.waiting, f.ID)
		c.mu.Unlock()
		if answer != nil {
			answer(f)
		}
	}
}

var errHalfOpen = errors.New("the server does not answer pings")

func (c *conn) keepAlive(ctx context.Context) error {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
		wait, cancel := context.WithTimeout(ctx, pongTimeout)
		err := c.ws.Ping(wait)
		cancel()
		if err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return errHalfOpen
		}
	}
}

// post sends a request. It calls answer once: with the reply, or with an error frame
// when the connection ends first.
func (c *conn) post(t wire.Type, data any, answer func(wire.Frame)) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return err
	}
	c.mu.Lock()
	if c.waiting == nil {
		defer c.mu.Unlock()
		return fmt.Errorf("%s: %w", t, c.err)
	}
	c.serial++
	id := strconv.Itoa(c.serial)
	c.waiting[id] = answer
	c.mu.Unlock()
	text, err := json.Marshal(wire.Frame{Type: t, ID: id, Data: raw})
	if err != nil {
		return err
	}
	// Not the caller's context: a canceled write ends the connection.
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	if err := c.ws.Write(ctx, websocket.MessageText, text); err != nil {
		_ = c.ws.CloseNow()
		return fmt.Errorf("%s: %w", t, err)
	}
	return nil
}

// ask sends a request and decodes the reply into reply, unless that is nil. It returns
// a *Refusal when the server refuses.
func (c *conn) ask(ctx context.Context, t wire.Type, data, reply any) error {
	replies := make(chan wire.Frame, 1)
	if err := c.post(t, data, func(f wire.Frame) { replies <- f }); err != nil {
		return err
	}
	select {
	case f := <-replies:
		if f.Type == wire.TypeError {
			return &Refusal{Request: string(t), Text: redact.Tokens(f.Error)}
		}
		if reply == nil {
			return nil
		}
		return f.Into(reply)
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", t, context.Cause(ctx))
	}
}

// closedWith is the close code the server gave, or -1.
func closedWith(err error) int { return int(websocket.CloseStatus(err)) }

// alive reports whether the connection has not ended.
func (c *conn) alive() bool {
	select {
	case <-c.over:
		return false
	default:
		return true
	}
}
