package drivers

import (
	"fmt"
	"time"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/hub"
	"github.com/talkgate/talkgate/gateway/link/livekit/room"
)

// roomTokenLife is that of the tokens which a hub makes for pages: each is used
// at once.
const roomTokenLife = time.Minute

// LiveKitRooms is the LiveKit at url that a hub's channels are on, by the flags of the
// hub; nil for no url. guardGrants leaves the permission to publish to the guard.
func LiveKitRooms(url string, keyFile config.File, guardGrants bool) (*hub.Rooms, error) {
	if url == "" {
		return nil, nil
	}
	if err := room.CheckURL(url); err != nil {
		return nil, config.Mistake{Err: fmt.Errorf("--livekit: %w", err)}
	}
	// The key is read for each token, so that one that was rotated is used at once.
	readKey := func() (room.Key, error) {
		return ReadLiveKitKey("--livekit-key-file", keyFile)
	}
	if _, err := readKey(); err != nil {
		return nil, err
	}
	return &hub.Rooms{URL: url, Token: func(channel, userID, userName string) (string, error) {
		key, err := readKey()
		if err != nil {
			return "", err
		}
		return key.Sign(userID, userName, room.Grant{Room: channel, RoomJoin: true, CanPublish: !guardGrants, CanSubscribe: true}, roomTokenLife)
	}}, nil
}
