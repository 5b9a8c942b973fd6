package enroll

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pion/logging"
	"github.com/pion/mdns/v2"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

const (
	// service is the type by which hubs are found (DNS-SD, RFC 6763).
	service = "_talkgate._tcp"
	// maxFound bounds the hubs that are found.
	maxFound = 16
	maxTXT   = 255
)

// Announcement is what a hub says of itself on the local network.
type Announcement struct {
	// Name tells hubs apart, for people.
	Name string
	// URL is the hub's own; empty is Scheme, its address and Port.
	URL    string
	Scheme string
	Port   uint16
}

// Announce answers those who look for a hub by mDNS (RFC 6762), until ctx ends.
func Announce(ctx context.Context, a Announcement) error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	text := []mdns.TXTEntry{mdns.NewTXTString("scheme", a.Scheme)}
	if a.URL != "" && len(a.URL) < maxTXT-len("url=") {
		text = append(text, mdns.NewTXTString("url", a.URL))
	}
	conn, err := listen(mdns.WithService(mdns.ServiceInstance{
		Instance: a.Name, Service: service, Domain: "local", Host: strings.TrimSuffix(host, ".local") + ".local.", Port: a.Port, Text: text,
	}))
	if err != nil {
		return err
	}
	<-ctx.Done()
	return conn.Close()
}

// Found is a hub on the local network. What it says of itself is not to be trusted: a
// code tells the hub that gave it from every other.
type Found struct{ Name, URL string }

// Find looks for hubs: until ctx ends, or for settle once one was found.
func Find(ctx context.Context, settle time.Duration) ([]Found, error) {
	conn, err := listen()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	var (
		mu    sync.Mutex
		found []Found
	)
	first := make(chan struct{}, 1)
	conn.OnServiceDiscovered(func(e mdns.ServiceEvent) {
		f, ok := foundOf(e.Instance, e.Addr)
		mu.Lock()
		defer mu.Unlock()
		if ok && len(found) < maxFound && !slices.Contains(found, f) {
			found = append(found, f)
			select {
			case first <- struct{}{}:
			default:
			}
		}
	})
	if err := conn.Browse(ctx, service); err != nil {
		return nil, fmt.Errorf("look for hubs: %w", err)
	}
	select {
	case <-first:
		_ = pause(ctx, settle) // another may answer
	case <-ctx.Done():
	}
	mu.Lock()
	defer mu.Unlock()
	return slices.Clone(found), nil
}

// foundOf reads what a hub says of itself; ok is false for what is no hub's.
func foundOf(i mdns.ServiceInstance, addr netip.Addr) (f Found, ok bool) {
	scheme, url := "https", ""
	for _, entry := range i.Text {
		switch entry.Key {
		case "scheme":
			scheme = string(entry.Value)
		case "url":
			url = string(entry.Value)
		}
	}
	if scheme != "http" && scheme != "https" || !addr.IsValid() {
		return f, false
	}
	if url == "" {
		url = scheme + "://" + net.JoinHostPort(addr.Unmap().WithZone("").String(), strconv.Itoa(int(i.Port)))
	}
	url, err := HubURL(url)
	return Found{Name: i.Instance, URL: url}, err == nil
}

// listen takes part in mDNS beside whoever else does on this machine, by IPv4, IPv6 or
// both.
func listen(options ...mdns.ServerOption) (*mdns.Conn, error) {
	var v4 *ipv4.PacketConn
	var v6 *ipv6.PacketConn
	// Both are reserved multicast addresses: Go then listens on all and shares the port.
	c4, err4 := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(224, 0, 0, 0), Port: 5353})
	if err4 == nil {
		v4 = ipv4.NewPacketConn(c4)
	}
	c6, err6 := net.ListenUDP("udp6", &net.UDPAddr{IP: net.ParseIP("ff02::"), Port: 5353})
	if err6 == nil {
		v6 = ipv6.NewPacketConn(c6)
	}
	if v4 == nil && v6 == nil {
		return nil, fmt.Errorf("mDNS: port 5353 cannot be shared: %w", errors.Join(err4, err6))
	}
	quiet := logging.NewDefaultLoggerFactory()
	quiet.DefaultLogLevel = logging.LogLevelDisabled
	conn, err := mdns.NewServer(v4, v6, append(options, mdns.WithLoggerFactory(quiet))...)
	if err != nil {
		if c4 != nil {
			_ = c4.Close()
		}
		if c6 != nil {
			_ = c6.Close()
		}
		return nil, fmt.Errorf("mDNS: %w", err)
	}
	return conn, nil
}
