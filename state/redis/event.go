package redis

import (
	"encoding/json"
	"fmt"
	"time"
)

// channelEvent is what servers and gateways publish when the floor of a channel
// changes hands. Its pointers are null on an idle channel.
type channelEvent struct {
	ChannelID      string  `json:"channelId"`
	CurrentSpeaker *string `json:"currentSpeaker"`
	SpeakerName    *string `json:"speakerName"`
	IsBusy         bool    `json:"isBusy"`
	LockTimestamp  *int64  `json:"lockTimestamp"`
	// PausedBy is the ID of the dispatcher who ended the talk spurt; a field of ours,
	// which the servers ignore.
	PausedBy string `json:"pausedBy,omitempty"`
}

func busyEvent(channel, userID, userName string, at time.Time) (string, error) {
	ms := at.UnixMilli()
	return marshalEvent(channelEvent{ChannelID: channel, CurrentSpeaker: &userID, SpeakerName: &userName, IsBusy: true, LockTimestamp: &ms})
}

func idleEvent(channel string) (string, error) {
	return marshalEvent(channelEvent{ChannelID: channel})
}

func pausedEvent(channel, by string) (string, error) {
	return marshalEvent(channelEvent{ChannelID: channel, PausedBy: by})
}

func marshalEvent(ev channelEvent) (string, error) {
	b, err := json.Marshal(ev)
	if err != nil {
		return "", fmt.Errorf("event of channel %q: %w", ev.ChannelID, err)
	}
	return string(b), nil
}

// parseChannelEvent checks that a payload is an event of this channel.
func parseChannelEvent(channel, payload string) (channelEvent, error) {
	var ev channelEvent
	if err := json.Unmarshal([]byte(payload), &ev); err != nil {
		return channelEvent{}, fmt.Errorf("not a channel event: %w", err)
	}
	if ev.ChannelID != channel {
		return channelEvent{}, fmt.Errorf("event of channel %q, expected %q", ev.ChannelID, channel)
	}
	return ev, nil
}
