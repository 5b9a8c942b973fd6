package interop

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// network is a way from a client to the hub.
type network struct {
	name string
	// base is the hub's URL as the client has it; local is that of the same hub beside
	// it.
	base, local string
	// netns is the client's namespace.
	netns string
}

// link lays a cable from the hub's namespace to another, with one address at each end and
// the default route of the other through it.
func link(t *testing.T, netns, device, hubAddr, addr string) {
	t.Helper()
	command(t, "ip", "netns", "add", netns)
	t.Cleanup(func() { command(t, "ip", "netns", "del", netns) })
	command(t, "ip", "link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", netns)
	flags := []string{}
	if strings.Contains(addr, ":") {
		flags = []string{"nodad"}
	}
	command(t, "ip", append([]string{"addr", "add", hubAddr, "dev", device}, flags...)...)
	command(t, "ip", "link", "set", device, "up")
	in := func(args ...string) { t.Helper(); command(t, "ip", append([]string{"-n", netns}, args...)...) }
	in("link", "set", "lo", "up")
	in(append([]string{"addr", "add", addr, "dev", "eth0"}, flags...)...)
	in("link", "set", "eth0", "up")
	via, _, _ := strings.Cut(hubAddr, "/")
	in("route", "add", "default", "via", via)
}

// nft loads rules into a namespace.
func nft(t *testing.T, netns, rules string) {
	t.Helper()
	file := t.TempDir() + "/rules"
	if err := os.WriteFile(file, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	if netns == "" {
		command(t, "nft", "-f", file)
		return
	}
	command(t, "ip", "netns", "exec", netns, "nft", "-f", file)
}

// ports of the hubs, the proxies and the relay.
const (
	plainPort, plainMedia = 8080, 8081
	tlsPort, tlsMedia     = 8443, 8444
	farPort, farMedia     = 8090, 8091 // the hub without TCP, that names a relay
	nginxPort, caddyPort  = 8088, 8089
	turnPort              = 3478
)

// layNetworks makes all networks, and says how each reaches its hub.
func layNetworks(t *testing.T, prefix string) []network {
	t.Helper()
	command(t, "ip", "link", "set", "lo", "up")
	command(t, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=0")
	ns := func(name string) string { return prefix + "-" + name }
	link(t, ns("lan"), "lan", "10.77.1.1/24", "10.77.1.2/24")
	link(t, ns("tcp"), "tcp", "10.77.3.1/24", "10.77.3.2/24")
	link(t, ns("far"), "far", "10.77.4.1/24", "10.77.4.2/24")
	link(t, ns("six"), "six", "fd77:5::1/64", "fd77:5::2/64")

	// Behind a router that gives each flow a port of its own.
	link(t, ns("router"), "router", "10.77.2.1/24", "10.77.2.2/24")
	nat, router := ns("nat"), ns("router")
	command(t, "ip", "netns", "add", nat)
	t.Cleanup(func() { command(t, "ip", "netns", "del", nat) })
	command(t, "ip", "-n", router, "link", "add", "inner", "type", "veth", "peer", "name", "eth0", "netns", nat)
	command(t, "ip", "-n", router, "addr", "add", "192.168.77.1/24", "dev", "inner")
	command(t, "ip", "-n", router, "link", "set", "inner", "up")
	command(t, "ip", "-n", nat, "link", "set", "lo", "up")
	command(t, "ip", "-n", nat, "addr", "add", "192.168.77.2/24", "dev", "eth0")
	command(t, "ip", "-n", nat, "link", "set", "eth0", "up")
	command(t, "ip", "-n", nat, "route", "add", "default", "via", "192.168.77.1")
	command(t, "ip", "netns", "exec", router, "sysctl", "-qw", "net.ipv4.ip_forward=1")
	nft(t, router, `table ip nat {
	chain out {
		type nat hook postrouting priority 100;
		oifname "eth0" masquerade random
	}
}
`)
	nft(t, "", fmt.Sprintf(`table inet filter {
	chain in {
		type filter hook input priority 0;
		iifname "tcp" meta l4proto udp drop
		iifname "far" tcp dport { %d, %d } accept
		iifname "far" meta l4proto { tcp, udp } drop
	}
}
`, farPort, turnPort))

	plain, secure, far := fmt.Sprintf("http://127.0.0.1:%d", plainPort), fmt.Sprintf("https://127.0.0.1:%d", tlsPort), fmt.Sprintf("http://127.0.0.1:%d", farPort)
	return []network{
		{"plain HTTP", fmt.Sprintf("http://10.77.1.1:%d", plainPort), plain, ns("lan")},
		{"HTTPS, own authority", fmt.Sprintf("https://10.77.1.1:%d", tlsPort), secure, ns("lan")},
		{"below a path, nginx", fmt.Sprintf("http://10.77.1.1:%d/ptt", nginxPort), plain, ns("lan")},
		{"below a path, Caddy", fmt.Sprintf("http://10.77.1.1:%d/ptt", caddyPort), plain, ns("lan")},
		{"symmetric NAT", fmt.Sprintf("http://10.77.2.1:%d", plainPort), plain, nat},
		{"UDP blocked, ICE-TCP", fmt.Sprintf("http://10.77.3.1:%d", plainPort), plain, ns("tcp")},
		{"all blocked but TURN", fmt.Sprintf("http://10.77.4.1:%d", farPort), far, ns("far")},
		{"IPv6", fmt.Sprintf("http://[fd77:5::1]:%d", plainPort), plain, ns("six")},
	}
}
