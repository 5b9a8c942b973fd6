package drivers

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/echotest"
	linkhub "github.com/talkgate/talkgate/gateway/link/hub"
	"github.com/talkgate/talkgate/gateway/options"
	"github.com/talkgate/talkgate/media/rtc"
)

// parrot tries the port's codec and its way to the server, by sessions of its own: the
// channel hears nothing, and a press talks all the while.
func parrot(ctx context.Context, cfg config.Config, log *slog.Logger) (echotest.Result, error) {
	h := cfg.Link.Hub
	if h == nil {
		return echotest.Result{}, fmt.Errorf("its link is of kind %s, whose servers have no echo: only hub has", cfg.Link.Kind)
	}
	engine, err := rtc.NewEngine(rtc.Config{Logger: log})
	if err != nil {
		return echotest.Result{}, err
	}
	tokens, err := newHubTokens(cfg, log)
	if err != nil {
		return echotest.Result{}, err
	}
	link, err := linkhub.New(linkhub.Config{
		URL:         string(h.URL) + "/echo",
		CAFile:      string(h.CAFile),
		Fingerprint: h.Fingerprint,
		Channel:     "parrot",
		Token:       func(ctx context.Context) (string, error) { return tokens.token(ctx, cfg) },
		Engine:      engine,
		Logger:      log,
	})
	if err != nil {
		return echotest.Result{}, err
	}
	return echotest.Run(ctx, link, options.Encoder(cfg.Audio))
}
