package port

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/talkgate/talkgate/gateway/port/capture"
	"github.com/talkgate/talkgate/gateway/port/inputs"
	"github.com/talkgate/talkgate/gateway/port/lockclient"
	"github.com/talkgate/talkgate/gateway/port/output"
	"github.com/talkgate/talkgate/gateway/port/pulse"
	"github.com/talkgate/talkgate/gateway/port/receive"
	"github.com/talkgate/talkgate/gateway/port/sender"
	"github.com/talkgate/talkgate/gateway/port/squelch"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/detect"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

// Port is one radio on one channel. It connects its parts, runs them, and answers
// questions about them.
type Port struct {
	opt    Options
	clock  *leaseClock
	inbox  *inbox
	public *published
	pulse  pulse.Counters
	timing atomic.Pointer[pressTiming] // of the next press

	inputs   *inputs.Inputs
	actor    *actor
	lock     *lockclient.Client
	channels *channelSwitch
	route    *route
	path     *path

	mic     *media.Mic
	capture *capture.Capture
	sender  *sender.Sender

	receiver    *receive.Receiver
	transmitter *output.Transmitter // nil where it is not wired
	amplifier   *output.Amplifier   // nil where it is not wired
	lamps       *output.Lamps       // nil where there are none
	volume      *output.Volume
}

// New makes a port of opt and starts nothing. The error names what is missing or out of
// range.
func New(opt Options) (*Port, error) {
	if err := opt.validate(); err != nil {
		return nil, fmt.Errorf("port: %w", err)
	}
	made, err := opt.make()
	if err != nil {
		return nil, fmt.Errorf("port: %w", err)
	}
	p := &Port{
		opt: opt, clock: newLeaseClock(opt.Suspended), inbox: newInbox(), public: newPublished(),
		mic:    media.NewMic(max(opt.Talk.RequestTimeout, longestRequest) + reachOf(opt) + time.Second),
		volume: output.NewVolume(opt.Hardware.Speaker, opt.SpeakerGain, opt.Emergency.Gain),
	}
	p.timing.Store(&made.timing)
	log, gate, loop := opt.logger(), new(sender.TalkGate), newLoop(opt)
	p.receiver, err = receive.New(receive.Config{Tones: audible(opt.Tuning, opt.Hardware), Duck: opt.Duck, Loop: loop, Log: log})
	if err != nil {
		return nil, fmt.Errorf("port: %w", err)
	}
	p.route = &route{gate: gate, tap: opt.Tap}
	p.path = &path{noLink: floor.NoLink, inbox: p.inbox, clock: p.clock, tones: p.receiver.Playout()}
	p.sender = sender.New(p.senderConfig(gate, made.voice))
	cor, detected := opt.Hardware.COR, (*squelch.Detected)(nil)
	if opt.Detector != nil {
		detected = squelch.NewDetected(opt.Detector, p.receiver.Playout().Level().Peak)
		cor = detected
	}
	p.inputs = inputs.New(p.inputsConfig(cor, loop, log))
	p.capture = capture.New(p.captureConfig(made, detected, loop))
	if opt.Hardware.PTTOut != nil {
		p.transmitter = output.NewTransmitter(p.transmitterConfig(log))
	}
	if opt.Hardware.Amplifier != nil {
		p.amplifier = output.NewAmplifier(opt.Hardware.Amplifier, opt.Hardware.Speaker.Latency(), p.clock.Now)
	}
	if opt.Hardware.Lamps != nil {
		p.lamps = output.NewLamps(opt.Hardware.Lamps, log)
	}
	p.lock = lockclient.New(lockclient.Config{Lock: opt.Lock, Lease: opt.Talk.Lease, Now: p.clock.Now, Notify: p.post, Turned: p.turned(pulse.Lock), Log: log})
	p.channels = p.newChannelSwitch(log)
	p.actor = p.newActor(log)
	return p, nil
}

// newLoop is what looks for loops; nil where nothing can come back.
func newLoop(opt Options) *detect.Loop {
	hw := opt.Hardware
	if opt.Squelch.Loop > 0 && (hw.COR != nil || opt.Detector != nil && hw.PTTOut != nil) {
		return detect.NewLoop()
	}
	return nil
}

