//go:build hil

package bench

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/hal"
)

// squelch opens or closes the radio's.
func (b *bench) squelch(open bool) { b.chip.Pull(lineCOR, !open) }

// stays fails the test if a line moves within a while.
func (b *bench) stays(line int, high bool, while time.Duration) {
	b.T.Helper()
	if soon(while, func() bool { return b.chip.High(line) != high }) {
		b.T.Errorf("line %d does not stay %v", line, high)
	}
}

// radioLines are a squelch, which goes to ground, and PTT-out.
func radioLines() []string {
	return []string{"cor: {chip: board, line: COR, pull: keep, debounce: 20ms}", "ptt_out: {chip: board, line: KEY}"}
}

// TestKernelSquelchTalks: a squelch that opens on a kernel line talks, from the
// kernel's sound card; a kerchunk does not. One that sticks is cut by the time-out
// timer. What the channel says meanwhile waits for it to close, and then keys the
// radio, before it is heard at the card and until after.
func TestKernelSquelchTalks(t *testing.T) {
	b := newBench(t, radioLines()...)
	south := b.Site.Port("south")
	b.More = "talk: {lease: 5s, lock_ttl: 10s, max_talk: 6s, warn: 0s}\nsquelch: {open_delay: 250ms, hang: 100ms}\n"
	b.key = "{lead: 500ms, tail: 1s, interlock: hold, hold: 30s}"
	b.configure("board", "oto", radioLines()...)
	b.squelch(false)
	b.plugIn()
	b.start()
	b.lit(lineLink, true)
	b.far.loud.Store(true)
	b.far.say(tone)

	// This machine may make a kerchunk longer than it was meant to be.
	short := 0
	for range 20 {
		before, began := b.status(), time.Now()
		b.squelch(true)
		time.Sleep(50 * time.Millisecond)
		b.squelch(false)
		if time.Since(began) > 200*time.Millisecond {
			time.Sleep(time.Second)
			continue
		}
		short++
		if !soon(talkgatetest.Patience, func() bool { return b.status().Radio.Squelch.Ignored > before.Squelch.Ignored }) {
			t.Fatal("a kerchunk is not noticed")
		}
		if now := b.status(); now.Talked.Sent != before.Talked.Sent {
			t.Error("a kerchunk was sent")
		}
		if short == 3 {
			break
		}
	}
	if short == 0 {
		t.Error("no kerchunk was short: this proves nothing")
	}

	// It sticks. A machine that is too busy for Redis loses the floor before that.
	heard := func(within time.Duration) bool { return south.Hears(`speaker=heard holder="board"`, within) }
	why := ""
	for range 6 {
		b.trySome("the radio is heard", b.squelch, heard)
		eventually(t, "cut", func() bool { return b.status().State != "talking" })
		if why = b.status().Why; why == "talked for too long" {
			break
		}
		b.squelch(false)
		time.Sleep(500 * time.Millisecond)
	}
	if why != "talked for too long" {
		t.Fatalf("cut, as %q", why)
	}
	b.lit(lineAlert, true)
	b.lit(lineTalk, false)
	b.stays(lineTalk, false, time.Second)
	b.far.loud.Store(false)
	b.trySome("what the channel says waits", func(down bool) {
		south.Say(map[bool]string{true: "press", false: "release"}[down])
	}, func(within time.Duration) bool {
		return soon(within, func() bool { return b.status().Radio.Transmitter.Waiting > 0 })
	})
	if now := b.status().Radio; now.Transmitter.Keyed || b.chip.High(lineKey) || b.far.level.Load() > audibleAtCard {
		t.Errorf("the squelch is open and the radio keyed: %+v", now.Transmitter)
	}
	air := b.watchAir()
	b.squelch(false)
	b.lit(lineKey, true)
	b.far.hears(true)
	b.lit(lineAlert, false)

	// While it is keyed its squelch is not listened to.
	b.squelch(true)
	eventually(t, "deaf", func() bool { return b.status().Radio.Squelch.State == "deaf" })
	b.squelch(false)
	south.Say("release")
	b.lit(lineKey, false)
	air.coversAllHeard(t)
	if lost := b.status().Keying.Lost; lost > 0 {
		t.Errorf("%v of what was held was lost", lost)
	}

	// It has closed: the next opening talks.
	b.far.loud.Store(true)
	b.trySome("the radio is heard again", b.squelch, heard)
	b.squelch(false)
	b.lit(lineTalk, false)
}

