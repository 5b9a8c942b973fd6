package conn

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/talkgate/talkgate/state/textfile"
)

const (
	// CommandTimeout is when a command without an answer has met a dead connection. A
	// press on a live one takes single milliseconds, and a renewal has a third of a
	// lease.
	CommandTimeout = 500 * time.Millisecond
	// DialTimeout bounds how long a connection takes to make, TLS included.
	DialTimeout = time.Second
	keepAlive   = 5 * time.Second
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
		Protocol: 2,
		// Our own dialer keeps to DialTimeout; what is left is for finding out why.
		DialTimeout: 3 * DialTimeout,
		ReadTimeout: CommandTimeout, WriteTimeout: CommandTimeout,
		ContextTimeoutEnabled: true,
		// Every script may be repeated.
		MaxRetries:      1,
		MinIdleConns:    1,
		DisableIdentity: true,
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
	dial := cfg.Dial
	if dial == nil {
		dial = dialer(opt.TLSConfig)
	}
	opt.Dialer = refuseMarked(dial)
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
	pem, err := textfile.Read(cfg.CAFile)
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
	d := &net.Dialer{Timeout: DialTimeout, KeepAlive: keepAlive}
	if conf == nil {
		return func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := d.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			tcp, ok := conn.(*net.TCPConn)
			if !ok {
				return conn, nil
			}
			return &plainConn{TCPConn: tcp, dialer: d, addr: addr}, nil
		}
	}
	// Without a name in conf, the certificate must be that of the host dialed.
	secure := &tls.Dialer{NetDialer: d, Config: conf}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		within, cancel := context.WithTimeout(ctx, DialTimeout)
		defer cancel()
		conn, err := secure.DialContext(within, network, addr)
		var op *net.OpError
		dialed := !errors.As(err, &op) || op.Op != "dial"
		if err != nil && dialed && speaksPlain(d, addr) {
			return nil, &schemeError{addr: addr, expected: "redis", err: err}
		}
		return conn, err
	}
}

// plainConn is a connection without TLS. If the server ends it instead of answering,
// plainConn tries whether the server speaks TLS, and says so. It stays a syscall.Conn:
// go-redis looks at the socket before it uses a pooled connection.
type plainConn struct {
	*net.TCPConn
	dialer   *net.Dialer
	addr     string
	answered bool
}

func (c *plainConn) Read(b []byte) (int, error) {
	const alert = 0x15 // the first byte of a TLS alert; no reply of Redis begins with it
	n, err := c.TCPConn.Read(b)
	if c.answered || n == 0 && err == nil {
		return n, err
	}
	c.answered = true
	if (n > 0 && b[0] == alert || n == 0 && cutShort(err)) && speaksTLS(c.dialer, c.addr) {
		return 0, &schemeError{addr: c.addr, expected: "rediss", err: cmp.Or(err, io.ErrUnexpectedEOF)}
	}
	return n, err
}

// speaksTLS tries a handshake. Whose certificate it is does not matter: nothing is
// said on the connection.
func speaksTLS(d *net.Dialer, addr string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), DialTimeout)
	defer cancel()
	conn, err := (&tls.Dialer{NetDialer: d, Config: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}}).DialContext(ctx, "tcp", addr) //nolint:gosec // see above
	if err != nil {
		// A server that wants a certificate of its client has spoken TLS, too.
		var alert tls.AlertError
		return errors.As(err, &alert)
	}
	_ = conn.Close()
	return true
}

// speaksPlain tries a PING without TLS.
func speaksPlain(d *net.Dialer, addr string) bool {
	conn, err := d.Dial("tcp", addr)
	if err != nil {
		return false
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(DialTimeout)); err != nil {
		return false
	}
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	first := make([]byte, 1)
	_, err = conn.Read(first)
	return err == nil && (first[0] == '+' || first[0] == '-')
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
