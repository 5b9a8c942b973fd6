package drivers

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/talkgate/talkgate/gateway/setup"
	"github.com/talkgate/talkgate/hal/contact"
	"github.com/talkgate/talkgate/hal/evdev"
	"github.com/talkgate/talkgate/hal/gpio"
	"github.com/talkgate/talkgate/hal/sound"
)

// Survey is the lines and cards of this machine, for a set-up.
type Survey struct{}

// Chips implements setup.Hardware.
func (Survey) Chips() ([]string, error) { return gpio.Chips() }

// Cards implements setup.Hardware.
func (Survey) Cards() (cards []setup.Card, err error) {
	all, err := sound.List()
	for _, c := range all {
		cards = append(cards, setup.Card{ID: c.ID, Captures: c.Captures, Plays: c.Plays})
	}
	return cards, err
}

// Press implements setup.Hardware.
func (Survey) Press(ctx context.Context, chip string, lines []string) (setup.Press, error) {
	ctx, cancel := context.WithCancel(ctx)
	pressed := make(chan setup.Press)
	var waiting sync.WaitGroup
	defer waiting.Wait()
	defer cancel()
	report := func(p setup.Press) {
		select {
		case pressed <- p:
		case <-ctx.Done():
		}
	}
	waiting.Go(func() {
		if key, err := evdev.Learn(ctx); err == nil {
			report(setup.Press{Input: key.Device, Key: key.Name})
		}
	})
	for _, name := range lines {
		line := gpio.Line{Chip: chip, Name: name, ActiveLow: true, Pull: gpio.PullUp}
		if chip == "" || !line.Free() {
			continue
		}
		in, err := gpio.OpenInput(gpio.InputConfig{Line: line, Config: contact.Config{Filter: contact.Filter{Glitch: 10 * time.Millisecond}}})
		if err != nil {
			continue // somebody took it, or it cannot be pulled up
		}
		waiting.Go(func() {
			defer func() { _ = in.Close() }()
			for {
				select {
				case <-ctx.Done():
					return
				case e, more := <-in.Edges():
					if !more {
						return
					}
					if e.Active {
						report(setup.Press{Chip: chip, Line: name})
					}
				}
			}
		})
	}
	select {
	case p := <-pressed:
		return p, nil
	case <-ctx.Done():
		return setup.Press{}, errors.New("nothing was pressed")
	}
}
