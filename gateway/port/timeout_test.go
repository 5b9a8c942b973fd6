package port

import (
	"testing"
	"time"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/state/floor"
)

// TestTimeOutTimer: the tone before the cut, the cut at the frame, and a penalty
// during which every press is refused without asking Redis.
func TestTimeOutTimer(t *testing.T) {
	inBubbleWith(t, func(o *Options) {
		o.Talk.MaxTalk, o.Talk.Warn, o.Talk.Penalty = 20*time.Second, 5*time.Second, 10*time.Second
		o.Tones = new(media.Tones)
		o.Tones[media.Warning] = media.NewTones()[media.Warning]
		o.Hardware.PTTOut = nil // the person with the loudspeaker is told, not those on the air
	}, func(w *world) {
		var warned time.Time
		w.radio.Speaker.SetTap(func(at time.Time, period []int16) {
			for _, s := range period {
				if s != 0 && warned.IsZero() {
					warned = at
				}
			}
		})
		pressed := w.press()
		w.pass(30 * time.Second)
		w.expect(floor.Refused, floor.TimedOut)
		if after := warned.Sub(pressed); after < 15*time.Second || after > 15*time.Second+50*time.Millisecond {
			t.Errorf("warned after %v, want 5s before the cut at 20s", after)
		}
		frames := w.link.take()
		if last := frames[len(frames)-1].at.Sub(pressed); last < 19950*time.Millisecond || last > 20*time.Second+time.Millisecond {
			t.Errorf("cut after %v, want 20s", last)
		}
		if n := w.port.Refusals()[floor.TimedOut]; n != 1 {
			t.Errorf("%d time-outs were counted, want 1", n)
		}

		// Held on, the press is dead even when the penalty is over.
		w.pass(10 * time.Second)
		w.expect(floor.Refused, floor.TimedOut)
		w.release()
		w.press()
		w.pass(21 * time.Second)
		w.expect(floor.Refused, floor.TimedOut)
		asked := w.redis.requests
		w.release()
		w.press()
		w.pass(time.Second)
		w.expect(floor.Refused, floor.Penalty)
		if w.redis.requests != asked {
			t.Error("Redis was asked during the penalty")
		}
		w.release()
		w.pass(10 * time.Second)
		w.press()
		w.pass(time.Second)
		w.expect(floor.Talking, floor.NoReason)
		w.release()
	})
}

// TestTalkBudget: letting go for an instant, again and again, does not talk
// longer than the budget.
func TestTalkBudget(t *testing.T) {
	inBubbleWith(t, func(o *Options) {
		o.Talk.MaxTalk, o.Talk.Budget, o.Talk.BudgetWindow = 10*time.Second, 30*time.Second, 2*time.Minute
	}, func(w *world) {
		began := time.Now()
		for time.Since(began) < 2*time.Minute {
			w.press()
			w.pass(4 * time.Second)
			w.release()
			w.pass(300 * time.Millisecond)
		}
		if sent := time.Duration(len(w.link.take())) * media.FrameDuration; sent > 31*time.Second || sent < 28*time.Second {
			t.Errorf("%v were sent in two minutes, the budget is 30s", sent)
		}
		w.press()
		w.pass(100 * time.Millisecond)
		w.expect(floor.Refused, floor.BudgetSpent)
		w.release()
		w.pass(time.Minute)
		w.press()
		w.pass(100 * time.Millisecond)
		w.expect(floor.Talking, floor.NoReason)
		w.release()
	})
}

// TestABudgetSpentElsewhere: what the user talked at another port ends a talk spurt with
// its next renewal and refuses the next press, and the port says until when.
func TestABudgetSpentElsewhere(t *testing.T) {
	inBubbleWith(t, func(o *Options) {
		o.Talk.Budget, o.Talk.BudgetWindow = 30*time.Second, 2*time.Minute
	}, func(w *world) {
		setSpent := func(d time.Duration) {
			w.redis.mu.Lock()
			w.redis.spent = d
			w.redis.mu.Unlock()
		}
		w.press()
		w.pass(time.Second)
		w.expect(floor.Talking, floor.NoReason)
		setSpent(time.Minute)
		w.pass(2 * time.Second)
		w.expect(floor.Refused, floor.BudgetSpent)
		w.release()
		w.pass(time.Second)
		w.press()
		w.pass(100 * time.Millisecond)
		w.expect(floor.Refused, floor.BudgetSpent)
		if again := w.port.RadioStatus().Talk.Again; again < 59 || again > 61 {
			t.Errorf("again in %d s, Redis said a minute", again)
		}
		if left := w.port.RadioStatus().Talk.Budget; left == nil || *left != 0 {
			t.Errorf("%v of the budget is left", left)
		}
		w.release()
		setSpent(0)
		w.pass(time.Second)
		w.press()
		w.pass(100 * time.Millisecond)
		w.expect(floor.Talking, floor.NoReason)
		w.release()
	})
}
