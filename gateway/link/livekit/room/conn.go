package room

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/talkgate/talkgate/gateway/link/livekit/wire"
	"github.com/talkgate/talkgate/gateway/redact"
)

const (
	// answerTimeout bounds the handshake and the server's first message, so that a
	// frozen server is left for another one.
	answerTimeout = 3 * time.Second
	// pingEvery and silentAfter bound how long a dead connection goes unnoticed:
	// 3 s after the last pong.
	pingEvery   = time.Second
	silentAfter = 2500 * time.Millisecond
	// writeWithin bounds one message on its way out.
	writeWithin = 2 * time.Second
	// maxMessage bounds one message, in bytes: an offer has a section for
	// each member of the room.
	maxMessage = 2 << 20
)

// conn is the WebSocket of one session.
type conn struct {
	ws   *websocket.Conn
	born time.Time
	pong atomic.Int64 // when the last one came, since born
}

func dial(ctx context.Context, server, token string, client *http.Client) (*conn, error) {
	u, err := address(server, "wss", "ws")
	if err != nil {
		return nil, err
	}
	u = u.JoinPath("rtc")
	q := u.Query()
	q.Set("auto_subscribe", "1")
	q.Set("protocol", strconv.Itoa(wire.Protocol))
	q.Set("sdk", "go")
	u.RawQuery = q.Encode()
	// In a header, not in the URL: an error may repeat a URL.
	ws, answer, err := websocket.Dial(ctx, u.String(), &websocket.DialOptions{
		HTTPClient: client,
		HTTPHeader: http.Header{"Authorization": {"Bearer " + token}},
	})
	if err != nil {
		if answer == nil || answer.StatusCode == http.StatusSwitchingProtocols {
			return nil, err
		}
		return nil, refusal(answer)
	}
	ws.SetReadLimit(maxMessage)
	return &conn{ws: ws, born: time.Now()}, nil
}

// refusal reads what a server says in place of what was asked.
func refusal(answer *http.Response) error {
	e := &RefusedError{Status: answer.StatusCode}
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10)) // may be empty
	// LiveKit's 401 repeats the token.
	if e.Reason = redact.Tokens(strings.TrimSpace(string(text))); e.Reason == "" {
		e.Reason = http.StatusText(e.Status)
	}
	e.Reason = strconv.Quote(e.Reason)
	return e
}

func (c *conn) read(ctx context.Context) (*wire.SignalResponse, error) {
	for {
		kind, data, err := c.ws.Read(ctx)
		if err != nil {
			return nil, fmt.Errorf("connection to LiveKit: %w", err)
		}
		m := &wire.SignalResponse{}
		if kind != websocket.MessageBinary || m.UnmarshalVT(data) != nil {
			continue // nothing that could be answered
		}
		if m.GetPongResp() != nil {
			c.pong.Store(int64(time.Since(c.born)))
			continue
		}
		return m, nil
	}
}

func (c *conn) send(m *wire.SignalRequest) error {
	data, err := m.MarshalVT()
	if err != nil {
		return err
	}
	// Not a caller's context: a write that is cut short ends the connection.
	ctx, cancel := context.WithTimeout(context.Background(), writeWithin)
	defer cancel()
	if err := c.ws.Write(ctx, websocket.MessageBinary, data); err != nil {
		return fmt.Errorf("connection to LiveKit: %w", err)
	}
	return nil
}

// keepAlive pings until ctx ends, or pongs stay away.
func (c *conn) keepAlive(ctx context.Context) error {
	c.pong.Store(int64(time.Since(c.born)))
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
		if time.Since(c.born)-time.Duration(c.pong.Load()) > silentAfter {
			return errSilent
		}
		ping := &wire.Ping{Timestamp: time.Now().UnixMilli()}
		if err := c.send(&wire.SignalRequest{Message: &wire.SignalRequest_PingReq{PingReq: ping}}); err != nil {
			return err
		}
	}
}

// goodbye tells the server to forget the member at once. The connection may be
// gone.
func (c *conn) goodbye() {
	bye := &wire.LeaveRequest{Reason: wire.DisconnectReason_CLIENT_INITIATED}
	_ = c.send(&wire.SignalRequest{Message: &wire.SignalRequest_Leave{Leave: bye}})
}
