package demo

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/talkgate/talkgate/gateway/echotest"
	link "github.com/talkgate/talkgate/gateway/link/hub"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/rtc"
	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis"
)

// parrotTime bounds one parrot of a station.
const parrotTime = 20 * time.Second

// answerQuestions lets the console ask the stations for a parrot, as it asks gateways,
// until ctx ends.
func (s *Site) answerQuestions(ctx context.Context) error {
	var stations sync.WaitGroup
	for _, st := range s.stations {
		stations.Go(func() { s.answerFor(ctx, st) })
	}
	stations.Wait()
	return nil
}

func (s *Site) answerFor(ctx context.Context, st *station) {
	log := s.log(st.name)
	var busy sync.Mutex
	var tried sync.WaitGroup
	defer tried.Wait()
	err := s.state.WatchQuestions(ctx, st.userID, func(asked fleet.Question) {
		tried.Go(func() {
			a := fleet.Answer{Gateway: st.userID, Error: "it is busy with another question: ask again in a while"}
			if busy.TryLock() {
				a = s.parrot(ctx, st)
				busy.Unlock()
			}
			ctx, cancel := context.WithTimeout(ctx, grace)
			defer cancel()
			if err := s.state.AnswerQuestion(ctx, asked, a); err != nil && ctx.Err() == nil {
				log.Warn("a question is not answered", "err", err)
			}
		})
	})
	if err != nil && ctx.Err() == nil {
		log.Warn("the radio cannot be asked anything", "err", err)
	}
}

// parrot sends a tone from a station to the hub and back, by sessions of its own.
func (s *Site) parrot(ctx context.Context, st *station) fleet.Answer {
	ctx, cancel := context.WithTimeout(ctx, parrotTime)
	defer cancel()
	echo, err := s.echo(ctx, st)
	if err != nil {
		return fleet.Answer{Gateway: st.userID, Error: fleet.Line(err.Error())}
	}
	return fleet.Answer{Gateway: st.userID, Echo: &fleet.Echo{Delay: float64(echo.Delay) / float64(time.Millisecond), Level: echo.Level, Sent: echo.Sent, Heard: echo.Heard}}
}

func (s *Site) echo(ctx context.Context, st *station) (echotest.Result, error) {
	engine, err := rtc.NewEngine(rtc.Config{Logger: s.log(st.name)})
	if err != nil {
		return echotest.Result{}, fmt.Errorf("parrot: %w", err)
	}
	l, err := link.New(link.Config{
		URL:     s.URL() + "/echo",
		Channel: "parrot",
		Token: func(context.Context) (string, error) {
			return s.token(st.userID, st.name, st.channel, redis.RoleGeneral)
		},
		Engine: engine,
		Logger: s.log(st.name),
	})
	if err != nil {
		return echotest.Result{}, fmt.Errorf("parrot: %w", err)
	}
	return echotest.Run(ctx, l, media.EncoderConfig{FEC: true})
}
