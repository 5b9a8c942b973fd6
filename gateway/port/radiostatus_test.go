package port

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/port/squelch"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/detect"
	"github.com/talkgate/talkgate/media/level"
)

// TestRadioStatus: a port shows what it has, and how that does.
func TestRadioStatus(t *testing.T) {
	withCOR(t, func(w *world) {
		w.key = media.KeyTiming{Lead: 100 * time.Millisecond, Tail: 50 * time.Millisecond, Interlock: true, Hold: 5 * time.Second}
		adapt := w.adapt
		w.adapt = func(o *Options) {
			adapt(o)
			o.Squelch = squelch.Timing{OpenDelay: 200 * time.Millisecond, Hang: 500 * time.Millisecond, Chatter: 2, ChatterTime: 150 * time.Millisecond}
			o.Talk.MaxTalk, o.Talk.Budget, o.Talk.BudgetWindow, o.Talk.Penalty = 10*time.Second, 15*time.Second, time.Minute, 8*time.Second
			o.Levels = level.Config{Gate: -50, Target: -20, MaxGain: 20, Limit: true}
			o.Ident = media.Ident{Sound: make([]int16, 4800), Every: time.Minute}
			o.Remote = detect.NewRemote(nil)
		}
		w.radio.Mic.Hear(sim.Tone(700, 0, 0))
	}, func(w *world) {
		squelch := func(state string, open bool) {
			t.Helper()
			if s := w.port.RadioStatus().Squelch; s.State != state || s.Open != open {
				t.Errorf("squelch: %+v, want %s", s, state)
			}
		}
		squelch("closed", false)
		w.radio.COR.Set(true)
		w.pass(100 * time.Millisecond)
		squelch("opening", true)
		w.pass(3 * time.Second)
		squelch("open", true)
		s := w.port.RadioStatus()
		if s.Talk.Left == nil || *s.Talk.Left != 8 || *s.Talk.Budget != 13 || s.Talk.Penalty != 0 || *s.Talk.Locked {
			t.Errorf("talking: %s", asJSON(t, s.Talk))
		}
		if m := s.Microphone; m.DBFS != -3 || m.Clipped == 0 || *m.Limited == 0 || !*m.Gate || *m.AGC > -10 {
			t.Errorf("microphone: %s", asJSON(t, m))
		}
		w.radio.COR.Set(false)
		w.pass(100 * time.Millisecond)
		squelch("held", false)
		w.radio.COR.Set(true)
		w.speakTo(0, 900*time.Millisecond)
		if k := w.port.RadioStatus().Transmitter; k.Keyed || k.Waiting != 1 || *k.IdentDue {
			t.Errorf("transmitter: %+v", k)
		}
		w.pass(7 * time.Second)
		if s := w.port.RadioStatus(); s.Talk.Left != nil || s.Talk.Penalty == 0 || *s.Talk.Budget != 5 {
			t.Errorf("timed out: %s", asJSON(t, s.Talk))
		}
		w.radio.COR.Set(false)
		w.pass(500 * time.Millisecond)
		w.radio.COR.Set(true)
		w.pass(100 * time.Millisecond)
		squelch("deaf", true)
		if s := w.port.RadioStatus(); !s.Transmitter.Keyed || s.Transmitter.Waiting != 1 {
			t.Errorf("transmitter: %+v", s.Transmitter)
		}
		w.radio.COR.Set(false)
		w.pass(5 * time.Second)
		for range 3 {
			w.radio.COR.Set(true)
			w.pass(50 * time.Millisecond)
			w.radio.COR.Set(false)
			w.pass(50 * time.Millisecond)
		}
		if s := w.port.RadioStatus().Squelch; !s.Chatters || s.Ignored != 3 {
			t.Errorf("squelch: %+v", s)
		}
	})
}

// TestRadioStatusOfAHandheld: what a port has not is not shown.
func TestRadioStatusOfAHandheld(t *testing.T) {
	inBubbleWith(t, func(o *Options) { o.Hardware.PTTOut, o.Talk.MaxTalk = nil, 0 }, func(w *world) {
		w.radio.Mic.Hear(sim.Silence())
		w.press()
		w.pass(5 * time.Second)
		const want = `{"microphone":{"dBFS":-96,"clipped":0,"gateOpen":null,"agcDB":null,"limited":null},` +
			`"talk":{"leftS":null,"budgetLeftS":null,"budgetAgainS":0,"penaltyLeftS":0,"place":0,"locked":null,"pauses":false}}`
		if got := asJSON(t, w.port.RadioStatus()); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		w.release()
		w.pass(time.Second)
	})
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