func (p *Port) senderConfig(gate *sender.TalkGate, voice sender.Voice) sender.Config {
	c := sender.Config{
		Gate: gate, Mic: p.mic, Link: p.route, Voice: voice, Now: p.clock.Now, Turned: p.turned(pulse.Sender),
		Drained: func(gen uint32) { p.post(floor.Event{Kind: floor.Drained, At: p.clock.Now(), Gen: gen}) },
	}
	if p.opt.Hardware.COR != nil || p.opt.Detector != nil {
		c.Lag = uint64(p.opt.Squelch.Lag() * media.SampleRate / time.Second)
	}
	if p.opt.Remote != nil {
		c.Behind = detect.MutingDelay
		c.Lag -= min(c.Lag, detect.MutingDelay)
	}
	return c
}

func (p *Port) inputsConfig(cor hal.Input, loop *detect.Loop, log *slog.Logger) inputs.Config {
	hw := p.opt.Hardware
	return inputs.Config{
		PTT: hw.PTT, COR: cor, Emergency: hw.Emergency,
		Squelch: p.opt.Squelch, Loops: loop != nil, Detected: p.opt.Detector != nil, Interlock: p.opt.Key.Interlock, Guard: p.opt.Emergency.Guard,
		Clock: p.clock, Mic: p.mic, Floor: requests{p.inbox, p.public}, Muter: p.sender, Turned: p.turned(pulse.Inputs), Log: log,
	}
}

func (p *Port) captureConfig(made tuned, detected *squelch.Detected, loop *detect.Loop) capture.Config {
	c := capture.Config{
		Card: p.opt.Hardware.Mic, Mic: p.mic, Levels: made.levels, Detected: detected, Loop: loop, Remote: p.opt.Remote,
		Talks: p.sender.Talks, SquelchTalks: p.inputs.Squelch().Talks, LoopHeard: p.inputs.LoopHeard,
		Command:  func(c detect.Command) { p.inbox.offer(commandEvent(c)) }, // one that is dropped can be dialed again
		Delivers: p.path.setMic, Turned: p.turned(pulse.Capture),
	}
	if p.opt.DeEmphasis {
		c.DeEmphasis = media.NewDeEmphasis()
	}
	return c
}

func (p *Port) transmitterConfig(log *slog.Logger) output.TransmitterConfig {
	c := output.TransmitterConfig{
		PTTOut: p.opt.Hardware.PTTOut, Echo: p.opt.Hardware.PTTEcho, Key: keyTiming(p.opt.Key, p.opt.Hardware),
		Ident: p.opt.Ident, Subtone: p.opt.Subtone, Now: p.clock.Now, Receiving: p.inputs.Receiving,
		Keyed: func(on bool) {
			p.inputs.SetKeyed(on)
			log.Debug("edge", "line", "PTT-out", "active", on)
		},
		Faulted: func(f output.KeyFault) {
			if f == output.NoKeyFault {
				log.Info("the transmitter does as it is told")
			} else {
				log.Error("the transmitter does not do as it is told", "fault", f, "do", output.KeyRemedy)
			}
			p.inbox.post(keyEvent(f))
		},
	}
	if p.opt.PreEmphasis {
		c.PreEmphasis = media.NewPreEmphasis()
	}
	return c
}

func (p *Port) newChannelSwitch(log *slog.Logger) *channelSwitch {
	s := &channelSwitch{
		channels: p.opt.Channels, selector: p.opt.Selector, first: &p.opt.Channels[0],
		floors: p.opt.Floor, route: p.route, path: p.path, receiver: p.receiver, inbox: p.inbox, tap: p.opt.Tap, ready: p.opt.Ready,
		turned: p.turned(pulse.Selector), log: log, choices: make(chan choice, 1),
	}
	if s.selector != nil {
		s.first = channelAt(s.channels, s.selector.Start())
	}
	s.mixers = newMixers(s.channels, p.opt.Monitor, s.receive, p.inbox)
	p.route.set(s.first)
	p.path.chosen = s.first != nil
	return s
}

