package main

import (
	"errors"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/logging"
	"github.com/talkgate/talkgate/gateway/setup"
)

// addRedisFlags makes cfg what the command line says about Redis.
func addRedisFlags(c *cobra.Command, cfg *config.Redis) {
	f, site := c.Flags(), setup.SiteRedis(setup.Local{})
	f.StringVar((*string)(&cfg.URL), "redis", string(site.URL), "Redis server and database; rediss:// is TLS, ?master_name=NAME&addr=HOST:PORT asks Sentinels, ?addr=HOST:PORT alone is a Cluster")
	f.StringVar(&cfg.Username, "redis-username", site.Username, "Redis ACL user (default: the default user)")
	f.StringVar((*string)(&cfg.PasswordFile), "redis-password-file", string(site.PasswordFile), "file that holds the Redis password (default: none)")
	f.StringVar(&cfg.SentinelUsername, "redis-sentinel-username", "", "ACL user of the Sentinels themselves (default: the default user)")
	f.StringVar((*string)(&cfg.SentinelPasswordFile), "redis-sentinel-password-file", "", "file that holds the Sentinels' password (default: none)")
	f.StringVar((*string)(&cfg.CAFile), "redis-ca-file", "", "PEM certificates that rediss:// trusts (default: the system's)")
}

// addLogFlags makes cfg what the command line says about logging.
func addLogFlags(c *cobra.Command, cfg *config.Log) {
	defaults := config.Default().Log
	f := c.Flags()
	f.StringVar(&cfg.Level, "log-level", defaults.Level, "debug, info, warn or error")
	f.StringVar(&cfg.Format, "log-format", defaults.Format, "auto, text, json or journal")
}

// openLog is the logger of a command, on its standard error, and its level,
// which may be changed.
func openLog(c *cobra.Command, cfg config.Log) (*slog.Logger, *slog.LevelVar, error) {
	level := new(slog.LevelVar)
	log, err := logging.New(cfg, level, c.ErrOrStderr(), os.Getenv("JOURNAL_STREAM"))
	return log, level, err
}

// closing closes c after what err tells of.
func closing(err *error, close func() error) {
	*err = errors.Join(*err, close())
}
