package redis

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// answering lets a gateway answer by c until the test ends, and returns once it listens.
func answering(t testing.TB, c *Client, gateway string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		err := c.WatchQuestions(ctx, gateway, func(q fleet.Question) {
			a := fleet.Answer{Gateway: gateway, Echo: &fleet.Echo{Delay: 50}}
			if q.What != fleet.Parrot {
				a = fleet.Answer{Gateway: gateway, Error: "it does not know that"}
			}
			if err := c.AnswerQuestion(ctx, q, a); err != nil {
				t.Error(err)
			}
		})
		if err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); done.Wait() })
	redistest.Until(t, "a subscription", func() bool { return c.Subscription().Connected })
}

func TestAsk(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c := redistest.Context(t), open(t, url)
		if _, err := c.Ask(ctx, "north", fleet.Parrot); !errors.Is(err, ErrNobody) {
			t.Errorf("nobody is there: %v", err)
		}
		answering(t, open(t, url), "north")
		answering(t, open(t, url), "south")
		redistest.Raw(t, url).Publish(ctx, topicAsk("north"), "junk")
		var all sync.WaitGroup
		for _, gateway := range []string{"north", "south", "north"} {
			all.Go(func() {
				if a, err := c.Ask(ctx, gateway, fleet.Parrot); err != nil || a.Gateway != gateway || a.Echo == nil {
					t.Errorf("%s: %+v, %v", gateway, a, err)
				}
			})
		}
		all.Wait()
		if a, err := c.Ask(ctx, "north", "a dance"); err != nil || a.Error == "" {
			t.Errorf("%+v, %v", a, err)
		}
		if _, err := c.Ask(ctx, "no such thing", fleet.Parrot); err == nil {
			t.Error("an ID with blanks is asked")
		}
	})
}

// TestAskInVain ends with whoever asks.
func TestAskInVain(t *testing.T) {
	s := redistest.Start(t)
	c, deaf := open(t, s.URL), redistest.Raw(t, s.URL)
	sub := deaf.Subscribe(redistest.Context(t), topicAsk("north"))
	defer sub.Close()
	if _, err := sub.Receive(redistest.Context(t)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := c.Ask(ctx, "north", fleet.Parrot); err == nil || !strings.Contains(err.Error(), "did not answer") {
		t.Error(err)
	}
}
