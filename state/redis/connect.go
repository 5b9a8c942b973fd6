package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	// A command that is not answered by then has met a dead connection; a
	// press on a live one takes single milliseconds, a renewal has a third of
	// a lease.
	commandTimeout = 500 * time.Millisecond
	dialTimeout    = time.Second
	keepAlive      = 5 * time.Second
)

// options are those of every kind of Redis: one server, Sentinels, a Cluster.
func (cfg Config) options() (*goredis.UniversalOptions, error) {
	a, err := parseAddress(cfg.URL)
	if err != nil {
		return nil, err
	}
	opt := &goredis.UniversalOptions{
		Addrs: a.addrs, MasterName: a.master, DB: a.db,
		Username: a.user, SentinelUsername: cfg.SentinelUsername,
		Protocol:    2,
		DialTimeout: dialTimeout, DialerRetries: 1,
		ReadTimeout: commandTimeout, WriteTimeout: commandTimeout,
		ContextTimeoutEnabled: true,
		// Every script may be repeated.
		MaxRetries:   1,
		MinIdleConns: 1,
		// One pool for all: a pipeline of its own pool would dial anew
		// whenever that is empty.
		PipelinePoolSize:         -1,
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	if cfg.Username != "" {
		opt.Username = cfg.Username
	}
	if cfg.PasswordFile != "" {
		if _, err := readPassword(cfg.PasswordFile); err != nil {
			return nil, err
		}
		opt.CredentialsProviderContext = func(context.Context) (string, string, error) {
			password, err := readPassword(cfg.PasswordFile)
			return opt.Username, password, err
		}
	}
	if cfg.SentinelPasswordFile != "" {
		if opt.SentinelPassword, err = readPassword(cfg.SentinelPasswordFile); err != nil {
			return nil, fmt.Errorf("sentinels: %w", err)
		}
	}
	if opt.TLSConfig, err = cfg.tls(a.tls); err != nil {
		return nil, err
	}
	opt.Dialer = dialer(opt.TLSConfig)
	return opt, nil
}

func (cfg Config) tls(on bool) (*tls.Config, error) {
	if !on {
		if cfg.CAFile != "" {
			return nil, fmt.Errorf("redis CA file %s: the URL asks for no TLS, expected rediss://", cfg.CAFile)
		}
		return nil, nil
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if cfg.CAFile == "" {
		return conf, nil
	}
	pem, err := os.ReadFile(cfg.CAFile)
	if err != nil {
		return nil, fmt.Errorf("redis CA file: %w", err)
	}
	conf.RootCAs = x509.NewCertPool()
	if !conf.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("redis CA file %s: expected PEM certificates, found none", cfg.CAFile)
	}
	return conf, nil
}

type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

func dialer(conf *tls.Config) dialFunc {
	d := &net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive}
	if conf == nil {
		return refuseMarked(d.DialContext)
	}
	// Without a name in conf, the certificate must be that of the host dialled.
	secure := &tls.Dialer{NetDialer: d, Config: conf}
	return refuseMarked(func(ctx context.Context, network, addr string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, dialTimeout)
		defer cancel()
		return secure.DialContext(ctx, network, addr)
	})
}

type withoutDialKey struct{}

// withoutDial marks a context under which no connection may be made. go-redis's
// PubSub redials at once and unasked when its connection breaks; when to redial
// is the subscriber's to say.
func withoutDial(ctx context.Context) context.Context {
	return context.WithValue(ctx, withoutDialKey{}, true)
}

var errNoDial = errors.New("not now")

func refuseMarked(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if ctx.Value(withoutDialKey{}) != nil {
			return nil, errNoDial
		}
		return dial(ctx, network, addr)
	}
}
