//go:build hil

package bench

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/sim"
)

const ctcss = 88.5 // Hz

// receiving is what a receiver without a high-pass brings of a radio that sends CTCSS.
func receiving(v voice) voice {
	return func(n int) float64 { return v(n) + 2500*math.Sin(2*math.Pi*ctcss*float64(n)/hal.SampleRate) }
}

// dial is digits as they are heard from the first sample that is asked for, and closes
// over once they were.
func dial(digits string) (v voice, over <-chan struct{}) {
	done, from, last := make(chan struct{}), -1, int(sim.DialTime(digits))
	var dialled sim.Source
	var one [1]int16
	return func(n int) float64 {
		if from < 0 {
			from = n
			dialled = sim.Dial(digits, uint64(n))
		}
		if n-from == last {
			close(done)
		}
		dialled(uint64(n), one[:])
		return float64(one[0])
	}, done
}

// TestKernelSignalling: a radio without a line, at a kernel's sound card. It talks while
// its CTCSS tone is there; commands that are dialled over it are obeyed, and nobody on
// the channel hears a digit.
func TestKernelSignalling(t *testing.T) {
	b := newBench(t)
	south := b.Site.Port("south")
	b.Write("codes", "4711\n")
	// The hang lasts over a card that ran full or empty, which breaks the tone.
	b.More = "talk: {lease: 5s, lock_ttl: 10s, ctcss: \"88.5\", dtmf: {enabled: true, access_file: codes}}\nsquelch: {hang: 1s}\n" +
		"recorder: {size: 1, memory: flight, directory: kept}\n"
	b.sound = "tones: {enabled: false}, microphone: {high_pass: 300}"
	b.configure("board", "oto", "ptt_out: {chip: board, line: KEY}")
	b.plugIn()
	b.start()
	b.lit(lineLink, true)

	// Speech alone is another radio's.
	b.far.say(tone)
	b.far.loud.Store(true)
	b.stays(lineTalk, false, 2*time.Second)
	received := func(on bool) {
		if on {
			b.far.say(receiving(tone))
			return
		}
		b.far.say(tone)
		eventually(t, "let go", func() bool { return !b.status().Squelch.Talks })
	}
	heard := func(within time.Duration) bool { return south.Hears(`speaker=heard holder="board"`, within) }
	b.trySome("heard by its tone", received, heard)
	if s := b.status().Radio.Squelch; !strings.HasPrefix(s.Line, "CTCSS") {
		t.Errorf("%+v", s)
	}
	b.lit(lineTalk, true)
	quit := func() {
		t.Helper()
		received(false)
		b.lit(lineTalk, false)
		eventually(t, "let go", func() bool { return b.status().State == "idle" })
	}
	quit()

	// Dialled while it talks: speech is sent, and no digit.
	const digits = "*47111#"
	judged := false
	for range 6 {
		b.trySome("talking", received, func(within time.Duration) bool {
			return soon(within, func() bool { return b.chip.High(lineTalk) })
		})
		began, ok := b.dials(digits, "state asked for by DTMF")
		b.far.say(receiving(tone))
		time.Sleep(2 * time.Second)
		quit()
		all, speech, dialled, low := b.signalsSent(began)
		t.Logf("obeyed: %v, of %d periods sent %d are speech, %.4f of it CTCSS, and %d digits", ok, all, speech, low, dialled)
		if long := int(sim.DialTime(digits) / hal.PeriodSamples); !ok || all < long || speech < 20 {
			continue // the floor was lost meanwhile
		}
		if dialled > 10 || low > 0.03 {
			t.Error("digits are sent, or the CTCSS tone")
		}
		judged = true
		break
	}
	if !judged {
		t.Error("in no round it talked all the while: this proves nothing")
	}

	// Locked from afar its tone does not talk, unlocked it does.
	if _, ok := b.dials("*47112#", "talking is locked by DTMF"); !ok {
		t.Fatal("it is never locked")
	}
	received(true)
	eventually(t, "locked, and the tone heard", func() bool {
		s := b.status().Radio
		return s.Talk.Locked != nil && *s.Talk.Locked && s.Squelch.Open
	})
	b.stays(lineTalk, false, time.Second)
	received(false)
	if _, ok := b.dials("*47113#", "talking is unlocked by DTMF"); !ok {
		t.Fatal("it is never unlocked")
	}
	received(false)
	for south.Hears("", 100*time.Millisecond) { // what it said before
	}
	b.trySome("heard once it is unlocked", received, heard)
	quit()
}

// dials dials over the radio, with its CTCSS tone, until the port has said so, and
// reports false where this machine did not bring the digits as they were. The last is
// held back until then, as wrong codes are counted. began is when they did.
func (b *bench) dials(digits, said string) (began time.Duration, ok bool) {
	b.T.Helper()
	play := func(digits string) {
		v, over := dial(digits)
		b.far.say(receiving(v))
		<-over
		b.far.say(receiving(quiet))
	}
	for range 20 {
		before := b.status().Xruns + b.far.xruns()
		began = b.recorded()
		play(digits[:len(digits)-1])
		time.Sleep(200 * time.Millisecond)
		if b.status().Xruns+b.far.xruns() != before {
			continue
		}
		play(digits[len(digits)-1:])
		if b.port.Hears(said, talkgatetest.Patience/6) {
			return began, true
		}
	}
	return began, false
}

func quiet(int) float64 { return 0 }

// signalsSent counts all periods that were sent after a time, those of speech, and those
// of digits. low is the share of the CTCSS tone in the speech.
func (b *bench) signalsSent(after time.Duration) (all, speech, digits int, low float64) {
	b.T.Helper()
	b.eachSent(after, func(period []int16) {
		all++
		level, _ := rough(period)
		switch {
		case level < audibleAtCard:
		case share(period, 440) > 0.5:
			speech++
			low += share(period, ctcss)
		case dialled(period):
			digits++
		}
	})
	return all, speech, digits, low / float64(max(1, speech))
}

// dialled reports whether a period is a part of a digit.
func dialled(period []int16) bool {
	most := func(hertz ...float64) (most float64) {
		for _, hz := range hertz {
			most = max(most, share(period, hz))
		}
		return most
	}
	low, high := most(697, 770, 852, 941), most(1209, 1336, 1477)
	return low > 0.2 && high > 0.2 && low+high > 0.7
}
