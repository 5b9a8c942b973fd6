package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/state/redis"
)

// floorJSON is the floor of a channel. Known is false when Redis does not tell.
type floorJSON struct {
	Time    time.Time   `json:"time"`
	Channel string      `json:"channel"`
	Known   bool        `json:"known"`
	Holder  *holderJSON `json:"holder"`
}

func newFloorCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "floor",
		Short: "Show, follow and clear who is talking",
		RunE:  help,
	}
	c.AddCommand(newFloorShowCommand(), newFloorWatchCommand(), newFloorReleaseCommand())
	return c
}

func newFloorShowCommand() *cobra.Command {
	var d dispatch
	c := &cobra.Command{
		Use:     "show [CHANNEL...]",
		Short:   "Show who is talking, on all channels or on some",
		Example: "  talkgate floor show\n  talkgate floor show gates yard --json",
		RunE: func(cmd *cobra.Command, channels []string) error {
			return d.run(cmd, func(ctx context.Context, state *redis.Client) (err error) {
				if len(channels) == 0 {
					if channels, err = state.AllChannels(ctx); err != nil {
						return err
					}
				}
				views := make([]floorJSON, len(channels))
				for i, ch := range channels {
					v, err := state.ReadFloor(ctx, ch)
					if err != nil {
						return err
					}
					views[i] = newFloorJSON(ch, v)
				}
				return d.printFloors(cmd, views)
			})
		},
	}
	d.addFlags(c)
	return c
}

func newFloorWatchCommand() *cobra.Command {
	var d dispatch
	c := &cobra.Command{
		Use:   "watch CHANNEL...",
		Short: "Follow who is talking, one line a change",
		Long: `Follow who is talking, one line a change, until interrupted. A channel that
Redis does not tell of is "?" until it does.`,
		Example: "  talkgate floor watch gates yard",
		RunE: func(cmd *cobra.Command, channels []string) error {
			return d.open(cmd, func(state *redis.Client) error { return d.watchFloors(cmd, state, channels) })
		},
	}
	d.addFlags(c)
	return c
}

func newFloorReleaseCommand() *cobra.Command {
	var (
		d     dispatch
		actor string
	)
	c := &cobra.Command{
		Use:   "release CHANNEL",
		Short: "End the talk spurt on a channel, whoever talks",
		Long: `End the talk spurt on a channel, whoever talks: the lock goes, and the holder's
own gate closes. Audio that a channel server forwards for its own clients is that
server's to stop.`,
		Example: "  talkgate floor release gates",
		RunE: func(cmd *cobra.Command, args []string) error {
			return d.run(cmd, func(ctx context.Context, state *redis.Client) error {
				h, err := state.ClearFloor(ctx, args[0], actor)
				if err != nil {
					return err
				}
				return d.printPaused(cmd, map[string]*redis.Holder{args[0]: h})
			})
		},
	}
	d.addFlags(c)
	addActorFlag(c, &actor)
	return c
}

func newFloorJSON(channel string, v redis.FloorView) floorJSON {
	return floorJSON{Time: v.ReadAt.Truncate(time.Millisecond), Channel: channel, Known: v.Known, Holder: newHolderJSON(v.Holder)}
}

func (d *dispatch) printFloors(cmd *cobra.Command, views []floorJSON) error {
	if d.asJSON {
		for _, v := range views {
			if err := printJSON(cmd.OutOrStdout(), v); err != nil {
				return err
			}
		}
		return nil
	}
	return d.print(cmd, nil, func(w io.Writer) {
		fmt.Fprintln(w, "CHANNEL\tUSER\tNAME\tROLE\tSINCE")
		for _, v := range views {
			fmt.Fprintf(w, "%s\t%s\n", clean(v.Channel), v.Holder.row())
		}
	})
}

// watchFloors prints each change of any of the channels.
func (d *dispatch) watchFloors(cmd *cobra.Command, state *redis.Client, channels []string) error {
	ctx, cancel := context.WithCancelCause(cmd.Context())
	defer cancel(nil)
	var (
		mu sync.Mutex // of the output
		wg sync.WaitGroup
	)
	for _, ch := range channels {
		last := "nothing yet"
		wg.Go(func() {
			cancelOn(cancel, state.WatchChannel(ctx, ch, func(v redis.FloorView) {
				j := newFloorJSON(ch, v)
				now := fmt.Sprint(j.Known, j.Holder.row())
				if v.Holder != nil {
					now += v.Holder.Token
				}
				if now == last {
					return
				}
				last = now
				mu.Lock()
				defer mu.Unlock()
				cancelOn(cancel, d.printChange(cmd.OutOrStdout(), j))
			}))
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

func cancelOn(cancel context.CancelCauseFunc, err error) {
	if err != nil {
		cancel(err)
	}
}

// printChange prints one line; its columns are wide enough for most IDs.
func (d *dispatch) printChange(w io.Writer, j floorJSON) error {
	if d.asJSON {
		return printJSON(w, j)
	}
	who := "idle"
	switch {
	case !j.Known:
		who = "?"
	case j.Holder != nil && j.Holder.UserID == "":
		who = "taken by an unreadable lock"
	case j.Holder != nil:
		who = clean(j.Holder.UserID) + " (" + clean(j.Holder.UserName) + ")"
	}
	_, err := fmt.Fprintf(w, "%s  %-16s  %s\n", j.Time.Local().Format("15:04:05.000"), clean(j.Channel), who)
	return err
}
