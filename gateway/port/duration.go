package port

import (
	"time"

	"github.com/talkgate/talkgate/media"
)

// samplesTime is how long so many samples last.
func samplesTime(n int) time.Duration { return time.Duration(n) * time.Second / media.SampleRate }