func (p *Port) newActor(log *slog.Logger) *actor {
	a := &actor{
		user: user{p.opt.UserID, p.opt.UserName, p.opt.Role}, timing: &p.timing, clock: p.clock, inbox: p.inbox, sender: p.sender, lock: p.lock,
		tones: p.receiver.Playout(), volume: p.volume, lamps: p.lamps, route: p.route, public: p.public, turned: p.turned(pulse.Actor), log: log,
		talk: p.timing.Load(), fault: NoChannel,
	}
	if first := p.channels.first; first != nil {
		a.channel, a.fault = first.ID, LinkStarting
	}
	return a
}

// Run is the port's life. It ends with nil when ctx does, or with an error that wraps
// hal.ErrGone when a line or the sound card vanished. Either way the gate is shut, the
// floor handed back, the transmitter unkeyed, the lamps dark and the hardware closed.
func (p *Port) Run(ctx context.Context) error {
	defer close(p.public.changes)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { p.actor.run(ctx); return nil })
	g.Go(func() error { p.lock.Run(ctx, p.inbox.over); return nil })
	g.Go(func() error { p.sender.Run(ctx); return nil })
	g.Go(func() error { return p.channels.run(ctx) })
	g.Go(func() error { return p.channels.followSelector(ctx) })
	g.Go(func() error { return p.inputs.Run(ctx) })
	g.Go(func() error { return ended(ctx, "microphone", p.capture.Run()) })
	g.Go(func() error { p.capture.Watch(ctx); return nil })
	g.Go(func() error { p.receiver.Watch(ctx); return nil })
	g.Go(func() error { return ended(ctx, "loudspeaker", p.opt.Hardware.Speaker.Play(p.fill)) })
	g.Go(func() error { return p.opt.Rights.WatchRights(ctx, p.opt.UserID, p.onRights) })
	p.runLines(ctx, g)
	// A goroutine that blocks in a device is woken by closing the device.
	g.Go(func() error { <-ctx.Done(); <-p.inbox.over; return p.closeHardware() })
	return g.Wait()
}

// runLines drives the output lines that are wired.
func (p *Port) runLines(ctx context.Context, g *errgroup.Group) {
	if p.transmitter != nil {
		g.Go(func() error { return ended(ctx, "transmitter", p.transmitter.Run(ctx)) })
	}
	if p.amplifier != nil {
		g.Go(func() error { return ended(ctx, "loudspeaker", p.amplifier.Run(ctx)) })
	}
	if out := p.opt.Hardware.Heartbeat; out != nil {
		most := max(p.opt.Talk.RequestTimeout, p.opt.Talk.Lease/2) + 3*pulse.Period
		g.Go(func() error { return ended(ctx, "heartbeat line", p.pulse.Heartbeat(ctx, out, most)) })
	}
	if p.lamps != nil {
		go p.lamps.Run() // closeHardware waits for it, for a bounded time
	}
}

// closeHardware closes the lamps last: a panel that hangs must not keep a transmitter or a
// microphone open.
func (p *Port) closeHardware() error {
	hw := p.opt.Hardware
	hw.Lamps = nil
	err := hw.Close()
	if p.lamps != nil {
		err = errors.Join(err, p.lamps.Close())
	}
	return err
}

// fill makes the next period of sound for the loudspeaker. The card's goroutine calls it.
// It neither blocks nor allocates.
func (p *Port) fill(period []int16) {
	sounds := p.receiver.Fill(period)
	if p.transmitter != nil {
		p.transmitter.Process(period, sounds)
	}
	if p.amplifier != nil {
		p.amplifier.Played(period)
	}
	p.pulse.Turn(pulse.Playout)
}

// onRights applies the user's rights as they were read or published. The route bars the
// gate at once, before the actor hears of them.
func (p *Port) onRights(r redis.Rights) {
	p.route.setRights(r)
	p.inbox.post(rightsEvent(r))
}

// post hands an event of the talk-rights machine to the actor.
func (p *Port) post(ev floor.Event) { p.inbox.post(floorEvent(ev)) }

// turned counts turns of a part.
func (p *Port) turned(part pulse.Part) func() { return func() { p.pulse.Turn(part) } }

// ended is what a device's error means to Run: nothing once the port itself has closed it.
func ended(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil || errors.Is(err, hal.ErrClosed) {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
