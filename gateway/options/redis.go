package options

import (
	"fmt"
	"log/slog"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/conn"
)

// OpenRedis opens the shared state. It does not wait for Redis.
func OpenRedis(cfg config.Redis, log *slog.Logger) (*redis.Client, error) {
	if _, err := config.ParseURL(string(cfg.URL), "redis", "rediss"); err != nil {
		return nil, config.Mistake{Err: fmt.Errorf("redis: %w; a password goes into a file", err)}
	}
	state, err := redis.Open(conn.Config{
		URL:          string(cfg.URL),
		Username:     cfg.Username,
		PasswordFile: string(cfg.PasswordFile),
		CAFile:       string(cfg.CAFile),

		SentinelUsername:     cfg.SentinelUsername,
		SentinelPasswordFile: string(cfg.SentinelPasswordFile),
		Logger:               log,
	})
	if err != nil {
		return nil, config.Mistake{Err: err}
	}
	return state, nil
}
