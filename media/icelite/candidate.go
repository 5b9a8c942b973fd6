package icelite

import (
	"net"
	"net/netip"
	"slices"
	"strconv"

	"github.com/talkgate/talkgate/media/sdp"
)

// candidates lists where peers reach us now: public addresses first, loopback
// last. Addresses come and go, so this is asked for each answer.
func (s *Server) candidates() []sdp.Candidate {
	var all []sdp.Candidate
	add := func(addr netip.AddrPort, tcp bool) {
		if !addr.IsValid() || slices.ContainsFunc(all, func(c sdp.Candidate) bool { return c.Addr == addr && c.TCP == tcp }) {
			return
		}
		all = append(all, sdp.Candidate{
			Foundation: strconv.Itoa(len(all) + 1), Priority: sdp.HostPriority(uint16(65535-len(all)), tcp), Addr: addr, TCP: tcp,
		})
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
