package port

import (
	"testing"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/jitter"
	"github.com/talkgate/talkgate/media/level"
)

type nowhere struct{}

func (nowhere) WriteOpus([]byte, uint32, bool) error { return nil }

// talking returns a talker in mid-spurt, and what makes it send one frame.
func talking(tb testing.TB, cfg media.EncoderConfig, link opusWriter) (t *talker, oneFrame func()) {
	tb.Helper()
	return saying(tb, cfg, link, sim.Speech(0))
}

// saying is talking, of something else than speech.
func saying(tb testing.TB, cfg media.EncoderConfig, link opusWriter, speech sim.Source) (t *talker, oneFrame func()) {
	tb.Helper()
	enc, err := media.NewEncoder(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	mic := media.NewMic(time.Second)
	t = newTalker(mic, enc, link, func() time.Duration { return time.Second }, func(uint32) {})
	period := make([]int16, hal.PeriodSamples)
	var meter media.Level
	levels, err := level.New(level.Config{Gain: 6, HighPass: 120, Gate: -50, Target: -20, MaxGain: 20, Limit: true})
	if err != nil {
		tb.Fatal(err)
	}
	at := time.Now()
	capture := func() {
		speech(mic.Head(), period)
		meter.Measure(period)
		levels.Process(period)
		at = at.Add(10 * time.Millisecond)
		mic.Write(period, at)
	}
	capture()
	capture()
	t.open(1, at, time.Hour)
	return t, func() {
		capture()
		capture()
		for t.sendOne() {
		}
	}
}

// encoding returns what encodes one frame of the same speech and writes it, and
// nothing else.
func encoding(tb testing.TB, cfg media.EncoderConfig, link opusWriter) (oneFrame func()) {
	tb.Helper()
	enc, err := media.NewEncoder(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	speech := sim.Speech(0)
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

var withFEC = media.EncoderConfig{FEC: true, ExpectedLoss: 15}

// TestSendingAllocatesNothing: a frame on its way from the card to the link
// costs no memory of ours; garbage collection would be heard. What the codec
// itself takes with FEC on is in docs/opus.md.
func TestSendingAllocatesNothing(t *testing.T) {
	talker, send := talking(t, media.EncoderConfig{}, nowhere{})
	if n := testing.AllocsPerRun(500, send); n != 0 {
		t.Errorf("a frame without FEC allocates %v times", n)
	}
	if s := talker.stats(); s.Sent < 500 {
		t.Fatalf("only %d frames were sent", s.Sent)
	}
	talker, send = saying(t, media.EncoderConfig{DTX: true}, nowhere{}, sim.Silence())
	if n := testing.AllocsPerRun(500, send); n != 0 {
		t.Errorf("a frame in a pause allocates %v times", n)
	}
	if s := talker.stats(); s.Paused < 400 {
		t.Fatalf("only %d frames were left out", s.Paused)
	}
	_, send = talking(t, withFEC, nowhere{})
	ours, bare := testing.AllocsPerRun(500, send), testing.AllocsPerRun(500, encoding(t, withFEC, nowhere{}))
	if ours > bare {
		t.Errorf("a frame with FEC allocates %v times, the encoder alone %v times", ours, bare)
	}
}

// TestReceivingAllocatesNothing: nor does one from the network to the card.
func TestReceivingAllocatesNothing(t *testing.T) {
	buf := jitter.New(jitter.Config{})
	playout, err := media.NewPlayout(buf, media.NewTones())
	if err != nil {
		t.Fatal(err)
	}
	enc, err := media.NewEncoder(media.EncoderConfig{})
	if err != nil {
		t.Fatal(err)
	}
	pcm, opus := make([]int16, media.FrameSamples), make([]byte, media.MaxOpusFrame)
	packet := media.Packet{Marker: true}
	period := make([]int16, hal.PeriodSamples)
	speech := sim.Speech(0)
	listen := func() {
		speech(uint64(packet.Timestamp), pcm)
		n, err := enc.Encode(pcm, opus)
		if err != nil {
			t.Fatal(err)
		}
		packet.Opus, packet.Arrived = opus[:n], time.Now()
		buf.Push(packet)
		packet.Marker = false
		packet.Seq++
		packet.Timestamp += media.FrameSamples
		playout.Fill(period)
		playout.Fill(period)
	}
	if n := testing.AllocsPerRun(500, listen); n != 0 {
		t.Errorf("receiving allocates %v times a frame", n)
	}
	if s := playout.Stats(); s.Decoded < 100 {
		t.Fatalf("hardly anything was decoded: %+v", s)
	}
}
