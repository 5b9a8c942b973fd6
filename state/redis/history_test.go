package redis

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/talkgate/talkgate/state/redis/redistest"
)

// What is done to the lock of one channel, and what came of it.
type lockOp struct {
	kind  string // acquire, renew, release or clear
	token string
}

type lockResult struct {
	unknown bool   // nobody answered: it may have been done, now or later, or not
	ok      bool   // granted, held, released
	holder  string // the token of who has or had the lock
	epoch   uint64
}

// lockState is the lock as it should be: one holder, epochs that grow.
type lockState struct {
	holder string
	epoch  uint64
}

// lockModel says which histories a single lock allows.
func lockModel() porcupine.NondeterministicModel {
	return porcupine.NondeterministicModel{
		Init: func() []any { return []any{lockState{}} },
		Step: func(state, input, output any) []any {
			s, op, r := state.(lockState), input.(lockOp), output.(lockResult)
			switch op.kind {
			case "acquire":
				switch {
				case r.unknown && s.holder == "":
					// The epoch it got is not known; it is above this one.
					return []any{s, lockState{op.token, s.epoch}}
				case r.unknown:
					return []any{s}
				case r.ok && s.holder == op.token && r.epoch >= s.epoch:
					return []any{lockState{op.token, r.epoch}} // repeated
				case r.ok && s.holder == "" && r.epoch > s.epoch:
					return []any{lockState{op.token, r.epoch}}
				case !r.ok && s.holder != "" && s.holder == r.holder:
					return []any{s}
				}
			case "renew":
				if r.unknown || r.ok == (s.holder == op.token) {
					return []any{s}
				}
			case "release":
				free := lockState{"", s.epoch}
				switch {
				case r.unknown && s.holder == op.token:
					return []any{s, free}
				case r.unknown:
					return []any{s}
				case r.ok && s.holder == op.token:
					return []any{free}
				case !r.ok && s.holder != op.token:
					return []any{s}
				}
			case "clear":
				if s.holder == r.holder {
					return []any{lockState{"", s.epoch}}
				}
			}
			return nil
		},
		Equal:             func(a, b any) bool { return a == b },
		DescribeOperation: func(in, out any) string { return fmt.Sprintf("%+v -> %+v", in, out) },
	}
}

// A history is judged by trying orders; each operation whose outcome nobody knows
// may double the work, so what bounds it is a count of them, not a time.
const (
	enoughOperations = 1500
	enoughUnknown    = 12
)

// history collects operations; Call and Return are nanoseconds.
type history struct {
	mu      sync.Mutex
	began   time.Time
	ops     []porcupine.Operation
	unknown int
	enough  context.CancelFunc
}

func (h *history) do(client int, op lockOp, run func() lockResult) lockResult {
	call := time.Since(h.began).Nanoseconds()
	r := run()
	ret := time.Since(h.began).Nanoseconds()
	if r.unknown {
		ret = int64(time.Hour) // it may yet take effect
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, porcupine.Operation{ClientId: client, Input: op, Call: call, Output: r, Return: ret})
	if r.unknown {
		h.unknown++
	}
	if len(h.ops) >= enoughOperations || h.unknown >= enoughUnknown {
		h.enough()
	}
	return r
}

// gateway hammers a channel: press, renew a few times, release; and sometimes it
// is killed, which leaves its lock behind.
func hammer(ctx context.Context, h *history, c *Client, id int, release func(context.Context, Claim) (bool, error)) {
	rng := rand.New(rand.NewPCG(uint64(id), 1))
	bounded := func() (context.Context, context.CancelFunc) {
		return context.WithTimeout(context.Background(), 150*time.Millisecond)
	}
	client := id * 1_000_000
	for ctx.Err() == nil {
		// An operation without an answer goes on; the next is another client's.
		client++
		cl := NewClaim("m1", fmt.Sprint("u", id), "", time.Now(), time.Minute)
		r := h.do(client, lockOp{"acquire", cl.Token}, func() lockResult {
			ctx, cancel := bounded()
			defer cancel()
			d, err := c.Acquire(ctx, cl)
			return lockResult{unknown: err != nil, ok: d.Verdict == Granted, holder: d.Holder.Token, epoch: d.Epoch}
		})
		if !r.unknown && !r.ok {
			continue
		}
		for range rng.IntN(3) {
			client++
			h.do(client, lockOp{"renew", cl.Token}, func() lockResult {
				ctx, cancel := bounded()
				defer cancel()
				st, err := c.Renew(ctx, cl)
				return lockResult{unknown: err != nil, ok: st.State == Held}
			})
		}
		if rng.IntN(8) == 0 {
			continue // killed
		}
		client++
		h.do(client, lockOp{"release", cl.Token}, func() lockResult {
			ctx, cancel := bounded()
			defer cancel()
			ok, err := release(ctx, cl)
			return lockResult{unknown: err != nil, ok: ok}
		})
	}
}

