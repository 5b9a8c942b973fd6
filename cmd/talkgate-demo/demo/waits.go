package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/state/floor"
)

// settle waits until both radios may talk, neither does nor sees anybody have the
// floor, and until their loudspeakers have been silent for a while since t.
func (p *pair) settle(ctx context.Context, t time.Time) error {
	return p.await(ctx, "fall silent", func() bool {
		since := time.Now().Add(-hush)
		if since.Before(t) {
			return false
		}
		for _, s := range []*tested{p.talker, p.listener} {
			if !s.ready() || !s.played() || !s.quietSince(since) {
				return false
			}
		}
		return true
	})
}

// talks waits until the talker has sent a packet since the mark. It is false when it
// does not.
func (p *pair) talks(ctx context.Context, mark int) (bool, error) {
	return p.happens(ctx, func() bool { return p.talker.probe.sent.mark() > mark })
}

// await looks until done, and is in error when that takes too long.
func (p *pair) await(ctx context.Context, what string, done func() bool) error {
	ok, err := p.happens(ctx, done)
	if err == nil && !ok {
		err = fmt.Errorf("waited %v for %s and %s to %s; they show %+v and %+v", timeout,
			p.talker.name, p.listener.name, what, p.talker.radio.Panel.Lamps(), p.listener.radio.Panel.Lamps())
	}
	return err
}

// happens looks until done. It is false when that takes too long.
func (p *pair) happens(ctx context.Context, done func() bool) (bool, error) {
	t := time.NewTicker(look)
	defer t.Stop()
	for start := time.Now(); !done(); {
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case now := <-t.C:
			if now.Sub(start) > timeout {
				return done(), nil
			}
		}
	}
	return true, nil
}

// ready reports that the radio may talk, nobody does, and nothing of its last talk
// spurt is left to be sent.
func (t *tested) ready() bool {
	s := t.port.Status()
	return s.Lamps == hal.Lamps{Link: true} && s.Floor.Phase == floor.Idle && s.Holder == ""
}

// played reports that what arrived in this trial, if anything did, has begun to be
// played, for which a jitter buffer may wait for long, or never will be.
func (t *tested) played() bool {
	heard := t.probe.heard.since(t.mark)
	return len(heard) == 0 || t.loudSince(t.began) || time.Since(heard[len(heard)-1].ended) > lastPlayed
}

// quietSince reports that the loudspeaker has played nothing since then.
func (t *tested) quietSince(since time.Time) bool { return !t.loudSince(since) }

func (t *tested) loudSince(since time.Time) bool {
	return t.opened.Add(time.Duration(t.loud.Load())).After(since)
}

// pause waits for a random time between two.
func (p *pair) pause(ctx context.Context, least, most time.Duration) error {
	t := time.NewTimer(least + time.Duration(p.rnd.Int64N(int64(most-least))))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
