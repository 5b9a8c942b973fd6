package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

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
		Short: "Make, change, show and pause an event: channels that belong together",
		Long: `Make, change, show and pause an event: channels that belong together. An emergency is heard
on all channels of the event it is called on, and a pause ends the talk spurts on all.`,
		RunE: help,
	}
	c.AddCommand(newEventShowCommand(), newEventSetCommand(), newEventPauseCommand())
	return c
}

func newEventShowCommand() *cobra.Command {
	var d dispatch
	c := &cobra.Command{
		Use:   "show [EVENT]",
		Short: "Show the channels of an event and who is talking there, or which events there are",
		Example: `  talkgate event show
  talkgate event show marathon`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return d.run(cmd, func(ctx context.Context, state *redis.Client) error {
				if len(args) == 0 {
					return d.showEvents(ctx, cmd, state)
				}
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

// showEvents shows all events there are, each with its channels.
func (d *dispatch) showEvents(ctx context.Context, cmd *cobra.Command, state *redis.Client) error {
	all, err := state.Events(ctx)
	if err != nil {
		return err
	}
	events := map[string][]string{}
	for _, channel := range slices.Sorted(maps.Keys(all)) {
		events[all[channel]] = append(events[all[channel]], channel)
	}
	return d.print(cmd, struct {
		Events map[string][]string `json:"events"`
	}{events}, func(w io.Writer) {
		fmt.Fprintln(w, "EVENT\tCHANNELS")
		for _, event := range slices.Sorted(maps.Keys(events)) {
			fmt.Fprintf(w, "%s\t%s\n", clean(event), clean(strings.Join(events[event], " ")))
		}
	})
}

// changedJSON is an event that was set: its channels, and which came and left.
type changedJSON struct {
	EventID  string   `json:"eventId"`
	Channels []string `json:"channels"`
	Added    []string `json:"added"`
	Removed  []string `json:"removed"`
}

func newEventSetCommand() *cobra.Command {
	var (
		d     dispatch
		actor string
		none  bool
	)
	c := &cobra.Command{
		Use:   "set EVENT [CHANNEL...]",
		Short: "Make an event of exactly these channels",
		Long: `Make an event of exactly these channels, whether there was one or not. A channel belongs to
one event: it leaves the one it was of. Channels of the event that are not named leave
it; with --none all of them do, and the event is no more.`,
		Example: `  talkgate event set marathon start finish medics
  talkgate event set marathon --none`,
		RunE: func(cmd *cobra.Command, args []string) error {
			event, channels := args[0], args[1:]
			if none == (len(channels) > 0) {
				return errors.New("name the channels of the event, or say --none, and not both")
			}
			return d.run(cmd, func(ctx context.Context, state *redis.Client) error {
				added, removed, err := state.SetEvent(ctx, event, actor, channels...)
				if err != nil {
					return err
				}
				now, err := state.ChannelsForEvent(ctx, event)
				if err != nil {
					return err
				}
				v := changedJSON{EventID: event, Channels: orEmpty(now), Added: orEmpty(added), Removed: orEmpty(removed)}
				return d.print(cmd, v, func(w io.Writer) {
					fmt.Fprintf(w, "%s: %s\n", clean(event), clean(cmp.Or(strings.Join(now, " "), "no channels, it is no more")))
					if len(added)+len(removed) == 0 {
						fmt.Fprintln(w, "nothing has changed")
					}
				})
			})
		},
	}
	d.addFlags(c)
	addActorFlag(c, &actor)
	c.Flags().BoolVar(&none, "none", false, "of no channels: the event is no more")
	return c
}

// orEmpty is a list that JSON shows as one even where it has nothing.
func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
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
