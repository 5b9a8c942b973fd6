package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/media/detect"
	"github.com/talkgate/talkgate/state/redis"
)

// tokenLife is how long a token is good for: a day of looking at the demo.
const tokenLife = 24 * time.Hour

// token signs somebody's access to a channel.
func (s *Site) token(userID, userName, channel string, role redis.Role) (string, error) {
	c := &auth.Claims{UserID: userID, UserName: userName, Role: string(role), ChannelIDs: []string{channel}}
	c.ExpiresAt = jwt.NewNumericDate(time.Now().Add(tokenLife))
	return c.Sign(s.secret)
}

// visit welcomes somebody who opened the page: a new member of the channel, so
// that two browsers do not stand in each other's way, who may talk and manage.
func (s *Site) visit(ctx context.Context) (visit, error) {
	n := s.guests.Add(1)
	v := visit{
		Channel: Channel,
		User:    visitor{UserID: guestID(n), UserName: fmt.Sprintf("Visitor %d", n)},
	}
	for _, st := range s.stations {
		r := visitRadio{Name: st.name, UserID: st.userID, Receives: st.receives}
		if st.code != "" {
			r.Lock, r.Unlock = dialled(st.code, detect.LockTalk), dialled(st.code, detect.FreeTalk)
		}
		v.Radios = append(v.Radios, r)
	}
	if err := s.admit(ctx, v.User.UserID, Channel); err != nil {
		return visit{}, err
	}
	var err error
	v.Token, err = s.token(v.User.UserID, v.User.UserName, Channel, redis.RoleDispatch)
	return v, err
}

// dialled is how a command is given by DTMF.
func dialled(code string, c detect.Command) string { return fmt.Sprintf("*%s%c#", code, c) }

// guestID is the user ID of the n-th guest.
func guestID(n int64) string { return fmt.Sprintf("visitor-%d", n) }
