package setup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/daemon"
	"github.com/talkgate/talkgate/gateway/doctor"
	"github.com/talkgate/talkgate/gateway/status"
)

// Event is what setup tells of itself.
type Event struct {
	// Kind is found, note, plan, doing, checked or done.
	Kind string `json:"event"`
	Text string `json:"text,omitempty"`
	// Changes are those of a plan.
	Changes  []string         `json:"changes,omitempty"`
	Findings []status.Finding `json:"findings,omitempty"`
}

// String is the event on lines of its own, but for its findings.
func (e Event) String() string {
	switch {
	case e.Kind == "plan" && len(e.Changes) == 0:
		return "nothing to change: everything is as it should be\n"
	case e.Kind == "doing":
		return "- " + e.Text + "\n"
	case e.Changes == nil:
		return e.Text + "\n"
	}
	var b strings.Builder
	b.WriteString(map[string]string{"plan": "setup will\n", "found": "found on this machine:\n"}[e.Kind])
	for i, change := range e.Changes {
		fmt.Fprintf(&b, "%3d. %s\n", i+1, change)
	}
	return b.String()
}

// Options is what a set-up is made of.
type Options struct {
	Machine  Machine
	Hardware Hardware
	Drivers  daemon.Drivers
	Answers  Answers
	// Dialog asks the technician; nil asks nobody and takes what is proposed.
	Dialog *Dialog
	// Tell receives what happens.
	Tell func(Event)
	// PlanOnly ends before anything is changed.
	PlanOnly bool
}

// room is how much has to be free where setup writes, in bytes.
const room = 32 << 20

// ErrDeclined says that the technician wants nothing changed.
var ErrDeclined = errors.New("nothing was changed")

// ErrUnwell says that the port is set up, but not everything is right.
var ErrUnwell = errors.New("the port is set up, but not all is right: see what is to be done above, and run 'talkgate doctor' again")

// Run sets the machine up. After an error other than ErrUnwell the machine is as it was.
func Run(ctx context.Context, opt Options) (err error) {
	m, tell := opt.Machine, opt.Tell
	note := func(text string) { tell(Event{Kind: "note", Text: text}) }
	j, err := openJournal(m)
	if err != nil {
		return err
	}
	if j.Done < len(j.Entries) {
		note("a set-up was interrupted; what it did is taken back first")
		if err := j.back(ctx, j.Done, note); err != nil {
			return err
		}
	}
	survey, err := Look(m, opt.Hardware)
	if err != nil {
		return err
	}
	tell(Event{Kind: "found", Changes: survey.found()})
	for _, dir := range []string{etc, stateDir} {
		if free, err := m.Free(dir); err != nil || free < room {
			return errors.Join(err, fmt.Errorf("%s: expected %d MiB free, found %d: the disk is full; nothing was changed", m.Path(dir), room>>20, free>>20))
		}
	}
	a := opt.Answers
	if opt.Dialog != nil {
		if a, err = opt.Dialog.ask(ctx, survey, a, opt.Hardware); err != nil {
			return err
		}
	}
	p, err := newPlan(m, survey, survey.Propose(a))
	if err != nil {
		return err
	}
	todo, err := pending(ctx, m, p.changes)
	if err != nil {
		return err
	}
	tell(Event{Kind: "plan", Changes: inWords(todo)})
	if opt.PlanOnly {
		return nil
	}
	if opt.Dialog != nil && len(todo) > 0 {
		if yes, err := opt.Dialog.yes(ctx, "Do this?"); err != nil || !yes {
			return errors.Join(err, ErrDeclined)
		}
	}
	before := len(j.Entries)
	if err := p.carryOut(ctx, j, todo, opt); err != nil && !errors.Is(err, ErrUnwell) {
		note("that failed; taking back what was done")
		// Also where the technician interrupts: nothing is to stay half done.
		return errors.Join(err, j.back(context.WithoutCancel(ctx), before, note))
	} else if err != nil {
		return errors.Join(j.finish(), err)
	}
	return j.finish()
}

func inWords(all []change) (texts []string) {
	texts = []string{}
	for _, c := range all {
		texts = append(texts, c.String())
	}
	return texts
}

// carryOut makes the changes, one after the other.
func (p *Plan) carryOut(ctx context.Context, j *journal, todo []change, opt Options) (err error) {
	var unwell error
	for _, c := range todo {
		if u, ok := c.(unit); ok && u.name == p.portUnit() {
			if unwell, err = p.check(ctx, opt); err != nil {
				return err
			}
		}
		opt.Tell(Event{Kind: "doing", Text: c.String()})
		if err := j.make(ctx, c); err != nil {
			return fmt.Errorf("%v: %w", c, err)
		}
		if u, ok := c.(unit); ok && u.ready != nil {
			if err := u.ready(ctx, j.m); err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	switch {
	case p.Reboot != "":
		opt.Tell(Event{Kind: "done", Text: p.Reboot + ": 'sudo reboot'; the port comes on air by itself"})
	case unwell != nil:
		return unwell
	default:
		if err := p.onAir(ctx); err != nil {
			return err
		}
		opt.Tell(Event{Kind: "done", Text: fmt.Sprintf("%s is on air on channel %s; its page is http://%s, the hub's https://%s", p.answers.User, p.answers.Channel, p.answers.Status, p.host()+p.answers.Listen)})
	}
	return nil
}

// check has the doctor look, and lets the technician try, before the port takes lines and
// cards to itself. unwell says that something is not right.
func (p *Plan) check(ctx context.Context, opt Options) (unwell, err error) {
	if p.Reboot != "" {
		return nil, nil
	}
	path := opt.Machine.Path(p.portFile("yaml"))
	cfg, err := daemon.LoadPort(path)
	if err != nil {
		return nil, err
	}
	// The service makes them for the port; here nobody has yet.
	for _, dir := range []config.File{cfg.Recorder.Memory, cfg.Recorder.Directory} {
		if _, err := os.Stat(string(dir)); err != nil {
			cfg.Recorder.Size = 0
		}
	}
	if opt.Dialog != nil && p.answers.Board != "sim" {
		if err := opt.Dialog.try(ctx, cfg, opt.Drivers); err != nil {
			return nil, err
		}
	}
	findings := doctor.Examine(ctx, path, cfg, opt.Drivers)
	opt.Tell(Event{Kind: "checked", Findings: findings})
	for _, f := range findings {
		if !f.OK {
			return ErrUnwell, ctx.Err()
		}
	}
	return nil, ctx.Err()
}

// Undo takes back all that setup did to the machine.
func Undo(ctx context.Context, m Machine, tell func(Event)) error {
	j, err := openJournal(m)
	if err != nil {
		return err
	}
	if len(j.Entries) == 0 {
		tell(Event{Kind: "done", Text: "setup changed nothing here"})
		return nil
	}
	if err := j.back(ctx, 0, func(text string) { tell(Event{Kind: "doing", Text: text}) }); err != nil {
		return err
	}
	tell(Event{Kind: "done", Text: "everything is as it was before setup"})
	return nil
}
