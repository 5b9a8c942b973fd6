package redis

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/talkgate/talkgate/state/redis/redistest"
)

// audience is a server that so many gateways listen to besides the one that is
// timed. They are plain connections that nobody reads: what is timed is Redis.
type audience struct {
	server *redistest.Server
	client *Client
	heard  chan hearing
}

type hearing struct {
	Rights
	at time.Time
}

func newFleet(b *testing.B, gateways int) audience {
	b.Helper()
	s, c, _ := bench(b, 0)
	for i := range gateways - 1 {
		conn, err := net.Dial("tcp", s.Addr)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { conn.Close() })
		fmt.Fprintf(conn, "SUBSCRIBE %s %s\r\n", MembershipUpdates, topicRights(fmt.Sprint("other", i)))
	}
	f := audience{server: s, client: c, heard: make(chan hearing, 100)}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- c.WatchRights(ctx, "u1", func(r Rights) { f.heard <- hearing{r, time.Now()} }) }()
	b.Cleanup(func() {
		cancel()
		<-ended
	})
	rdb := s.Client()
	redistest.Until(b, "all subscriptions", func() bool {
		return rdb.PubSubNumSub(ctx, MembershipUpdates).Val()[MembershipUpdates] == int64(gateways)
	})
	return f
}

// revoke gives the right and takes it away, and returns how long the gateway
// took to hear the latter, over the channels that tell chooses.
func (f audience) revoke(b *testing.B, topics ...string) time.Duration {
	b.Helper()
	ctx := context.Background()
	rdb := f.client.conn.Redis
	rdb.SAdd(ctx, keyRights("u1"), "m1")
	f.publish(b, []string{"m1"}, topicRights("u1"))
	f.hear(func(r Rights) bool { return r.MayTalk("m1") })
	rdb.SRem(ctx, keyRights("u1"), "m1")
	began := time.Now()
	f.publish(b, []string{}, topics...)
	return f.hear(func(r Rights) bool { return !r.MayTalk("m1") }).Sub(began)
}

// hear waits for the wanted rights and returns when they came.
func (f audience) hear(ok func(Rights) bool) time.Time {
	for {
		if h := <-f.heard; ok(h.Rights) {
			return h.at
		}
	}
}

func (f audience) publish(b *testing.B, channels []string, topics ...string) {
	payload, err := json.Marshal(membershipUpdate{EventID: "e1", UserID: "u1", ChannelIDs: channels, Action: actionSetUserChannels})
	if err != nil {
		b.Fatal(err)
	}
	for _, topic := range topics {
		if err := f.client.conn.Redis.Publish(context.Background(), topic, payload).Err(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRevocation is from publishing a revocation to hearing of it, in a
// fleet against a single gateway: on everybody's channel, as the control plane
// tells it, and on the gateway's own as well, as talkgate's tools do.
func BenchmarkRevocation(b *testing.B) {
	for _, n := range []int{1, 100, 1000} {
		for name, topics := range map[string][]string{"shared": {MembershipUpdates}, "own": {topicRights("u1"), MembershipUpdates}} {
			b.Run(fmt.Sprint(n, "/", name), func(b *testing.B) {
				many, one := newFleet(b, n), newFleet(b, 1)
				versus(b, 1, func() time.Duration { return many.revoke(b, topics...) }, func() time.Duration { return one.revoke(b, topics...) })
			})
		}
	}
}
