package redistest

import (
	"context"
	"sync/atomic"

	goredis "github.com/redis/go-redis/v9"
)

// tripCounter counts what is sent and waited for, a command or a pipeline, under
// a context that asks for it; but for the greetings of a new connection, which
// the pool makes when the others are in use.
type tripCounter struct{ n atomic.Int64 }

func (h *tripCounter) count(ctx context.Context, first goredis.Cmder) {
	if name := first.Name(); ctx.Value(tripKey{}) == h && name != "hello" && name != "script" {
		h.n.Add(1)
	}
}

type tripKey struct{}

func (h *tripCounter) DialHook(next goredis.DialHook) goredis.DialHook { return next }

func (h *tripCounter) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, cmd goredis.Cmder) error {
		h.count(ctx, cmd)
		return next(ctx, cmd)
	}
}

func (h *tripCounter) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []goredis.Cmder) error {
		h.count(ctx, cmds[0])
		return next(ctx, cmds)
	}
}

// CountTrips counts the round trips of a client under the context it returns.
func CountTrips(ctx context.Context, rdb goredis.UniversalClient) (counted context.Context, count func() int64) {
	h := &tripCounter{}
	rdb.AddHook(h)
	return context.WithValue(ctx, tripKey{}, h), h.n.Load
}
