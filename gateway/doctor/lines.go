package doctor

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/talkgate/talkgate/gateway/daemon"
	"github.com/talkgate/talkgate/gateway/status"
)

// WatchLines tells of the inputs until ctx ends.
func WatchLines(ctx context.Context, b daemon.Board, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	said, ended := make(chan string), make(chan error)
	lines, began := status.LinesOf(b.Hardware), time.Now()
	for _, l := range lines {
		active, err := l.In.Active()
		if err != nil {
			return err
		}
		fmt.Fprintln(out, l.Says(active))
		go func() {
			for e := range l.In.Edges() {
				select {
				case said <- fmt.Sprintf("%9.3f s  %s", e.At.Sub(began).Seconds(), l.Says(e.Active)):
				case <-ctx.Done():
					return
				}
			}
			select {
			case ended <- l.In.Err():
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
