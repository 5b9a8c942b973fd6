package gpio

import (
	"encoding/binary"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/warthog618/go-gpiocdev/uapi"

	"github.com/talkgate/talkgate/hal/contact"
)

// lookEvery is how often a quiet line is looked at: a chip that vanishes wakes
// nobody on older kernels.
const lookEvery = time.Second

// InputConfig is a line that is read.
type InputConfig struct {
	Line
	contact.Config
}

// Input is a line that is read. It implements hal.Input.
type Input struct {
	*contact.Contact
	handle *handle
	closer sync.Once
	lost   atomic.Uint64
	seqno  uint32 // of the last edge
}

// OpenInput takes a line and follows it. The error wraps hal.ErrGone when the
// chip is not there, and tells otherwise what has to be changed.
func OpenInput(cfg InputConfig) (*Input, error) {
	h, err := cfg.request(cfg.inputFlags())
	if err != nil {
		return nil, err
	}
	active, err := h.level()
	if err != nil {
		return nil, errors.Join(err, h.close())
	}
	in := &Input{Contact: contact.New(cfg.Config, contact.Epoch(), active), handle: h}
	go in.run()
	return in, nil
}

// Lost is how many edges the kernel had no room for. The level is read after
// them, so that none of them is missed for long.
func (in *Input) Lost() uint64 { return in.lost.Load() }

// Close implements hal.Input.
func (in *Input) Close() error {
	in.closer.Do(in.Stop)
	err := in.handle.close()
	in.Wait()
	return err
}

func (in *Input) run() {
	err := in.follow()
	_ = in.handle.close() // it may be closed already
	in.End(err)
}

// follow delivers edges until the line ends, and returns why.
func (in *Input) follow() error {
	event := uapi.LineEvent{}
	buf := make([]byte, 16*binary.Size(event))
	for {
		n, err := in.handle.read(buf, in.Turn(lookEvery))
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = in.look()
		}
		if err != nil {
			return err
		}
		gap := false
		for rest := buf[:n]; len(rest) > 0; {
			size, err := binary.Decode(rest, binary.NativeEndian, &event)
			if err != nil {
				return in.handle.wrap(err)
			}
			rest = rest[size:]
			in.lost.Add(uint64(event.LineSeqno - in.seqno - 1))
			gap = gap || event.LineSeqno != in.seqno+1
			in.seqno = event.LineSeqno
			in.See(event.ID == uapi.LineEventRisingEdge, time.Duration(event.Timestamp))
		}
		if gap {
			if err := in.look(); err != nil {
				return err
			}
		}
	}
}

// look reads the level, for edges that nobody told of, and lets the filter
// settle.
func (in *Input) look() error {
	active, err := in.handle.level()
	if err != nil {
		return err
	}
	in.See(active, in.Now())
	return nil
}
