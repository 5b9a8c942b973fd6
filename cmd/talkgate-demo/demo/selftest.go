package demo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
)

const (
	// maxPairs is on how many channels at once presses are tried, and perPair how
	// many presses make a further one worth its load.
	maxPairs = 4
	perPair  = 5
	// spoilt is how many trials in a row may be spoilt by a machine that does
	// not keep up with virtual sound cards.
	spoilt = 100
	// countFor is how long allocations are counted.
	countFor = 2 * time.Second
	// countLeast is how many of their frames must have been sent.
	countLeast = int(countFor/media.FrameDuration) * 3 / 4
)

// Selftest presses and revokes so many times each, through the real path from
// the button of one radio to the loudspeaker of another, and says what it found.
// It is in error when it could not be carried out.
func Selftest(ctx context.Context, cfg Config, presses int) (*Report, error) {
	b, err := newBench(cfg, presses, nil)
	if err != nil {
		return nil, err
	}
	return b.test(ctx, presses)
}

// test runs the site until all is tried.
func (b *bench) test(ctx context.Context, presses int) (*Report, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var report *Report
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return b.site.Run(ctx) })
	g.Go(func() error {
		defer cancel()
		var err error
		report, err = b.run(ctx, presses)
		return err
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return report, nil
}

func (b *bench) run(ctx context.Context, presses int) (*Report, error) {
	began := time.Now()
	for _, p := range b.pairs {
		if err := p.settle(ctx, time.Time{}); err != nil {
			return nil, fmt.Errorf("radios do not come on air: %w", err)
		}
	}
	onAir := time.Since(began)
	if since, ok := running(); ok {
		onAir = since
	}
	for i, p := range b.pairs {
		p.talker.play(sim.Noise(uint64(2 * i)))
		p.listener.play(sim.Noise(uint64(2*i + 1)))
	}
	g, gctx := errgroup.WithContext(ctx)
	for i, p := range b.pairs {
		g.Go(func() error { return p.try(gctx, share(presses, len(b.pairs), i)) })
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	r := &Report{StartToOnAir: millis(onAir), RSS: resident()}
	var err error
	if r.AllocsPerFrame, err = b.pairs[0].count(ctx); err != nil {
		return nil, err
	}
	all := b.collect()
	all.report(r)
	r.check(presses, presses)
	return r, nil
}

// pairsFor is on how many channels so many presses are tried: a short test loads a
// slow machine little.
func pairsFor(presses int) int { return min(maxPairs, (presses+perPair-1)/perPair) }

// share is what pair i of so many does of n.
func share(n, pairs, i int) int { return (n + pairs - 1 - i) / pairs }

// try does n presses, n revocations and some collisions, in random order.
func (p *pair) try(ctx context.Context, n int) error {
	trials := make([]func(context.Context) error, 0, 3*n)
	for k := range n {
		trials = append(trials, p.undisturbed(p.speak), p.undisturbed(p.revoke))
		if k%5 == 0 {
			trials = append(trials, p.undisturbed(p.collide))
		}
	}
	p.rnd.Shuffle(len(trials), func(i, j int) { trials[i], trials[j] = trials[j], trials[i] })
	for _, trial := range trials {
		if err := trial(ctx); err != nil {
			return err
		}
	}
	return nil
}

// undisturbed is a trial that is repeated when this machine spoilt it.
func (p *pair) undisturbed(trial func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		for range spoilt {
			before := p.found.disturbed
			if err := trial(ctx); err != nil || p.found.disturbed == before {
				return err
			}
		}
		return fmt.Errorf("this machine was too slow for the virtual sound cards %d times in a row; let it do nothing else", spoilt)
	}
}

// count talks for a while and counts what is allocated for it. A talk spurt that a
// slow machine cut short tells nothing of its frames.
func (p *pair) count(ctx context.Context) (a Allocs, err error) {
	err = p.undisturbed(func(ctx context.Context) error {
		p.begin()
		p.talker.radio.Button.Set(true)
		if err := p.pause(ctx, 200*time.Millisecond, 220*time.Millisecond); err != nil {
			return err
		}
		var frames int
		var ended error
		var where []string
		a, where = allocations(func() int {
			mark := p.talker.probe.sent.mark()
			ended = p.pause(ctx, countFor, countFor+media.FrameDuration)
			frames = p.talker.probe.sent.mark() - mark
			return frames
		})
		if ended != nil {
			return ended
		}
		if frames < countLeast {
			p.found.disturbed++
		} else if where != nil {
			p.found.fault("memory is allocated for each frame in %s", strings.Join(where, "; "))
		}
		return p.settle(ctx, p.talker.radio.Button.Set(false))
	})(ctx)
	return a, err
}

// collect adds up what the pairs found.
func (b *bench) collect() findings {
	var all findings
	for _, p := range b.pairs {
		all.add(p.found)
		one, other := p.talker.probe.sent, p.listener.probe.sent
		all.doubleTalk += doubleTalk(one.since(0), other.since(0), p.witness.since(0))
		for _, t := range []*tape{one, other, p.witness} {
			if t.full() {
				all.fault("a record of %d packets is full", len(t.packets))
			}
		}
	}
	return all
}
