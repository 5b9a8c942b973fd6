package conn

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"

	"github.com/talkgate/talkgate/state/textfile"
)

// Config says how to reach Redis.
type Config struct {
	// URL is redis://host:port/db, or rediss:// for TLS. Further parameters
	// name what is behind it:
	//
	//	redis://a:26379?master_name=mymaster&addr=b:26379&addr=c:26379   Sentinels
	//	redis://a:6379?addr=b:6379&addr=c:6379                           a Cluster's nodes
	//
	// It holds no password.
	URL string
	// Username is an ACL user; empty is the default user.
	Username string
	// PasswordFile holds the password; one trailing newline is no part of it.
	// It is read anew for each connection, so that a password can be changed
	// under a running process.
	PasswordFile string
	// SentinelUsername and SentinelPasswordFile are for the Sentinels
	// themselves. They are read once.
	SentinelUsername, SentinelPasswordFile string
	// CAFile is a PEM file of the authorities that may have signed the
	// servers' certificates, in place of the system's.
	CAFile string
	// Dial replaces TCP and TLS; nil keeps them.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Logger may be nil.
	Logger *slog.Logger
}

// readPassword returns the content of a password file, without quoting it in an
// error.
func readPassword(file string) (string, error) {
	b, err := textfile.Read(file)
	if err != nil {
		return "", fmt.Errorf("redis password file: %w", err)
	}
	password := strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
	if password == "" {
		return "", fmt.Errorf("redis password file %s: expected a password, found nothing", file)
	}
	if strings.ContainsAny(password, "\r\n") {
		return "", fmt.Errorf("redis password file %s: expected one line, found several", file)
	}
	return password, nil
}