// TestKernelSquelchTail: the recorder's button keeps what happened; of the noise before a kernel line says that the squelch
// closed nothing is sent, of the speech before it all is; without squelch.tail the
// noise is there.
func TestKernelSquelchTail(t *testing.T) {
	for _, tail := range []string{"0s", "500ms"} {
		t.Run(tail, func(t *testing.T) {
			b := newBench(t, radioLines()...)
			south := b.Site.Port("south")
			b.More += fmt.Sprintf("squelch: {tail: %s}\nrecorder: {size: 1, memory: flight, directory: kept}\n", tail)
			b.configure("board", "oto", append(radioLines(), "record: {chip: board, line: RECORD, pull: keep}")...)
			b.squelch(false)
			b.chip.Pull(lineRecord, true)
			b.plugIn()
			b.start()
			b.lit(lineLink, true)
			b.far.loud.Store(true)
			noise := func(int) float64 { return 8000 * (2*rand.Float64() - 1) }
			// A machine that is too busy loses the floor, or brings the noise late.
			var speech, crash time.Duration
			for range 6 {
				began := b.recorded()
				b.far.say(tone)
				b.trySome("the radio is heard", b.squelch, func(within time.Duration) bool { return south.Hears(`speaker=heard holder="board"`, within) })
				time.Sleep(time.Second)
				b.far.say(noise)
				time.Sleep(250 * time.Millisecond)
				whole := b.chip.High(lineTalk)
				b.squelch(false)
				b.lit(lineTalk, false)
				speech, crash = b.sent(began)
				t.Logf("tail %s: %v of speech and %v of noise were sent", tail, speech, crash)
				if whole && speech > 500*time.Millisecond && (tail != "0s" || crash > 0) {
					break
				}
			}
			if speech < 500*time.Millisecond {
				t.Errorf("%v of speech were sent", speech)
			}
			if cut := tail != "0s"; cut == (crash > 0) {
				t.Errorf("%v of noise were sent", crash)
			}
			b.chip.Pull(lineRecord, false)
			file := b.port.Until(`msg="recording is kept".* file=(\S+-button\.zip) `)
			if _, out, _ := talkgatetest.Run(t, "", "replay", file); !talkgatetest.InOrder(out, "kept for: button", "active=true", "line=COR", "talking", "active=false", "line=COR") {
				t.Errorf("replay of what the button kept:\n%s", out)
			}
		})
	}
}

// TestKernelVOX: who speaks at a kernel sound card talks, without any line, and no
// more once they are silent; what its own loudspeaker says, back at the
// microphone, does not.
func TestKernelVOX(t *testing.T) {
	b := newBench(t, "ptt_out: {chip: board, line: KEY}")
	south := b.Site.Port("south")
	b.More = "talk: {lease: 5s, lock_ttl: 10s, vox: {enabled: true, hang: 1s}}\n"
	b.configure("board", "oto", "ptt_out: {chip: board, line: KEY}")
	b.plugIn()
	b.start()
	b.lit(lineLink, true)
	// Syllables: a tone that does not pause is a noise floor.
	b.far.say(func(n int) float64 {
		if n%(hal.SampleRate/2) > hal.SampleRate*2/5 {
			return 0
		}
		return tone(n)
	})
	b.stays(lineTalk, false, 2*time.Second)
	b.trySome("speech is heard", b.far.loud.Store, func(within time.Duration) bool { return south.Hears(`speaker=heard holder="board"`, within) })
	b.lit(lineTalk, true)
	b.far.loud.Store(false)
	b.lit(lineTalk, false)
	if s := b.status().Radio.Squelch; s.Line != "VOX" || s.Open {
		t.Errorf("%+v", s)
	}

	b.far.echo.Store(true)
	judged := false
	for range 5 {
		sent, xruns := b.status().Talked.Sent, b.status().Xruns
		b.hearAtCard(south)
		talks := func() bool { return b.chip.High(lineAlert) || b.chip.High(lineTalk) || b.status().Talked.Sent != sent }
		tripped := soon(3*time.Second, talks)
		south.Say("release")
		b.far.hears(false)
		tripped = soon(2*time.Second, talks) || tripped
		if now := b.status().Xruns; tripped && now != xruns {
			t.Logf("%d times the card ran full or empty: what came back was late", now-xruns)
			b.lit(lineTalk, false)
			continue
		}
		if judged = true; tripped {
			t.Error("it talks by what it says itself")
		}
		break
	}
	if !judged {
		t.Error("in no round the card kept up: this proves nothing")
	}
}
