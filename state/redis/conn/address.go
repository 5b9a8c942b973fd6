package conn

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// address is what a URL says.
type address struct {
	addrs  []string
	master string // of Sentinels; empty without
	db     int
	tls    bool
	user   string
}

// parseAddress reads a URL. Its errors never quote the URL, which may hold what
// somebody took for the place of a password.
func parseAddress(raw string) (address, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return address{}, errors.New("redis URL: expected redis://host:port/db, found something that is no URL")
	}
	var a address
	switch u.Scheme {
	case "redis":
	case "rediss":
		a.tls = true
	default:
		return address{}, errors.New("redis URL: expected it to begin with redis:// or rediss://")
	}
	if _, ok := u.User.Password(); ok {
		return address{}, errors.New("redis URL: expected no password in it; put it into a file and name that as the password file")
	}
	a.user = u.User.Username()
	if path := strings.Trim(u.Path, "/"); path != "" {
		if a.db, err = strconv.Atoi(path); err != nil || a.db < 0 {
			return address{}, fmt.Errorf("redis URL: expected a database number after the host, found %q", path)
		}
	}
	query := u.Query()
	for key, values := range query {
		switch key {
		case "master_name":
			a.master = values[len(values)-1]
		case "addr":
		default:
			return address{}, fmt.Errorf("redis URL: unknown parameter %q; expected master_name or addr", key)
		}
	}
	port := "6379"
	if query.Has("master_name") {
		if port = "26379"; a.master == "" {
			return address{}, errors.New("redis URL: master_name is empty; expected the name the Sentinels know the master by")
		}
	}
	for _, host := range append([]string{u.Host}, query["addr"]...) {
		addr, err := withPort(host, port)
		if err != nil {
			return address{}, fmt.Errorf("redis URL: %w", err)
		}
		a.addrs = append(a.addrs, addr)
	}
	if a.db != 0 && a.cluster() {
		return address{}, fmt.Errorf("redis URL: a Cluster has database 0 only, found %d", a.db)
	}
	return a, nil
}

func (a address) cluster() bool { return a.master == "" && len(a.addrs) > 1 }

func withPort(host, port string) (string, error) {
	if h, p, err := net.SplitHostPort(host); err == nil {
		if n, err := strconv.ParseUint(p, 10, 16); h == "" || err != nil || n == 0 {
			return "", fmt.Errorf("expected host:port, found %q", host)
		}
		return host, nil
	}
	bare := strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if bare == "" || strings.Contains(bare, ":") && net.ParseIP(bare) == nil {
		return "", fmt.Errorf("expected host:port, found %q", host)
	}
	return net.JoinHostPort(bare, port), nil
}
