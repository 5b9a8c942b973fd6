package port

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

var withDTX = media.EncoderConfig{FEC: true, DTX: true}

// inAPause runs body with a talker that is in its third pause, and with the frames that
// were sent so far.
func inAPause(t *testing.T, body func(c *conversation, sent []frame)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := converse(t, withDTX, -65)
		c.a.press()
		c.a.pass(10 * time.Second)
		c.to(2 * media.SampleRate)
		c.a.expect(floor.Talking, floor.NoReason)
		if !c.a.port.RadioStatus().Talk.Pauses {
			t.Error("the status does not show the pause")
		}
		if before := c.b.port.HeardStats().Comfort; before < 100 {
			t.Errorf("%d slots of comfort noise", before)
		}
		body(c, c.taken())
		c.end(t)
		if c.a.port.RadioStatus().Talk.Pauses {
			t.Error("the status shows a pause after the end")
		}
	})
}

// TestReleaseInAPause: the end is said, so that nobody waits for a pause to end, and the
// floor is free as soon as ever.
func TestReleaseInAPause(t *testing.T) {
	inAPause(t, func(c *conversation, _ []frame) {
		comfort := c.b.port.HeardStats().Comfort
		released := c.a.release()
		c.a.pass(40 * time.Millisecond)
		c.a.expect(floor.Idle, floor.NoReason)
		if held := c.a.redis.held(); len(held) > 0 {
			t.Error("the floor is still held 40 ms after the release")
		}
		c.a.pass(time.Second)
		sent := c.taken()
		if len(sent) == 0 || media.Pause(sent[len(sent)-1].opus) {
			t.Fatalf("%d frames are sent after the release, the last of them is none that ends a pause", len(sent))
		}
		after := c.silentFrom().Sub(released)
		t.Logf("silent %v after the release", after)
		if n := c.b.port.HeardStats().Comfort - comfort; n > 4 || after > 200*time.Millisecond {
			t.Errorf("the end is noticed after %v and %d slots of comfort noise", after, n)
		}
	})
}

// TestReleaseInAWord: what is said to the release arrives, as without DTX.
func TestReleaseInAWord(t *testing.T) {
	var sent [2][]frame
	var words []uint64
	for i, dtx := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			cfg := withDTX
			cfg.DTX = dtx
			c := converse(t, cfg, -65)
			c.a.press()
			c.a.pass(5 * time.Second)
			c.to(word / 2)
			released := c.a.radio.Mic.IndexAt(c.a.release())
			words = []uint64{released / sentence * sentence}
			c.a.pass(time.Second)
			sent[i] = c.taken()
			if last := sent[i][len(sent[i])-1].timestamp + media.FrameSamples; last < uint32(released) {
				t.Errorf("DTX %v: the last frame ends %d samples before the release", dtx, uint32(released)-last)
			}
			c.end(t)
		})
	}
	compareFrames(t, words, sent[0], sent[1])
}

// TestCutInAPause: a talker that loses the right, the lock or Redis in a pause does not
// talk on when the next word comes; who listens hears no more than the rest of a pause.
func TestCutInAPause(t *testing.T) {
	for name, tc := range map[string]struct {
		cut    func(w *world)
		within time.Duration
		why    floor.Reason
	}{
		"right taken away":                     {func(w *world) { w.redis.allow(false, true) }, 0, floor.Revoked},
		"right taken away, and nobody says so": {func(w *world) { w.redis.allow(false, false) }, testTiming.Lease/3 + 5*time.Millisecond, floor.Revoked},
		"lock taken":                           {func(w *world) { w.redis.hold(&redis.Claim{UserID: "u2", Token: "t2"}) }, testTiming.Lease/3 + 5*time.Millisecond, floor.Preempted},
		"Redis lost":                           {func(w *world) { w.redis.set(func() { w.redis.lost = true }) }, testTiming.Lease, floor.NoReason},
	} {
		t.Run(name, func(t *testing.T) {
			inAPause(t, func(c *conversation, sent []frame) {
				began := time.Now()
				tc.cut(c.a)
				c.a.pass(tc.within)
				c.a.expect(floor.Refused, c.a.now().Floor.Why)
				if why := c.a.now().Floor.Why; tc.why != floor.NoReason && why != tc.why {
					t.Errorf("it ended for %v, want %v", why, tc.why)
				}
				sent = append(sent, c.taken()...)
				c.to(sentence - 1)
				c.a.pass(time.Second)
				if late := c.taken(); len(late) > 0 {
					t.Errorf("%d frames are sent after the cut, when the next word comes", len(late))
				}
				last := sent[len(sent)-1].at
				if last.After(began.Add(tc.within)) {
					t.Errorf("a frame is sent %v after the cut", last.Sub(began))
				}
				if rest := c.silentFrom().Sub(last); rest > media.PauseGap+150*time.Millisecond {
					t.Errorf("noise is heard for %v after the last frame", rest)
				}
				c.a.redis.set(func() { c.a.redis.lost = false })
				c.a.redis.hold(nil)
				c.a.release()
				c.a.pass(time.Second)
			})
		})
	}
}

// TestTalkerDiesInAPause: of a talker that is gone comfort noise is heard as long as a
// pause may take; one that comes back is heard from where it is.
func TestTalkerDiesInAPause(t *testing.T) {
	inAPause(t, func(c *conversation, sent []frame) {
		c.cutLine(true)
		c.a.pass(1500 * time.Millisecond)
		last := sent[len(sent)-1].at
		rest := c.silentFrom().Sub(last)
		t.Logf("silent %v after the last packet", rest)
		if rest < media.PauseGap || rest > media.PauseGap+100*time.Millisecond {
			t.Errorf("it is silent %v after the last packet, want %v and the way there", rest, media.PauseGap)
		}
		c.cutLine(false)
		c.to(word)
		c.a.pass(100 * time.Millisecond)
		if heard := c.silentFrom(); heard.Before(time.Now().Add(-100 * time.Millisecond)) {
			t.Errorf("nothing has been heard of the next word since %v", time.Since(heard))
		}
		c.a.release()
		c.a.pass(time.Second)
	})
}
