package main

import (
	"fmt"
	"time"

	"github.com/talkgate/talkgate/cmd/talkgate/drivers"
	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/hub"
	"github.com/talkgate/talkgate/gateway/link/livekit/room"
)

// roomTokenLife is that of the tokens which a hub makes for pages: each is used
// at once.
const roomTokenLife = time.Minute

// liveKitRooms is the LiveKit of a hub's channels; nil if there is none.
func liveKitRooms(flags hubFlags) (*hub.Rooms, error) {
	if flags.livekit == "" {
		return nil, nil
	}
	if err := room.CheckURL(flags.livekit); err != nil {
		return nil, config.Mistake{Err: fmt.Errorf("--livekit: %w", err)}
	}
	// The key is read for each token, so that one that was rotated is used at once.
	readKey := func() (room.Key, error) {
		return drivers.ReadLiveKitKey("--livekit-key-file", flags.livekitKey)
	}
	if _, err := readKey(); err != nil {
		return nil, err
	}
	return &hub.Rooms{URL: flags.livekit, Token: func(channel, userID, userName string) (string, error) {
		key, err := readKey()
		if err != nil {
			return "", err
		}
		return key.Sign(userID, userName, room.Grant{Room: channel, RoomJoin: true, CanPublish: !flags.guardGrants, CanSubscribe: true}, roomTokenLife)
	}}, nil
}
