package redis

import (
	"context"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

func watchFloor(t *testing.T, c *Client, channel string) <-chan FloorView {
	ctx, cancel := context.WithCancel(context.Background())
	views, ended := make(chan FloorView, 1000), make(chan error, 1)
	go func() { ended <- c.WatchChannel(ctx, channel, func(v FloorView) { views <- v }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return views
}

func watchRights(t *testing.T, c *Client, user string) <-chan Rights {
	ctx, cancel := context.WithCancel(context.Background())
	rights, ended := make(chan Rights, 1000), make(chan error, 1)
	go func() { ended <- c.WatchRights(ctx, user, func(r Rights) { rights <- r }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return rights
}

func TestWatchChannel(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, other, rdb := redistest.Context(t), open(t, url), open(t, url), redistest.Raw(t, url)
		member(t, rdb, "u1", "m1")
		views := watchFloor(t, c, "m1")
		redistest.Await(t, views, "an idle floor", func(v FloorView) bool { return v.Known && v.Holder == nil })
		cl := claim("m1", "u1")
		d := redistest.Must[Decision](t)(other.Acquire(ctx, cl))
		v := redistest.Await(t, views, "the talker", func(v FloorView) bool { return v.Holder != nil })
		if v.Holder.UserID != "u1" || v.Holder.Epoch != d.Epoch || v.Holder.Token != cl.Token || v.TTL <= 0 || v.TTL > cl.TTL {
			t.Fatalf("%+v %+v", v, v.Holder)
		}
		for _, junk := range []string{"", "nonsense", "null", "[]", `{"channelId":"m2"}`, `{"channelId":17}`} {
			rdb.Publish(ctx, keyEvents("m1"), junk)
		}
		redistest.Must[bool](t)(other.Release(ctx, cl))
		redistest.Await(t, views, "an idle floor", func(v FloorView) bool { return v.Known && v.Holder == nil })
	})
}

func TestWatchRights(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		rights := watchRights(t, c, "u1")
		redistest.Await(t, rights, "no rights", func(r Rights) bool { return r.Known && !r.MayTalk("m1") })
		for _, topic := range []string{MembershipUpdates, topicRights("u1")} {
			set(t, rdb, topic, "u1", `["m2","m1"]`, "m1", "m2")
			redistest.Await(t, rights, "both channels", func(r Rights) bool { return r.MayTalk("m1") && r.MayTalk("m2") })
			for _, junk := range []string{"", "nonsense", "null", `{"userId":"u1"}`, `{"userId":"u1","channelIds":null,"action":"set_user_channels"}`,
				`{"userId":"u1","channelIds":[],"action":"whatever"}`, `{"userId":"u1","channelIds":[1],"action":"set_user_channels"}`} {
				rdb.Publish(ctx, topic, junk)
			}
			set(t, rdb, topic, "u2", `[]`)
			set(t, rdb, topic, "u1", `["m2"]`, "m2")
			r := redistest.Await(t, rights, "m1 taken away", func(r Rights) bool { return !r.MayTalk("m1") })
			if !r.MayTalk("m2") {
				t.Errorf("%+v", r)
			}
			set(t, rdb, topic, "u1", `[]`)
			redistest.Await(t, rights, "everything taken away", func(r Rights) bool { return r.Known && len(r.Channels) == 0 })
		}
	})
}

// set writes and publishes as the control plane does.
func set(t *testing.T, rdb *goredis.Client, topic, user, list string, channels ...string) {
	t.Helper()
	rdb.Del(context.Background(), keyRights(user))
	member(t, rdb, user, channels...)
	rdb.Publish(context.Background(), topic, `{"eventId":"e1","userId":"`+user+`","channelIds":`+list+`,"action":"set_user_channels"}`)
}

// What a message gives counts only if the stored set gives it too; what it takes
// away is gone until the set, asked again, says otherwise.
func TestPushedRightsAreCheckedAgainstTheSet(t *testing.T) {
	inBubble(t, func(b *bubble) {
		c, end := b.open()
		defer end()
		b.redis.SetAdd(keyRights("u1"), "m1")
		h, stop := hear(c, "u1")
		defer stop()
		push := func(list string) {
			b.redis.Publish(topicRights("u1"), `{"eventId":"e1","userId":"u1","channelIds":`+list+`,"action":"set_user_channels"}`)
		}
		time.Sleep(10 * time.Millisecond)
		if r := h.last(); !r.MayTalk("m1") {
			t.Fatalf("at first: %+v", r)
		}
		push(`["m1","m2"]`)
		time.Sleep(10 * time.Millisecond)
		for _, r := range h.list() {
			if r.MayTalk("m2") {
				t.Errorf("a message alone gave a right: %+v", r)
			}
		}
		if r := h.last(); !r.MayTalk("m1") {
			t.Errorf("what both say is gone: %+v", r)
		}
		push(`[]`)
		time.Sleep(10 * time.Millisecond)
		if r := h.last(); r.MayTalk("m1") {
			t.Errorf("what a message took away is still there: %+v", r)
		}
		time.Sleep(2 * conn.ReadAgain)
		if r := h.last(); !r.MayTalk("m1") {
			t.Errorf("the set is not believed after a second look: %+v", r)
		}
	})
}
