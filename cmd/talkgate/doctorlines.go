package main

import (
	"context"
	"fmt"
	"io"
	"time"
)

// showLines tells of the inputs until ctx ends.
func showLines(ctx context.Context, b Board, out io.Writer) error {
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
