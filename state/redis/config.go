package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Config says how to reach Redis.
type Config struct {
	// URL is redis://, rediss:// (TLS) or unix://, as go-redis reads it.
	URL string
	// Username and PasswordFile override what the URL says; the password is
	// the file's content without a trailing newline.
	Username, PasswordFile string
	// CAFile is a PEM file of the authorities that may have signed the
	// server's certificate, in place of the system's.
	CAFile string
	// Logger may be nil.
	Logger *slog.Logger
}

const (
	// A command that is not answered by then has met a dead connection; a
	// press on a live one takes single milliseconds, a renewal has a third of
	// a lease.
	commandTimeout = 500 * time.Millisecond
	dialTimeout    = time.Second
	keepAlive      = 5 * time.Second
)

type onConnect = func(ctx context.Context, conn *goredis.Conn) error

func (cfg Config) connect(hook onConnect) (goredis.UniversalClient, error) {
	opt, err := cfg.options()
	if err != nil {
		return nil, err
	}
	opt.OnConnect = hook
	return goredis.NewClient(opt), nil
}

func (cfg Config) options() (*goredis.Options, error) {
	opt, err := goredis.ParseURL(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("redis URL: %w", err)
	}
	if cfg.Username != "" {
		opt.Username = cfg.Username
	}
	if cfg.PasswordFile != "" {
		b, err := os.ReadFile(cfg.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("redis password file: %w", err)
		}
		opt.Password = strings.TrimRight(string(b), "\r\n")
	}
	if cfg.CAFile != "" {
		if opt.TLSConfig == nil {
			return nil, fmt.Errorf("redis CA file %s: the URL asks for no TLS, expected rediss://", cfg.CAFile)
		}
		pem, err := os.ReadFile(cfg.CAFile)
		if err != nil {
			return nil, fmt.Errorf("redis CA file: %w", err)
		}
		opt.TLSConfig.RootCAs = x509.NewCertPool()
		if !opt.TLSConfig.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("redis CA file %s: no PEM certificate in it", cfg.CAFile)
		}
	}
	opt.Dialer = dialer(opt.TLSConfig)
	opt.Protocol = 2
	opt.DialTimeout, opt.DialerRetries = dialTimeout, 1
	opt.ReadTimeout, opt.WriteTimeout = commandTimeout, commandTimeout
	opt.ContextTimeoutEnabled = true
	opt.MaxRetries = 1
	opt.MinIdleConns = 1
	// One pool for all: a pipeline of its own pool would dial anew each time
	// that is empty.
	opt.PipelinePoolSize = -1
	opt.DisableIdentity = true
	opt.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return opt, nil
}

func dialer(conf *tls.Config) dialFunc {
	d := &net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive}
	if conf == nil {
		return refuseMarked(d.DialContext)
	}
	return refuseMarked((&tls.Dialer{NetDialer: d, Config: conf}).DialContext)
}
