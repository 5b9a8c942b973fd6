package rtc

import (
	"slices"
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
	ssrc   uint32
	types  codecs
	writer webrtc.TrackLocalWriter
}

var _ webrtc.TrackLocal = (*track)(nil)

func newTrack() *track { return &track{bound: make(chan struct{})} }

// write sends one packet under the session's own SSRC and payload type, of Opus or of
// RED, which it sets in h. A packet before the connection stands is dropped.
func (t *track) write(h *rtp.Header, payload []byte, isRED bool) error {
	b := t.binding.Load()
	if b == nil {
		return nil
	}
	h.SSRC, h.PayloadType = b.ssrc, b.types.opus
	if isRED {
		h.PayloadType = b.types.red
	}
	_, err := b.writer.WriteRTP(h, payload)
	return err
}

// types are the payload types that were negotiated; none before the connection stands.
func (t *track) types() codecs {
	if b := t.binding.Load(); b != nil {
		return b.types
	}
	return codecs{}
}

// Bind is the stack saying that the stream is negotiated.
func (t *track) Bind(ctx webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	all := ctx.CodecParameters()
	types := codecsOf(all)
	if types.opus == 0 {
		return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
	}
	t.binding.Store(&binding{ssrc: uint32(ctx.SSRC()), types: types, writer: ctx.WriteStream()})
	t.once.Do(func() { close(t.bound) })
	opus := slices.IndexFunc(all, func(c webrtc.RTPCodecParameters) bool { return uint8(c.PayloadType) == types.opus })
	return all[opus], nil
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
