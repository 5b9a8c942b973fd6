package livekit

import "context"

func newMembership(servers []string, access func(room string) (Access, error)) *membership {
	l := &Link{cfg: Config{Servers: servers, Access: func(_ context.Context, room string) (Access, error) { return access(room) }}}
	return &membership{link: l, channel: "gates", log: discard()}
}
