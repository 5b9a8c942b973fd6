package port

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/port/capture"
	"github.com/talkgate/talkgate/gateway/port/output"
	"github.com/talkgate/talkgate/gateway/port/sender"
	"github.com/talkgate/talkgate/gateway/port/sender/sendertest"
	"github.com/talkgate/talkgate/gateway/port/squelch"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/detect"
	"github.com/talkgate/talkgate/media/level"
)

// writing is a link that only writes.
type writing struct{ sender.Writer }

func (writing) Run(context.Context, LinkEvents) error { return nil }

// radio is a port that runs a radio with every stage of its sound on, in mid-spurt:
// send takes a frame from the card to the link, and air one from the playout to the
// card, keyed.
func radio(tb testing.TB, cfg media.EncoderConfig, link sender.Writer, d squelch.Detector) (p *Port, send, air func()) {
	tb.Helper()
	r := sim.NewRadio("bench", sim.Silence())
	state := newFakeRedis(0)
	call, err := media.Morse("T1TG", media.MorseTone{WordsPerMinute: 20, Hertz: 800})
	if err != nil {
		tb.Fatal(err)
	}
	opt := Options{
		UserID: "u1", UserName: "User One",
		Channels: []Channel{{ID: "c1", Link: writing{link}}},
		Tuning: Tuning{
			Talk: testTiming, Encoder: cfg, Tones: media.NewTones(),
			Levels:  level.Config{Gain: 6, HighPass: 120, Gate: -50, Target: -20, MaxGain: 20, Limit: true},
			Squelch: squelch.Timing{OpenDelay: 100 * time.Millisecond, Tail: 150 * time.Millisecond, Loop: time.Minute},
			Key:     media.KeyTiming{Lead: 200 * time.Millisecond, Tail: 100 * time.Millisecond, Interlock: true, Hold: time.Second, Duty: time.Hour, DutyWindow: 2 * time.Hour},
		},
		Detector: d,
		Remote:   detect.NewRemote([]string{"4711"}),
		Ident:    media.Ident{Sound: call, Every: time.Minute},
		Hardware: Hardware{Mic: r.Mic, Speaker: r.Speaker, PTTOut: r.PTTOut},
		Lock:     state, Rights: state, Floor: state, Logger: slog.New(slog.DiscardHandler),
	}
	if d == nil {
		opt.Hardware.COR = r.COR
	}
	if p, err = New(opt); err != nil {
		tb.Fatal(err)
	}
	// Loops are looked for, and the radio is free, at the same time.
	made, err := opt.make()
	if err != nil {
		tb.Fatal(err)
	}
	var detected *squelch.Detected
	if d != nil {
		detected = squelch.NewDetected(d, p.SpeakerLevel().Peak)
	}
	toCapture := p.captureConfig(made, detected, detect.NewLoop())
	toCapture.SquelchTalks = func() bool { return true }
	p.capture = capture.New(toCapture)
	toAir := p.transmitterConfig(opt.Logger)
	toAir.Receiving = func() bool { return false }
	p.transmitter = output.NewTransmitter(toAir)
	speech, period := sim.Speech(0), make([]int16, hal.PeriodSamples)
	at, heard := time.Now(), uint64(0)
	hear := func() {
		speech(heard, period)
		heard += hal.PeriodSamples
		at = at.Add(10 * time.Millisecond)
		p.capture.Process(period, at)
	}
	for range 100 {
		hear()
	}
	p.sender.Open(1, at, time.Hour)
	for range 100 {
		hear()
		for p.sender.SendFrame() {
		}
	}
	said := uint64(0)
	send = func() {
		hear()
		hear()
		for p.sender.SendFrame() {
		}
	}
	air = func() {
		for range 2 {
			speech(said, period)
			said += hal.PeriodSamples
			p.transmitter.Process(period, true)
		}
	}
	return p, send, air
}

// detectors are a squelch line (nil) and the detectors that stand in for one.
func detectors(tb testing.TB) map[string]squelch.Detector {
	tb.Helper()
	tone, err := detect.NewCTCSS(88.5)
	if err != nil {
		tb.Fatal(err)
	}
	return map[string]squelch.Detector{"COR": nil, "VOX": detect.NewVOX(detect.VOXConfig{Threshold: 12, Attack: 50 * time.Millisecond, Hang: time.Second}), "CTCSS": tone}
}

// TestRadioAllocatesNothing: a port with every stage on costs no memory of ours either,
// in both directions.
func TestRadioAllocatesNothing(t *testing.T) {
	for name, d := range detectors(t) {
		p, send, air := radio(t, media.EncoderConfig{}, sendertest.Nowhere{}, d)
		if n := testing.AllocsPerRun(500, send); n != 0 {
			t.Errorf("%s: a frame to the channel allocates %v times", name, n)
		}
		if n := testing.AllocsPerRun(500, air); n != 0 {
			t.Errorf("%s: a frame to the transmitter allocates %v times", name, n)
		}
		if sent, keyed := p.TalkStats().Sent, p.KeyStats().Keyed; sent < 500 || keyed < 9*time.Second {
			t.Errorf("%s: %d frames were sent, %v were keyed: this proves nothing", name, sent, keyed)
		}
	}
}

// BenchmarkRadio is BenchmarkTalk for a port that runs a radio, with every stage on.
func BenchmarkRadio(b *testing.B) {
	for name, d := range detectors(b) {
		b.Run(name, func(b *testing.B) {
			_, ours, _ := radio(b, sendertest.WithFEC(), onTheWire(b), d)
			compare(b, ours, sendertest.Encode(b, sendertest.WithFEC(), onTheWire(b), sendertest.Source(sim.Speech(0))))
		})
	}
}

// Quality implements Link.
func (writing) Quality() LinkQuality { return LinkQuality{} }
