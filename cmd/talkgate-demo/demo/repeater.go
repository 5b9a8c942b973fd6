package demo

import (
	"time"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/gateway/port/squelch"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/detect"
	"github.com/talkgate/talkgate/media/level"
)

// dtmfCode is the access code of the demo's repeater: there is nothing to guard.
const dtmfCode = "1234"

// repeater makes a station one whose radio talks by its squelch and is keyed, with
// all that is asked of such a one.
func repeater(st *station, opt *port.Options) error {
	st.receives, st.code = true, dtmfCode
	opt.Hardware.PTT, opt.Hardware.COR, opt.Hardware.PTTOut = nil, st.radio.COR, st.radio.PTTOut
	opt.Squelch = squelch.Timing{
		OpenDelay: 100 * time.Millisecond, Hang: 300 * time.Millisecond, Tail: 150 * time.Millisecond,
		Deaf: 100 * time.Millisecond, Chatter: 5, ChatterTime: 200 * time.Millisecond,
	}
	opt.Key = media.KeyTiming{
		Lead: 200 * time.Millisecond, Tail: 500 * time.Millisecond, Limit: 3 * time.Minute,
		Duty: 5 * time.Minute, DutyWindow: 10 * time.Minute, CoolDown: time.Minute,
		Interlock: true, Hold: 10 * time.Second,
	}
	opt.Talk.MaxTalk, opt.Talk.Warn, opt.Talk.Penalty = 30*time.Second, 5*time.Second, 5*time.Second
	opt.Talk.Budget, opt.Talk.BudgetWindow = 3*time.Minute, 10*time.Minute
	opt.Levels = level.Config{HighPass: 200, Target: -20, MaxGain: 12, Limit: true}
	opt.Remote = detect.NewRemote([]string{dtmfCode})
	call, err := media.Morse("T1TG", media.MorseTone{WordsPerMinute: 25, Hertz: 800, Gain: -6})
	opt.Ident = media.Ident{Sound: call, Every: 10 * time.Minute}
	return err
}
