package redis

import (
	"encoding/json"
	"time"
)

// Holder is who has the floor, as the speaker lock tells.
type Holder struct {
	UserID, UserName string
	// Role and Token are empty and Epoch is zero in a lock that a server wrote.
	Role  Role
	Token string
	// Emergency is the channel that the holder speaks on, where it has the floors of
	// all channels of the event; empty in an ordinary talk spurt.
	Emergency string
	// Epoch grows with every grant on a channel.
	Epoch uint64
	// Since is when the floor was asked for, by the holder's own clock.
	Since time.Time
}

// parseHolder reads a lock's value. One that is no JSON of the expected shape is
// somebody's all the same: the floor is taken, by nobody we can name.
func parseHolder(value string) Holder {
	var v struct {
		UserID    string `json:"userId"`
		UserName  string `json:"userName"`
		Timestamp int64  `json:"timestamp"`
		Role      Role   `json:"role"`
		Token     string `json:"token"`
		Emergency string `json:"emergency"`
		Epoch     uint64 `json:"epoch"`
	}
	if json.Unmarshal([]byte(value), &v) != nil {
		return Holder{}
	}
	return Holder{UserID: v.UserID, UserName: v.UserName, Role: v.Role, Token: v.Token, Emergency: v.Emergency, Epoch: v.Epoch, Since: time.UnixMilli(v.Timestamp)}
}
