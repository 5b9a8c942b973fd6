package mixer_test

import (
	"fmt"
	"time"

	"github.com/talkgate/talkgate/gateway/port/mixer"
	"github.com/talkgate/talkgate/media"
)

// The port's own channel takes the place of a monitored one. What is heard is one stream.
func ExampleMixer() {
	m := mixer.New([]string{"gates", "yard"}, mixer.Config{},
		func(p media.Packet) { fmt.Println("heard of channel", p.Channel, "begins", p.Marker) },
		func(emergency bool) {})
	now, opus := time.Now(), make([]byte, 80)
	m.Receive(media.Packet{Channel: 1, Seq: 1, Arrived: now, Opus: opus, Marker: true})
	m.Receive(media.Packet{Channel: 0, Seq: 1, Arrived: now.Add(20 * time.Millisecond), Opus: opus, Marker: true})
	m.Receive(media.Packet{Channel: 1, Seq: 2, Arrived: now.Add(21 * time.Millisecond), Opus: opus})
	// Output:
	// heard of channel 1 begins true
	// heard of channel 0 begins true
}