// runHistory lets gateways hammer one channel through kills, pauses and
// partitions, and returns what happened. brokenRelease replaces the release.
func runHistory(t *testing.T, brokenRelease func(c *Client) func(context.Context, Claim) (bool, error)) []porcupine.Operation {
	const gateways = 6
	s := redistest.Start(t)
	rdb := s.Client()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	h := &history{began: time.Now(), enough: cancel}
	var wg sync.WaitGroup
	var proxies []*redistest.Proxy
	for id := range gateways {
		member(t, rdb, fmt.Sprint("u", id), "m1")
		p := redistest.NewProxy(t, s.Addr)
		proxies = append(proxies, p)
		c := open(t, p.URL)
		release := c.Release
		if brokenRelease != nil {
			release = brokenRelease(c)
		}
		wg.Go(func() { hammer(ctx, h, c, id, release) })
	}
	admin := open(t, s.URL)
	rng := rand.New(rand.NewPCG(7, 7))
	for n := 0; ctx.Err() == nil; n++ {
		time.Sleep(time.Duration(10+rng.IntN(30)) * time.Millisecond)
		p := proxies[rng.IntN(gateways)]
		switch n % 5 {
		case 0:
			p.Blackhole()
		case 1:
			p.Spoil("latency", "downstream", "latency", 40, "jitter", 20)
		case 2:
			p.Cut()
		case 3:
			s.Signal(syscall.SIGSTOP)
			time.Sleep(20 * time.Millisecond)
			s.Signal(syscall.SIGCONT)
		case 4:
			for _, p := range proxies {
				p.Mend()
			}
		}
		// Who was killed is cleared away.
		h.do(gateways, lockOp{kind: "clear"}, func() lockResult {
			holder, err := admin.ClearFloor(context.Background(), "m1", "undertaker")
			if err != nil {
				t.Error(err)
			}
			if holder == nil {
				return lockResult{}
			}
			return lockResult{holder: holder.Token}
		})
	}
	wg.Wait()
	return h.ops
}

func summary(ops []porcupine.Operation) map[string]int {
	n := map[string]int{}
	for _, op := range ops {
		r := op.Output.(lockResult)
		n[fmt.Sprintf("%s ok=%v unknown=%v", op.Input.(lockOp).kind, r.ok, r.unknown)]++
	}
	return n
}

// judge decides whether a history is that of one lock. Now and then there are so
// many orders to try that it gives up.
func judge(ops []porcupine.Operation) porcupine.CheckResult {
	const patience = 20 * time.Second
	model := lockModel()
	return porcupine.CheckOperationsTimeout(model.ToModel(), ops, patience)
}

// The lock behaves as one lock, whatever happens to those who use it.
func TestHistoryIsLinearizable(t *testing.T) {
	const histories, atLeast = 10, 3
	judged, total := 0, map[string]int{}
	for range histories {
		ops := runHistory(t, nil)
		switch judge(ops) {
		case porcupine.Illegal:
			t.Fatal("no order of these operations is that of one lock")
		case porcupine.Unknown:
			t.Log("a history of ", len(ops), " operations was not judged")
			continue
		}
		judged++
		for kind, n := range summary(ops) {
			total[kind] += n
		}
	}
	t.Log(judged, total)
	if judged < atLeast || total["acquire ok=true unknown=false"] < 10 || total["acquire ok=false unknown=true"] == 0 {
		t.Errorf("%d histories are too few or too dull to prove anything: %v", judged, total)
	}
}

// The ancestor's release, put in the place of ours, is found out.
func TestHistoryOfTheAncestorsReleaseIsNot(t *testing.T) {
	broken := func(c *Client) func(context.Context, Claim) (bool, error) {
		return func(ctx context.Context, cl Claim) (bool, error) {
			h, err := c.ReadFloor(ctx, cl.Channel)
			if err != nil || h.Holder == nil || h.Holder.UserID != cl.UserID {
				return false, err
			}
			time.Sleep(3 * time.Millisecond) // a busy server
			n, err := c.conn.Redis.Del(ctx, keyLock(cl.Channel)).Result()
			return n == 1, err
		}
	}
	for range 20 {
		if judge(runHistory(t, broken)) == porcupine.Illegal {
			return
		}
	}
	t.Error("the ancestor's release passes for one of a single lock: the check above sees nothing")
}
