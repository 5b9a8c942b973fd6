package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/talkgate/talkgate/gateway/build"
	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/echotest"
	"github.com/talkgate/talkgate/gateway/options"
	"github.com/talkgate/talkgate/gateway/status"
	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis"
)

const (
	// ParrotTime bounds one parrot, its link included.
	ParrotTime = 20 * time.Second
	AnswerTime = 2 * time.Second
)

// questions is what a port is asked from afar. It tries one thing at a time.
type questions struct {
	cfg   config.Config
	log   *slog.Logger
	state *redis.Client
	// parrot is Drivers.Parrot.
	parrot func(context.Context, config.Config, *slog.Logger) (echotest.Result, error)

	busy sync.Mutex
}

// Run answers until ctx ends. Its connection is its own: where Redis does not let the
// port listen to questions, nothing else may suffer.
func (q *questions) Run(ctx context.Context) {
	state, err := options.OpenRedis(q.cfg.Redis, q.log.With("for", "questions from afar"))
	if err != nil {
		q.log.Warn("the port cannot be asked anything", "err", err)
		return
	}
	q.state = state
	defer state.Close()
	var tried sync.WaitGroup
	defer tried.Wait()
	err = q.state.WatchQuestions(ctx, q.cfg.Identity.UserID, func(asked fleet.Question) {
		if !q.busy.TryLock() {
			q.answer(ctx, asked, fleet.Answer{Error: "it is busy with another question: ask again in a while"})
			return
		}
		tried.Go(func() {
			defer q.busy.Unlock()
			q.answer(ctx, asked, q.try(ctx, asked.What))
		})
	})
	if err != nil && ctx.Err() == nil {
		q.log.Warn("the port cannot be asked anything", "err", err)
	}
}

func (q *questions) answer(ctx context.Context, asked fleet.Question, a fleet.Answer) {
	a.Gateway = q.cfg.Identity.UserID
	ctx, cancel := context.WithTimeout(ctx, AnswerTime)
	defer cancel()
	if err := q.state.AnswerQuestion(ctx, asked, a); err != nil && ctx.Err() == nil {
		q.log.Warn("a question is not answered", "err", err)
	}
}

func (q *questions) try(ctx context.Context, what fleet.What) fleet.Answer {
	if what != fleet.Parrot {
		return fleet.Answer{Error: fmt.Sprintf("it does not know %q: its talkgate is %s", fleet.Line(string(what)), build.Version())}
	}
	ctx, cancel := context.WithTimeout(ctx, ParrotTime)
	defer cancel()
	e, err := q.parrot(ctx, q.cfg, q.log)
	if err != nil {
		q.log.Warn("a tone was sent, as was asked, and does not come back", "err", err)
		return fleet.Answer{Error: fleet.Line(err.Error())}
	}
	q.log.Info("a tone was sent, as was asked, and came back", "delay", e.Delay.String(), "dB", e.Level, "sent", e.Sent, "heard", e.Heard)
	return fleet.Answer{Echo: &fleet.Echo{Delay: status.Milliseconds(e.Delay), Level: e.Level, Sent: e.Sent, Heard: e.Heard}}
}
