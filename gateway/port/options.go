package port

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/detect"
	"github.com/talkgate/talkgate/state/redis"
)

// Options is what a Port is made of.
type Options struct {
	// UserID and UserName are who the port is to the other members, Role what
	// its token says it may do, Channel where it talks and listens.
	UserID, UserName string
	Role             redis.Role
	Channel          string
	// Selector chooses among Channels, in place of Channel and Link; nil where there
	// is none.
	Selector Selector
	Channels []Channel

	// Tuning is what can be changed while the port runs (Port.Tune).
	Tuning

	// Emergency is of Hardware.Emergency, and of the emergencies of others.
	Emergency Emergency
	Ear       Ear            // talks as Hardware.COR does; nil where there is none
	Remote    *detect.Remote // obeys DTMF; nil where nothing does
	// Duck makes a lesser voice that sounds together with another (media.Packet)
	// softer by so many decibels, which are negative; 0 is a link that hands over one
	// voice at a time.
	Duck float64
	// DeEmphasis is done to what the microphone hears, before all else; PreEmphasis to
	// what the transmitter is given, after all but Subtone.
	DeEmphasis, PreEmphasis bool
	Subtone                 *media.Subtone // of the transmitter; nil where it sends none
	Ident                   media.Ident    // of the transmitter, where there is one
	Hardware                Hardware
	Link                    Link
	Lock                    SpeakerLock
	Rights                  RightsWatcher
	Floor                   FloorWatcher
	Logger                  *slog.Logger

	// Suspended is how long the machine has been suspended since it booted; nil asks the
	// kernel. A lease ends meanwhile.
	Suspended func() time.Duration

	// Observe, if not nil, is called with every change of the port's status,
	// on the actor's goroutine: it returns at once.
	Observe func(Status)
}

// MaxRoger is the longest Options.Roger: the lock is not renewed for it.
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
	// Budget is the longest that all talk spurts together last in any
	// BudgetWindow; 0 is endless.
	Budget, BudgetWindow time.Duration
	// Queue is how long a press waits for its turn when another has the floor; 0
	// denies it at once.
	Queue time.Duration
	// RequestTimeout is how long a press waits for its answer.
	RequestTimeout time.Duration
}

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
	need(o.Selector == nil || len(o.Channels) > 0, "a channel to select")
	need(o.Selector != nil || o.Channel != "", "the channel")
	need(o.Hardware.PTT != nil || o.Hardware.COR != nil || o.Ear != nil, "a line that talks")
	need(o.Hardware.Mic != nil, "the microphone")
	need(o.Hardware.Speaker != nil, "the loudspeaker")
	need(o.Selector != nil || o.Link != nil, "the link")
	need(o.Lock != nil && o.Rights != nil && o.Floor != nil, "Redis")
	need(o.Logger != nil, "the logger")
	if o.Hardware.COR != nil && o.Ear != nil {
		errs = append(errs, errors.New("there is a COR line and what stands in for one; expected either"))
	}
	return errors.Join(append(errs, o.Talk.validate(), validateRoger(o.Roger))...)
}

// logger is that of the port. With a selector each line of a channel has its own.
func (o Options) logger() *slog.Logger {
	if o.Selector != nil {
		return o.Logger.With("user", o.UserID)
	}
	return o.Logger.With("channel", o.Channel, "user", o.UserID)
}

func validateRoger(roger []int16) error {
	if n := samplesTime(len(roger)); n > MaxRoger {
		return fmt.Errorf("the roger tone lasts %v; expected at most %v", n, MaxRoger)
	}
	return nil
}
