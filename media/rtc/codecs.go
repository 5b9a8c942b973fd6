package rtc

import (
	"fmt"
	"strings"

	"github.com/pion/webrtc/v4"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/red"
)

// mimeTypeRED is RED of audio (RFC 2198), which the stack has no name for.
const mimeTypeRED = "audio/red"

// opusCapability is Opus as RFC 7587 wants it written, always with two
// channels; absent "stereo" parameters make it mono. The parameters are those of
// browsers: a server of pion's leaves Opus with others out, beside RED.
func opusCapability() webrtc.RTPCodecCapability {
	return webrtc.RTPCodecCapability{
		MimeType:    webrtc.MimeTypeOpus,
		ClockRate:   media.SampleRate,
		Channels:    2,
		SDPFmtpLine: "minptime=10;useinbandfec=1",
	}
}

// redCapability is RED of Opus, as browsers offer it.
func redCapability() webrtc.RTPCodecCapability {
	return webrtc.RTPCodecCapability{
		MimeType:    mimeTypeRED,
		ClockRate:   media.SampleRate,
		Channels:    2,
		SDPFmtpLine: fmt.Sprintf("%d/%d", opusPayloadType, opusPayloadType),
	}
}

// register makes the codecs known that a session may use, the one that is sent first.
func register(m *webrtc.MediaEngine) error {
	for _, codec := range []webrtc.RTPCodecParameters{
		{RTPCodecCapability: opusCapability(), PayloadType: opusPayloadType},
		{RTPCodecCapability: redCapability(), PayloadType: red.PayloadType},
	} {
		if err := m.RegisterCodec(codec, webrtc.RTPCodecTypeAudio); err != nil {
			return fmt.Errorf("register %s: %w", codec.MimeType, err)
		}
	}
	return nil
}

// codecs are the payload types of a session; a red of zero is none.
type codecs struct{ opus, red uint8 }

// codecsOf are those that both sides have.
func codecsOf(all []webrtc.RTPCodecParameters) (c codecs) {
	for _, codec := range all {
		switch {
		case strings.EqualFold(codec.MimeType, webrtc.MimeTypeOpus):
			c.opus = uint8(codec.PayloadType)
		case strings.EqualFold(codec.MimeType, mimeTypeRED):
			c.red = uint8(codec.PayloadType)
		}
	}
	return c
}
