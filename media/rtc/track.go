package rtc

import (
	"sync"
	"sync/atomic"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// track is the outgoing stream of one session. It has exactly one binding, so
// writing takes neither a lock nor a copy of the packet.
type track struct {
	binding atomic.Pointer[binding]
	bound   chan struct{}
	once    sync.Once
}

type binding struct {
	ssrc        uint32
	payloadType uint8
	writer      webrtc.TrackLocalWriter
}

var _ webrtc.TrackLocal = (*track)(nil)

func newTrack() *track { return &track{bound: make(chan struct{})} }

// write sends one packet under the session's own SSRC and payload type, which
// it sets in h. A packet before the connection stands is dropped.
func (t *track) write(h *rtp.Header, payload []byte) error {
	b := t.binding.Load()
	if b == nil {
		return nil
	}
	h.SSRC, h.PayloadType = b.ssrc, b.payloadType
	_, err := b.writer.WriteRTP(h, payload)
	return err
}

// Bind is the stack saying that the stream is negotiated.
func (t *track) Bind(ctx webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	// The MediaEngine knows nothing but Opus, and lists what the peer took.
	codecs := ctx.CodecParameters()
	if len(codecs) == 0 {
		return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
	}
	t.binding.Store(&binding{
		ssrc:        uint32(ctx.SSRC()),
		payloadType: uint8(codecs[0].PayloadType),
		writer:      ctx.WriteStream(),
	})
	t.once.Do(func() { close(t.bound) })
	return codecs[0], nil
}

// Unbind is the stack saying that the stream has ended.
func (t *track) Unbind(webrtc.TrackLocalContext) error {
	t.binding.Store(nil)
	return nil
}

// ID, RID and StreamID name the track in the description.
func (t *track) ID() string { return "voice" }

// RID is empty: there is no simulcast of voice.
func (t *track) RID() string { return "" }

// StreamID names the stream the track is part of.
func (t *track) StreamID() string { return "talkgate" }

// Kind is audio.
func (t *track) Kind() webrtc.RTPCodecType { return webrtc.RTPCodecTypeAudio }
