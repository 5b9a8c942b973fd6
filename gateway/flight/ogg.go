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

// silences are Opus packets that sound as silence, CELT frames that say no more, the
// longest first. What is recorded sounds when it was, to half of the shortest.
func silences() [2]placed {
	return [2]placed{
		{length: 20 * time.Millisecond, opus: []byte{31 << 3, 0xff, 0xfe}},
		{length: 2500 * time.Microsecond, opus: []byte{28 << 3, 0xff, 0xfe}},
	}
}

// writeOgg writes the packets from from to to as Ogg Opus (RFC 7845), with silence
// where there are none: two files written for the same time stay in step.
func writeOgg(w io.Writer, frames []placed, from, to time.Duration) error {
	ogg, err := oggwriter.NewWith(w, media.SampleRate, 1)
	if err != nil {
		return err
	}
	put := func(opus []byte) error { return ogg.WriteRTP(&rtp.Packet{Payload: opus}) }
	at := from - preSkip
	silence := func(to time.Duration) error {
		for _, s := range silences() {
			for ; to-at >= s.length || to-at > s.length/2 && s.length < media.FrameDuration; at += s.length {
				if err := put(s.opus); err != nil {
					return err
				}
			}
		}
		return nil
	}
	for i, f := range frames {
		if i > 0 && frames[i-1].rests(f) {
			// The player goes on with the noise behind the speech.
			for rest := frames[i-1]; f.at-at >= rest.length/2; at += rest.length {
				if err := put(rest.opus); err != nil {
					return err
				}
			}
		}
		if err := silence(f.at); err != nil {
			return err
		}
		if err := put(f.opus); err != nil {
			return err
		}
		at += f.length
	}
	if err := silence(to); err != nil {
		return err
	}
	return ogg.Close()
}
