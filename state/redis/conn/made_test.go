package conn

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/talkgate/talkgate/state/redis/redistest"
)

// begunAt is a connection that says of itself where it began.
type begunAt struct {
	*net.TCPConn
	from string
}

func (b begunAt) LocalAddr() net.Addr { return &net.TCPAddr{IP: net.ParseIP(b.from)} }

// TestAChangeOfTheNetworkEndsConnectionsThatNothingComesBackOn, and no others.
func TestAChangeOfTheNetworkEndsConnectionsThatNothingComesBackOn(t *testing.T) {
	server := redistest.Start(t)
	for from, want := range map[string]bool{"127.0.0.1": false, "192.0.2.1": true} {
		var dials atomic.Int64
		c, err := Open(Config{URL: server.URL, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			dials.Add(1)
			c, err := new(net.Dialer).DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return begunAt{c.(*net.TCPConn), from}, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		ping := func() {
			t.Helper()
			if err := c.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		ping()
		for settled := int64(0); settled != dials.Load(); time.Sleep(50 * time.Millisecond) { // idle ones are made beside
			settled = dials.Load()
		}
		before := dials.Load()
		c.NetworkChanged()
		ping()
		if anew := dials.Load() > before; anew != want {
			t.Errorf("from %s: connections are made anew: %v, want %v", from, anew, want)
		}
	}
}
