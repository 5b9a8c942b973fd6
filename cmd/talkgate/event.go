package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/state/redis"
)

// eventJSON is an event: its channels, and who holds the floor of each.
type eventJSON struct {
	EventID  string                 `json:"eventId"`
	Channels map[string]*holderJSON `json:"channels"`
}

// pausedJSON is whose talk spurts ended, by channel.
type pausedJSON struct {
	Paused map[string]*holderJSON `json:"paused"`
}

func newEventCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "event",
		Short: "Show and pause all channels of an event",
		Args:  cobra.NoArgs,
		RunE:  help,
	}
	c.AddCommand(newEventShowCommand(), newEventPauseCommand())
	return c
}

func newEventShowCommand() *cobra.Command {
	var d dispatch
	c := &cobra.Command{
		Use:     "show EVENT",
		Short:   "Show the channels of an event and who is talking there",
		Example: "  talkgate event show marathon",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return d.run(cmd, func(ctx context.Context, state *redis.Client) error {
				channels, err := state.ChannelsForEvent(ctx, args[0])
				if err != nil {
					return err
				}
				speakers, err := state.ActiveSpeakers(ctx, args[0])
				if err != nil {
					return err
				}
				ev := eventJSON{EventID: args[0], Channels: map[string]*holderJSON{}}
				for _, ch := range channels {
					ev.Channels[ch] = nil
					if h, ok := speakers[ch]; ok {
						ev.Channels[ch] = newHolderJSON(&h)
					}
				}
				return d.print(cmd, ev, func(w io.Writer) { printHolders(w, ev.Channels) })
			})
		},
	}
	d.addFlags(c)
	return c
}

func newEventPauseCommand() *cobra.Command {
	var (
		d     dispatch
		actor string
	)
	c := &cobra.Command{
		Use:   "pause EVENT",
		Short: "End every talk spurt in an event, whoever talks",
		Long: `End every talk spurt in an event, whoever talks, and show whose they were. Who
presses again afterwards talks again: to keep somebody silent, take the rights away.`,
		Example: "  talkgate event pause marathon",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return d.run(cmd, func(ctx context.Context, state *redis.Client) error {
				paused, err := state.PauseAllSpeakers(ctx, args[0], actor)
				if err != nil {
					return err
				}
				holders := map[string]*redis.Holder{}
				for ch, h := range paused {
					holders[ch] = &h
				}
				return d.printPaused(cmd, holders)
			})
		},
	}
	d.addFlags(c)
	addActorFlag(c, &actor)
	return c
}

func (d *dispatch) printPaused(cmd *cobra.Command, paused map[string]*redis.Holder) error {
	v := pausedJSON{Paused: map[string]*holderJSON{}}
	for ch, h := range paused {
		if h != nil {
			v.Paused[ch] = newHolderJSON(h)
		}
	}
	return d.print(cmd, v, func(w io.Writer) {
		if len(v.Paused) == 0 {
			fmt.Fprintln(w, "nobody was talking")
			return
		}
		printHolders(w, v.Paused)
	})
}

func printHolders(w io.Writer, holders map[string]*holderJSON) {
	fmt.Fprintln(w, "CHANNEL\tUSER\tNAME\tROLE\tSINCE")
	for _, ch := range slices.Sorted(maps.Keys(holders)) {
		fmt.Fprintf(w, "%s\t%s\n", clean(ch), holders[ch].row())
	}
}
