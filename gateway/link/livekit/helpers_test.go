package livekit

import (
	"context"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/rtc"
)

func newMix(on func(opus []byte)) *mix {
	return &mix{on: func(p media.Packet) { on(p.Opus) }, merge: rtc.NewMerge()}
}

func newMembership(servers []string, access func(room string) (Access, error)) *membership {
	l := &Link{cfg: Config{Servers: servers, Access: func(_ context.Context, room string) (Access, error) { return access(room) }}}
	return &membership{link: l, channel: "gates", log: discard()}
}
