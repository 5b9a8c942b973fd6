package evdev

import (
	"context"
	"time"
)

// Learn waits until a key is pressed on any device, also on one that is plugged in
// meanwhile, and says which. Nothing is grabbed.
func Learn(ctx context.Context) (Key, error) {
	return learn(ctx, List, func(d Device) (node, error) { return openNode("/dev/input/"+d.node, false) })
}

func learn(ctx context.Context, list func() ([]Device, error), open func(Device) (node, error)) (Key, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pressed := make(chan Key)
	listening := map[string]bool{}
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	for {
		all, err := list()
		if err != nil {
			return Key{}, err
		}
		for _, d := range all {
			if listening[d.node] {
				continue
			}
			n, err := open(d)
			if err != nil {
				continue // it is just vanishing, or somebody grabbed it
			}
			listening[d.node] = true
			context.AfterFunc(ctx, func() { _ = n.Close() }) // nothing was written
			go listen(ctx, n, d, pressed)
		}
		select {
		case <-ctx.Done():
			return Key{}, ctx.Err()
		case key := <-pressed:
			return key, nil
		case <-again.C:
		}
	}
}

// listen reports the keys that are pressed on a device.
func listen(ctx context.Context, n node, d Device, pressed chan<- Key) {
	buf := make([]byte, 32*eventSize)
	for {
		read, err := n.read(buf, time.Time{})
		if err != nil {
			return
		}
		for rest := buf[:read]; len(rest) >= eventSize; rest = rest[eventSize:] {
			if e := decode(rest); e.Type == typeKey && e.Value == 1 {
				select {
				case pressed <- Key{Device: d.Use(), Name: KeyName(e.Code)}:
				case <-ctx.Done():
					return
				}
			}
		}
	}
}
