package demo

import (
	"fmt"

	"github.com/pion/opus"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/media"
)

// decode turns the packets of one talk spurt into sound, with another decoder
// than the ports', without concealing anything.
func decode(packets []packet) ([]int16, error) {
	dec, err := opus.NewDecoderWithOutput(hal.SampleRate, 1)
	if err != nil {
		return nil, err
	}
	pcm := make([]int16, len(packets)*media.FrameSamples)
	for i, p := range packets {
		n, err := dec.DecodeToInt16(p.opus, pcm[i*media.FrameSamples:][:media.FrameSamples])
		if err != nil || n != media.FrameSamples {
			return nil, fmt.Errorf("packet %d of %d: %d samples: %w", i, len(packets), n, err)
		}
	}
	return pcm, nil
}

func abs(n int) int { return max(n, -n) }
