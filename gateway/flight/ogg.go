package flight

import (
	"io"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4/pkg/media/oggwriter"

	"github.com/talkgate/talkgate/media"
)

// preSkip is what a player leaves out at the beginning (RFC 7845 section 4.2), as
// the writer's header has it.
const preSkip = 80 * time.Millisecond

// writeOgg writes the frames from from to to as Ogg Opus (RFC 7845), with silence
// where there are none: two files written for the same time stay in step.
func writeOgg(w io.Writer, frames []placed, from, to time.Duration) error {
	ogg, err := oggwriter.NewWith(w, media.SampleRate, 1)
	if err != nil {
		return err
	}
	// 20 ms of silence: a CELT frame that says so.
	silence := []byte{31 << 3, 0xff, 0xfe}
	put := func(opus []byte) error { return ogg.WriteRTP(&rtp.Packet{Payload: opus}) }
	at := from - preSkip
	for i, f := range frames {
		rest := silence
		if i > 0 && frames[i-1].rests(f) {
			rest = frames[i-1].opus // for the player to go on with the noise behind the speech
		}
		for ; f.at-at >= media.FrameDuration/2; at += media.FrameDuration {
			if err := put(rest); err != nil {
				return err
			}
		}
		if err := put(f.opus); err != nil {
			continue // not Opus, whatever it is
		}
		at += media.FrameDuration
	}
	for ; to-at > 0; at += media.FrameDuration {
		if err := put(silence); err != nil {
			return err
		}
	}
	return ogg.Close()
}
