// Package sendertest is a sender in the middle of a talk spurt, for tests and benchmarks.
package sendertest

import (
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/port/sender"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/level"
)

// WithFEC is an encoder with forward error correction.
func WithFEC() media.EncoderConfig { return media.EncoderConfig{FEC: true, ExpectedLoss: 15} }

// Nowhere is a link that sends nothing.
type Nowhere struct{}

// WriteOpus implements sender.Writer.
func (Nowhere) WriteOpus([]byte, uint32, bool) error { return nil }

// Source makes the microphone's sound, from a sample on.
type Source func(index uint64, period []int16)

// Spurt is a talk spurt that lasts.
type Spurt struct {
	Sender  *sender.Sender
	Drained int // how often its end was reported

	source Source
	mic    *media.Mic
	levels *level.Chain
	meter  media.Level
	period []int16
	at     time.Time // of the last sample captured
}

// AllStages turns every stage of the level chain on.
func AllStages() level.Config {
	return level.Config{Gain: 6, HighPass: 120, Gate: -50, Target: -20, MaxGain: 20, Limit: true}
}

// Talk begins a talk spurt of source on link, at the level that stages make of it.
func Talk(tb testing.TB, cfg media.EncoderConfig, stages level.Config, link sender.Writer, source Source) *Spurt {
	tb.Helper()
	enc, err := media.NewEncoder(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	levels, err := level.New(stages)
	if err != nil {
		tb.Fatal(err)
	}
	s := &Spurt{source: source, mic: media.NewMic(time.Second), levels: levels, period: make([]int16, hal.PeriodSamples), at: time.Now()}
	s.Sender = sender.New(sender.Config{
		Gate: new(sender.TalkGate), Mic: s.mic, Link: link, Voice: sender.Voice{Encoder: enc},
		Now: func() time.Duration { return time.Second }, Turned: func() {}, Drained: func(uint32) { s.Drained++ },
	})
	s.capture()
	s.capture()
	s.Sender.Open(1, s.at, time.Hour)
	return s
}

// Frame captures one frame and sends what there is to send.
func (s *Spurt) Frame() {
	s.capture()
	s.capture()
	for s.Sender.SendFrame() {
	}
}

// Release ends the talk spurt ago before the last sample captured.
func (s *Spurt) Release(ago time.Duration) { s.Sender.Drain(s.at.Add(-ago)) }

func (s *Spurt) capture() {
	s.source(s.mic.Head(), s.period)
	s.meter.Measure(s.period)
	s.levels.Process(s.period)
	s.at = s.at.Add(media.SamplesTime(hal.PeriodSamples))
	s.mic.Write(s.period, s.at)
}

// Encode returns a function that encodes one frame of speech and writes it to link, and
// does nothing else: what a sender is compared with.
func Encode(tb testing.TB, cfg media.EncoderConfig, link sender.Writer, speech Source) (frame func()) {
	tb.Helper()
	enc, err := media.NewEncoder(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	pcm, opus := make([]int16, media.FrameSamples), make([]byte, media.MaxOpusFrame)
	index := uint64(0)
	return func() {
		speech(index, pcm)
		index += media.FrameSamples
		n, err := enc.Encode(pcm, opus)
		if err != nil {
			tb.Fatal(err)
		}
		_ = link.WriteOpus(opus[:n], uint32(index), false)
	}
}
