package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/gateway/hub"
	"github.com/talkgate/talkgate/gateway/hub/certs"
	"github.com/talkgate/talkgate/gateway/hub/turn"
	"github.com/talkgate/talkgate/media/icelite"
	"github.com/talkgate/talkgate/state/textfile"
)

// hubNetworkFlags say how a hub is reached.
type hubNetworkFlags struct {
	udp, tcp   string
	public     []string
	interfaces []string
	dscp       int

	cert, key             string
	ownCA                 string
	names                 []string
	acme                  []string
	acmeDir               string
	acmeEmail, acmeServer string

	turn       []string
	turnSecret string
}

func (n *hubNetworkFlags) add(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&n.udp, "udp", "", "host:port of all media (default: a free port on all addresses)")
	f.StringVar(&n.tcp, "tcp", "", "host:port of media over TCP, for networks that block UDP; the one of --listen shares its port (default: none)")
	f.StringSliceVar(&n.public, "public-address", nil, "address, or address:port, of a router that leads here; repeat it for several")
	f.StringSliceVar(&n.interfaces, "interface", nil, "network interface whose addresses are offered, for example eth0 (default: all)")
	f.IntVar(&n.dscp, "dscp", 46, "mark of voice packets, 0 to 63: 46 is EF, 0 marks nothing")
	f.StringVar(&n.cert, "tls-cert-file", "", "PEM file with the certificate for HTTPS; read again when it changes")
	f.StringVar(&n.key, "tls-key-file", "", "PEM file with its key")
	f.StringVar(&n.ownCA, "tls-own-ca", "", "directory of a certificate authority of the hub's own, made once, for HTTPS without a name on the internet")
	f.StringSliceVar(&n.names, "tls-name", nil, "name that --tls-own-ca certifies besides localhost, the machine's name and all addresses")
	f.StringSliceVar(&n.acme, "tls-acme", nil, "name to get a certificate for by ACME; the hub has to be reachable by it at port 443")
	f.StringVar(&n.acmeDir, "tls-acme-dir", "", "directory to keep ACME's certificates in")
	f.StringVar(&n.acmeEmail, "tls-acme-email", "", "address that the authority may write to")
	f.StringVar(&n.acmeServer, "tls-acme-server", "", "URL of the ACME directory (default: Let's Encrypt)")
	f.StringSliceVar(&n.turn, "turn", nil, "URL of a TURN server that members are told of, for example turn:turn.example:3478?transport=tcp")
	f.StringVar(&n.turnSecret, "turn-secret-file", "", "file with the secret shared with it, coturn's static-auth-secret")
	c.MarkFlagsMutuallyExclusive("tls-cert-file", "tls-own-ca", "tls-acme")
	c.MarkFlagsRequiredTogether("tls-cert-file", "tls-key-file")
	c.MarkFlagsRequiredTogether("tls-acme", "tls-acme-dir")
	c.MarkFlagsRequiredTogether("turn", "turn-secret-file")
}

// media is how media is reached, beside an HTTP address.
func (n *hubNetworkFlags) media(listen string) (icelite.Config, error) {
	cfg := icelite.Config{UDP: n.udp, Interfaces: n.interfaces, DSCP: n.dscp}
	if n.dscp < 0 || n.dscp > 63 {
		return cfg, fmt.Errorf("--dscp %d: expected 0 to 63", n.dscp)
	}
	if n.tcp != listen {
		cfg.TCP = n.tcp
	}
	for _, text := range n.public {
		addr, err := parsePublic(text)
		if err != nil {
			return cfg, err
		}
		cfg.PublicAddresses = append(cfg.PublicAddresses, addr)
	}
	for _, name := range n.interfaces {
		if _, err := net.InterfaceByName(name); err != nil {
			return cfg, fmt.Errorf("--interface %q: %w", name, err)
		}
	}
	return cfg, nil
}

func parsePublic(text string) (netip.AddrPort, error) {
	if addr, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return netip.AddrPortFrom(addr, 0), nil
	}
	addr, err := netip.ParseAddrPort(text)
	if err != nil {
		return addr, fmt.Errorf("--public-address %q: expected an IP address, or one with a port", text)
	}
	return addr, nil
}

// secure sets how HTTP is served. ca are the PEM certificates by which the hub is known;
// empty is the system's.
func (n *hubNetworkFlags) secure(cfg *hub.Config, log *slog.Logger) (ca string, err error) {
	cfg.ShareTCP = n.tcp != "" && n.tcp == cfg.Listen
	switch {
	case n.cert != "":
		if ca, err = certs.OwnRoot(n.cert); err != nil {
			return "", err
		}
		cfg.TLS, err = certs.Files(n.cert, n.key, func(err error) { log.Error("the certificate stays as it is", "err", err) })
	case n.ownCA != "":
		a, err := certs.OwnCA(n.ownCA, n.names...)
		if err != nil {
			return "", err
		}
		ca = a.PEM()
		log.Info("own certificate authority", "file", a.CertFile, "sha256", a.Fingerprint)
		cfg.TLS = a.Config()
	case len(n.acme) > 0:
		cfg.Name = n.acme[0]
		cfg.TLS, err = certs.ACME(n.acme, n.acmeDir, n.acmeEmail, n.acmeServer)
	}
	if err != nil {
		return "", err
	}
	return ca, n.relay(cfg)
}

// relay sets the TURN server that members are told of.
func (n *hubNetworkFlags) relay(cfg *hub.Config) error {
	if len(n.turn) == 0 {
		return nil
	}
	for _, u := range n.turn {
		if !strings.HasPrefix(u, "turn:") && !strings.HasPrefix(u, "turns:") || strings.ContainsAny(u, " <>\"") {
			return fmt.Errorf("--turn %q: expected turn:host:port or turns:host:port (RFC 7065)", u)
		}
	}
	secret, err := textfile.Read(n.turnSecret)
	if err != nil {
		return fmt.Errorf("--turn-secret-file: %w", err)
	}
	if secret = bytes.TrimSpace(secret); len(secret) == 0 {
		return errors.New("--turn-secret-file: it is empty")
	}
	cfg.TURN = &turn.Relay{URLs: n.turn, Secret: secret}
	return nil
}
