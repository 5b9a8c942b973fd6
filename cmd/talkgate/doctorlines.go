package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/hal"
)

// watchedLine is an input as the doctor speaks of it.
type watchedLine struct {
	in                     hal.Input
	name, active, inactive string
	do                     string // what to do when it is active at rest
}

func (l watchedLine) says(active bool) string { return l.name + " is " + l.word(active) }

func (l watchedLine) word(active bool) string { return word(active, l.active, l.inactive) }

// linesOf are the inputs that are wired.
func linesOf(hw port.Hardware) []watchedLine {
	var wired []watchedLine
	for i, in := range hw.Selector {
		wired = append(wired, watchedLine{in, "line " + string(rune('a'+i)) + " of the selector", "active", "inactive", "turn the selector and see that it moves"})
	}
	for _, l := range []watchedLine{
		{hw.PTT, "push-to-talk", "held", "let go", "let it go; if nobody holds it, the line's polarity or its bias is wrong"},
		{hw.Emergency, "the emergency button", "held", "let go", "let it go; if nobody holds it, the line's polarity or its bias is wrong"},
		{hw.COR, "COR", "open", "closed", "see that nobody is on the air; if so, close the radio's squelch, or the line's polarity or its bias is wrong"},
		{hw.PTTEcho, "the readback of PTT-out", "active", "inactive", "unkey the radio; if it does not transmit, the line's polarity or its bias is wrong"},
	} {
		if l.in != nil {
			wired = append(wired, l)
		}
	}
	return wired
}

// showLines tells of the inputs until ctx ends.
func showLines(ctx context.Context, b board, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	said, ended := make(chan string), make(chan error)
	lines, began := linesOf(b.Hardware), time.Now()
	for _, l := range lines {
		active, err := l.in.Active()
		if err != nil {
			return err
		}
		fmt.Fprintln(out, l.says(active))
		go func() {
			for e := range l.in.Edges() {
				select {
				case said <- fmt.Sprintf("%9.3f s  %s", e.At.Sub(began).Seconds(), l.says(e.Active)):
				case <-ctx.Done():
					return
				}
			}
			select {
			case ended <- l.in.Err():
			case <-ctx.Done():
			}
		}()
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case line := <-said:
			fmt.Fprintln(out, line)
		case err := <-ended:
			return err
		}
	}
}
