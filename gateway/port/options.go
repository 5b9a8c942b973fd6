package port

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/talkgate/talkgate/gateway/port/lockclient"
	"github.com/talkgate/talkgate/gateway/port/mixer"
	"github.com/talkgate/talkgate/gateway/port/squelch"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/detect"
	"github.com/talkgate/talkgate/media/level"
	"github.com/talkgate/talkgate/state/redis"
)

// Options is what a Port is made of.
type Options struct {
	// UserID and UserName are who the port is to the other members, Role what
	// its token says it may do.
	UserID, UserName string
	Role             redis.Role
	// Channels are those that the port can be on. Selector chooses among them; nil where
	// there is one channel.
	Channels []Channel
	Selector Selector
	// Monitor says which of the monitored channels that speak are heard.
	Monitor mixer.Config

	// Tuning is what can be changed while the port runs (Port.Tune).
	Tuning

	// Emergency is of Hardware.Emergency, and of the emergencies of others.
	Emergency Emergency
	// Detector talks as Hardware.COR does, in place of it; nil where there is none.
	Detector squelch.Detector
	Remote   *detect.Remote // obeys DTMF; nil where nothing does
	// Duck makes the lesser of two voices that sound together (media.Packet) softer by so
	// many decibels, which are negative; 0 is a link that delivers one voice at a time.
	Duck float64
	// DeEmphasis is done to the microphone's sound before all else, PreEmphasis to the
	// transmitter's after all but Subtone.
	DeEmphasis, PreEmphasis bool
	Subtone                 *media.Subtone // of the transmitter; nil sends none
	Ident                   media.Ident    // of the transmitter, where there is one
	Hardware                Hardware
	Lock                    SpeakerLock
	Rights                  RightsWatcher
	Floor                   FloorWatcher
	Logger                  *slog.Logger

	// Ready waits until a link may connect, or ctx ends; nil waits for nothing.
	Ready func(ctx context.Context)
	// Tap sees what is sent and heard; nil where nobody looks.
	Tap Tap

	// Suspended is how long the machine has been suspended since it booted; nil asks the
	// kernel. A lease ends meanwhile.
	Suspended func() time.Duration
}

// Tuning is what of a port can be changed while it runs, without a gap in what is said or
// heard.
type Tuning struct {
	// Talk takes effect with the next press.
	Talk TalkTiming
	// Encoder takes effect with the next talk spurt.
	Encoder media.EncoderConfig
	// Tones take effect with the next tone; nil plays none.
	Tones *media.Tones
	// TonesOnAir lets the tones key a transmitter, from the next tone on. Without it a
	// port that has a transmitter plays none: its loudspeaker is the air.
	TonesOnAir bool
	// Roger is sent to the channel after each talk spurt that was released, at most
	// MaxRoger of it, from the next talk spurt on; nil sends nothing.
	Roger []int16
	// Levels are of the microphone, and take effect at the end of a talk spurt.
	Levels level.Config
	// Squelch takes effect once the squelch is closed, but for its Tail and Late, which
	// stay as they were.
	Squelch squelch.Timing
	// Key is the timing of the transmitter. Its Tail, Min, Limit and CoolDown take effect
	// once the transmitter is unkeyed; the rest of it stays as it was.
	Key media.KeyTiming
	// SpeakerGain is the gain of the loudspeaker in decibels. It takes effect at once, on
	// a card whose gain can be changed (hal.Gainer).
	SpeakerGain float64
}

// Emergency is how a port calls an emergency, and how it hears one.
type Emergency struct {
	// Guard is how long the button is held to begin one, or to end it.
	Guard time.Duration
	// Gain is the least gain of the loudspeaker while there is one, in decibels.
	Gain float64
}

// MaxRoger is the longest Tuning.Roger: the lock is not renewed for it.
const MaxRoger = 400 * time.Millisecond

// TalkTiming is the timing of the floor.
type TalkTiming struct {
	// Lease is how long a grant or a renewal may be relied on.
	Lease time.Duration
	// LockTTL is how long Redis keeps the floor for a port that died.
	LockTTL time.Duration
	// MaxTalk is the longest talk spurt; 0 is endless.
	MaxTalk time.Duration
	// Warn is how long before the time-out timer cuts a tone says so, and Penalty
	// how long a press is refused once it has cut; 0 is not at all.
	Warn, Penalty time.Duration
	// Budget is the longest that all talk spurts of the user together last in any
	// BudgetWindow; 0 is endless.
	Budget, BudgetWindow time.Duration
	// Queue is how long a press waits for its turn when another has the floor; 0
	// denies it at once.
	Queue time.Duration
	// RequestTimeout is how long a press waits for its answer.
	RequestTimeout time.Duration
}

// Tap sees what passes between a port and its links. It neither blocks nor allocates, and
// the Opus frames are not its own once it returns.
type Tap interface {
	// Sent sees a frame, and what the link said of it.
	Sent(opus []byte, timestamp uint32, first bool, err error)
	// Heard sees a packet that is heard; of two voices the more important.
	Heard(p media.Packet)
}

// SpeakerLock is the floor in Redis.
type SpeakerLock = lockclient.SpeakerLock

// RightsWatcher follows the talk rights of a user until ctx ends.
type RightsWatcher interface {
	WatchRights(ctx context.Context, userID string, fn func(redis.Rights)) error
}

// FloorWatcher follows the floor of a channel until ctx ends.
type FloorWatcher interface {
	WatchChannel(ctx context.Context, channel string, fn func(redis.FloorView)) error
}

func (o Options) validate() error {
	var errs []error
	need := func(ok bool, what string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s is missing", what))
		}
	}
	need(o.UserID != "", "the user ID")
	need(len(o.Channels) > 0, "the channel")
	need(o.Selector != nil || len(o.Channels) < 2, "the selector of several channels")
	for _, c := range o.Channels {
		need(c.ID != "", "the ID of a channel")
		need(c.Link != nil, "the link")
	}
	need(o.Hardware.PTT != nil || o.Hardware.COR != nil || o.Detector != nil, "a line that talks")
	need(o.Hardware.Mic != nil, "the microphone")
	need(o.Hardware.Speaker != nil, "the loudspeaker")
	need(o.Lock != nil && o.Rights != nil && o.Floor != nil, "Redis")
	need(o.Logger != nil, "the logger")
	if o.Hardware.COR != nil && o.Detector != nil {
		errs = append(errs, errors.New("there are a COR line and a detector in place of one; expected either"))
	}
	return errors.Join(append(errs, o.Tuning.validate())...)
}

// logger is that of the port. With a selector each line of a channel has its own.
func (o Options) logger() *slog.Logger {
	if o.Selector != nil {
		return o.Logger.With("user", o.UserID)
	}
	return o.Logger.With("channel", o.Channels[0].ID, "user", o.UserID)
}
