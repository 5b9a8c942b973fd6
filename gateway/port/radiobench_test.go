package port

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/detect"
	"github.com/talkgate/talkgate/media/level"
)

// writing is a link that only writes.
type writing struct{ opusWriter }

func (writing) Run(context.Context, LinkEvents) error { return nil }

// radio is a port that runs a radio with every stage of its sound on, in mid-spurt:
// send takes a frame from the card to the link, and air one from the playout to the
// card, keyed.
func radio(tb testing.TB, cfg media.EncoderConfig, link opusWriter, ear Ear) (p *Port, send, air func()) {
	tb.Helper()
	r := sim.NewRadio("bench", sim.Silence())
	state := newFakeRedis(0)
	call, err := media.Morse("T1TG", media.MorseTone{WordsPerMinute: 20, Hertz: 800})
	if err != nil {
		tb.Fatal(err)
	}
	opt := Options{
		UserID: "u1", UserName: "User One", Channel: "c1",
		Tuning: Tuning{
			Talk: testTiming, Encoder: cfg, Tones: media.NewTones(),
			Levels:  level.Config{Gain: 6, HighPass: 120, Gate: -50, Target: -20, MaxGain: 20, Limit: true},
			Squelch: SquelchTiming{OpenDelay: 100 * time.Millisecond, Tail: 150 * time.Millisecond, Loop: time.Minute},
			Key:     media.KeyTiming{Lead: 200 * time.Millisecond, Tail: 100 * time.Millisecond, Interlock: true, Hold: time.Second, Duty: time.Hour, DutyWindow: 2 * time.Hour},
		},
		Ear:      ear,
		Remote:   detect.NewRemote([]string{"4711"}),
		Ident:    media.Ident{Sound: call, Every: time.Minute},
		Hardware: Hardware{Mic: r.Mic, Speaker: r.Speaker, PTTOut: r.PTTOut},
		Link:     writing{link}, Lock: state, Rights: state, Floor: state, Logger: slog.New(slog.DiscardHandler),
	}
	if ear == nil {
		opt.Hardware.COR = r.COR
	}
	if p, err = New(opt); err != nil {
		tb.Fatal(err)
	}
	p.talker.now = func() time.Duration { return time.Second }
	p.taken.Store(false)
	p.squelchState.talks.Store(true) // so that loops are looked for
	speech, period := sim.Speech(0), make([]int16, hal.PeriodSamples)
	at, heard := time.Now(), uint64(0)
	capture := func() {
		speech(heard, period)
		heard += hal.PeriodSamples
		at = at.Add(10 * time.Millisecond)
		p.captured(period, at)
	}
	for range 100 {
		capture()
	}
	p.talker.open(1, at, time.Hour)
	for range 100 {
		capture()
		for p.talker.sendOne() {
		}
	}
	said := uint64(0)
	p.transmitter.source = func(period []int16) bool {
		speech(said, period)
		said += hal.PeriodSamples
		return true
	}
	send = func() {
		capture()
		capture()
		for p.talker.sendOne() {
		}
	}
	air = func() {
		p.transmitter.fill(period)
		p.transmitter.fill(period)
	}
	return p, send, air
}

// ears are a squelch line and the detectors that stand in for one, of which a port has
// one.
func ears(tb testing.TB) map[string]Ear {
	tb.Helper()
	tone, err := detect.NewCTCSS(88.5)
	if err != nil {
		tb.Fatal(err)
	}
	return map[string]Ear{"COR": nil, "VOX": detect.NewVOX(detect.VOXConfig{Threshold: 12, Attack: 50 * time.Millisecond, Hang: time.Second}), "CTCSS": tone}
}

// TestRadioAllocatesNothing: a port with every stage on costs no memory of ours either,
// in both directions.
func TestRadioAllocatesNothing(t *testing.T) {
	for name, ear := range ears(t) {
		p, send, air := radio(t, media.EncoderConfig{}, nowhere{}, ear)
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
	for name, ear := range ears(b) {
		b.Run(name, func(b *testing.B) {
			_, ours, _ := radio(b, withFEC, onTheWire(b), ear)
			compare(b, ours, encoding(b, withFEC, onTheWire(b)))
		})
	}
}

// Quality implements Link.
func (writing) Quality() LinkQuality { return LinkQuality{} }
