//go:build hil

package bench

import (
	"math"
	"testing"
	"time"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/hal"
)

// syllable is a tone that is as high as a first syllable never is.
func syllable(n int) float64 { return 8000 * math.Sin(2*math.Pi*2000*float64(n)/hal.SampleRate) }

// TestKernelChatter: bursts on a squelch's kernel line soon talk no more; the call after
// them is sent from its first syllable, which was over before it talked.
func TestKernelChatter(t *testing.T) {
	b := newBench(t, radioLines()...)
	south := b.Site.Port("south")
	b.More = "talk: {lease: 5s, lock_ttl: 10s, request_timeout: 500ms}\nsquelch: {chatter: 3, chatter_time: 700ms}\n" +
		"recorder: {size: 1, memory: flight, directory: kept}\n"
	b.configure("board", "oto", radioLines()...)
	b.squelch(false)
	b.plugIn()
	b.start()
	b.lit(lineLink, true)
	b.far.say(syllable)
	b.far.loud.Store(true)

	// A machine that is too busy makes bursts long, breaks the call, or loses the floor.
	burst := func() (short bool) {
		began := time.Now()
		b.squelch(true)
		time.Sleep(80 * time.Millisecond)
		b.squelch(false)
		short = time.Since(began) < 500*time.Millisecond
		time.Sleep(120 * time.Millisecond)
		return short
	}
	chatters := func() bool { return b.status().Squelch.Chatters }
	round := func() (done bool) {
		for n := 0; n < 20 && !chatters(); n++ {
			burst()
		}
		eventually(t, "silent", func() bool { return b.status().State == "idle" })
		before, bursts := b.status(), 6
		for range bursts {
			if !burst() {
				return false
			}
		}
		eventually(t, "each is counted", func() bool {
			return b.status().Squelch.Ignored >= before.Squelch.Ignored+uint64(bursts)
		})
		if now := b.status(); now.Talked.Sent != before.Talked.Sent || !now.Squelch.Chatters {
			t.Errorf("%d bursts while it chatters: %d frames were sent, %+v", bursts, now.Talked.Sent-before.Talked.Sent, now.Squelch)
		}

		began := b.recorded()
		b.squelch(true)
		time.Sleep(250 * time.Millisecond)
		b.far.say(tone)
		time.Sleep(200 * time.Millisecond) // of the card's buffers
		early := b.chip.High(lineTalk)
		heard := south.Hears(`speaker=heard holder="board"`, talkgatetest.Patience/4)
		time.Sleep(500 * time.Millisecond)
		b.squelch(false)
		b.far.say(syllable)
		b.lit(lineTalk, false)
		speech, first := b.sent(began)
		t.Logf("talking early: %v, heard: %v; %v of the first syllable and %v of what came after it were sent", early, heard, first, speech)
		if early || !heard || speech < 200*time.Millisecond {
			return false
		}
		if first < 100*time.Millisecond {
			t.Errorf("%v of the first syllable were sent", first)
		}
		if chatters() {
			t.Error("a call does not end the chatter")
		}
		return true
	}
	for range 8 {
		if round() {
			return
		}
	}
	t.Error("in no round the machine kept up: this proves nothing")
}
