package media

import (
	"errors"
	"fmt"

	"github.com/thesyncim/gopus"
)

const (
	// DefaultBitrate is in bit/s: wideband speech with room for redundancy.
	DefaultBitrate = 24000
	// DefaultComplexity is the point from where more work no longer pays for
	// speech: docs/opus.md has the figures.
	DefaultComplexity = 5
	// DefaultExpectedLoss is in percent: at DefaultBitrate the least that neither
	// costs bandwidth nor is too little for redundancy to be sent, and some.
	DefaultExpectedLoss = 15
)

// EncoderConfig says how speech is encoded. The zero value is plain speech
// without redundancy.
type EncoderConfig struct {
	// Bitrate is in bit/s, 6000 to 64000; 0 means DefaultBitrate.
	Bitrate int
	// FEC sends a coarse copy of every frame of speech in the packet after it
	// (RFC 6716 section 2.1.7), so that a listener can mend a loss. Opus does
	// so only where bitrate and expected loss make it worth while: at 24 kbit/s
	// from 6 % on, below 20 kbit/s never.
	FEC bool
	// ExpectedLoss is the share of packets in percent, 1 to 100, that FEC is to
	// prepare for; 0 means DefaultExpectedLoss. Without FEC it has no meaning.
	ExpectedLoss int
	// DTX makes a Pause of what is no speech, from 200 ms after the last syllable
	// on (RFC 6716 section 2.1.9), with a whole frame of it every 420 ms.
	DTX bool
	// Complexity is 1 (least work) to 10 (best sound); 0 means
	// DefaultComplexity. At 1, FEC takes the upper frequencies for its room.
	Complexity int
}

func (c EncoderConfig) withDefaults() (EncoderConfig, error) {
	if c.Bitrate == 0 {
		c.Bitrate = DefaultBitrate
	}
	if c.Complexity == 0 {
		c.Complexity = DefaultComplexity
	}
	if c.ExpectedLoss == 0 {
		c.ExpectedLoss = DefaultExpectedLoss
	}
	switch {
	case c.Bitrate < 6000 || c.Bitrate > 64000:
		return c, fmt.Errorf("opus bitrate is %d bit/s; expected 6000 to 64000", c.Bitrate)
	case c.Complexity < 1 || c.Complexity > 10:
		return c, fmt.Errorf("opus complexity is %d; expected 1 to 10", c.Complexity)
	case c.ExpectedLoss < 1 || c.ExpectedLoss > 100:
		return c, fmt.Errorf("opus expected loss is %d %%; expected 1 to 100", c.ExpectedLoss)
	}
	return c, nil
}

// Encoder makes Opus packets (RFC 6716) of 20 ms of speech each. It stays in one
// mode, SILK up to wideband, so that its delay is the same for every packet. One
// goroutine uses it.
type Encoder struct {
	cfg  EncoderConfig
	opus *gopus.Encoder
}

// NewEncoder returns an encoder, or an error that names the value out of range.
func NewEncoder(cfg EncoderConfig) (*Encoder, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	opus, err := cfg.open()
	if err != nil {
		return nil, fmt.Errorf("opus encoder: %w", err)
	}
	return &Encoder{cfg: cfg, opus: opus}, nil
}

func (c EncoderConfig) open() (*gopus.Encoder, error) {
	opus, err := gopus.NewEncoder(gopus.EncoderConfig{
		SampleRate: SampleRate, Channels: 1, Application: gopus.ApplicationVoIP,
	})
	if err != nil {
		return nil, err
	}
	opus.SetFEC(c.FEC)
	opus.SetDTX(c.DTX)
	return opus, errors.Join(
		opus.SetFrameSize(FrameSamples),
		opus.SetBitrate(c.Bitrate),
		opus.SetComplexity(c.Complexity),
		opus.SetPacketLoss(c.ExpectedLoss),
		opus.SetSignal(gopus.SignalVoice),
		opus.SetMaxBandwidth(gopus.BandwidthWideband),
	)
}

// Encode writes the packet of pcm, which has FrameSamples samples, to dst and
// returns its length in bytes. A dst of MaxOpusFrame bytes is always enough.
func (e *Encoder) Encode(pcm []int16, dst []byte) (int, error) {
	n, err := e.opus.EncodeInt16(pcm, dst)
	if err != nil {
		return 0, fmt.Errorf("encode %d samples as opus: %w", len(pcm), err)
	}
	return n, nil
}

// Pauses lets it make a Pause of what follows, as EncoderConfig.DTX says, or not.
func (e *Encoder) Pauses(may bool) { e.opus.SetDTX(may && e.cfg.DTX) }

// Lookahead is by how many samples what is decoded lags what was encoded (the
// pre-skip of RFC 7845 section 4.2): sample i of the input is heard at sample
// i+Lookahead of the output, or up to 3 samples before it. To be heard to its
// last sample, a talk spurt has to go on that much longer.
func (e *Encoder) Lookahead() int { return e.opus.Lookahead() }

// Reset forgets what was encoded, for the start of another talk spurt.
//
// It starts afresh, as gopus's own Reset keeps the state of its filters: up to
// 20 ms of the old talk spurt would be heard at the start of the new one.
func (e *Encoder) Reset() {
	if opus, err := e.cfg.open(); err == nil { // as it was in NewEncoder
		e.opus = opus
	}
}
