package icelite

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
)

// candidate is an address that peers may reach us at (RFC 8839 section 5.1).
type candidate struct {
	addr       netip.AddrPort
	tcp        bool
	foundation int
	preference uint16 // of RFC 8445 section 5.1.2.1; greater is better
}

// hostType is the type preference of host candidates.
const hostType = 126

func (c candidate) String() string {
	preference := c.preference
	transport, suffix := "udp", ""
	if c.tcp {
		// RFC 6544 section 4.2: UDP is better.
		transport, suffix = "tcp", " tcptype passive"
		preference = c.preference>>3 | 4<<13
	}
	kind := uint32(hostType)
	if c.tcp {
		kind -= 36
	}
	priority := kind<<24 | uint32(preference)<<8 | (256 - 1)
	return fmt.Sprintf("candidate:%d 1 %s %d %s %d typ host%s",
		c.foundation, transport, priority, c.addr.Addr(), c.addr.Port(), suffix)
}

// candidates lists where peers reach us now: public addresses first, loopback
// last. Addresses come and go, so this is asked for each answer.
func (s *Server) candidates() []candidate {
	var all []candidate
	add := func(addr netip.AddrPort, tcp bool) {
		if !addr.IsValid() || slices.ContainsFunc(all, func(c candidate) bool { return c.addr == addr && c.tcp == tcp }) {
			return
		}
		all = append(all, candidate{addr: addr, tcp: tcp, foundation: len(all) + 1, preference: uint16(65535 - len(all))})
	}
	for _, public := range s.cfg.PublicAddresses {
		for _, l := range s.listeners() {
			if l.family(public.Addr()) {
				port := public.Port()
				if port == 0 || l.tcp {
					port = l.port
				}
				add(netip.AddrPortFrom(public.Addr(), port), l.tcp)
			}
		}
	}
	for _, l := range s.listeners() {
		if !l.addr.IsUnspecified() {
			add(netip.AddrPortFrom(l.addr, l.port), l.tcp)
			continue
		}
		for _, addr := range s.localAddresses() {
			if l.family(addr) {
				add(netip.AddrPortFrom(addr, l.port), l.tcp)
			}
		}
	}
	return all
}

// listener is an address that is listened on.
type listener struct {
	addr netip.Addr // may be unspecified
	port uint16
	tcp  bool
	dual bool // it takes IPv4 too
}

func (l listener) family(addr netip.Addr) bool {
	return l.dual || l.addr.Is4() == addr.Is4()
}

// localAddresses are those of the machine that a peer could reach. Link-local
// ones of IPv6 are not: they mean nothing without the name of a local interface.
func (s *Server) localAddresses() []netip.Addr {
	var all, loopback []netip.Addr
	interfaces, err := net.Interfaces()
	if err != nil {
		s.log.Warn("network interfaces are not known", "err", err)
		return nil
	}
	for _, i := range interfaces {
		if i.Flags&net.FlagUp == 0 || len(s.cfg.Interfaces) > 0 && !slices.Contains(s.cfg.Interfaces, i.Name) {
			continue
		}
		addresses, err := i.Addrs()
		if err != nil {
			continue // it has just gone
		}
		for _, a := range addresses {
			prefix, err := netip.ParsePrefix(a.String())
			if err != nil {
				continue
			}
			addr := prefix.Addr().Unmap()
			switch {
			case addr.IsMulticast(), addr.Is6() && addr.IsLinkLocalUnicast():
			case addr.IsLoopback():
				loopback = append(loopback, addr)
			default:
				all = append(all, addr)
			}
		}
	}
	return append(all, loopback...)
}
