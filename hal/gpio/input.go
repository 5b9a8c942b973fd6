package gpio

import (
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
	group  *group
	closer sync.Once
	err    error // of Close
	lost   atomic.Uint64
	seqno  uint32 // of the last edge
}

// OpenInput takes a line and follows it. The error wraps hal.ErrGone when the
// chip is not there, and tells otherwise what has to be changed.
func OpenInput(cfg InputConfig) (*Input, error) {
	all, err := OpenInputs(cfg)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// OpenInputs takes lines of one chip that belong together, all or none, and follows them.
// Their edges are delivered in the order in which they came: who reads the edge of one
// line finds the earlier ones of the others. The lines are let go when all are closed.
func OpenInputs(cfgs ...InputConfig) ([]*Input, error) {
	lines, flags := make([]Line, len(cfgs)), make([]uapi.LineFlagV2, len(cfgs))
	for i, cfg := range cfgs {
		lines[i], flags[i] = cfg.Line, cfg.inputFlags()
	}
	h, offsets, err := request(lines, flags)
	if err != nil {
		return nil, err
	}
	levels, err := h.levels(len(cfgs))
	if err != nil {
		_ = h.close()
		return nil, err
	}
	g := &group{handle: h, line: make(map[uint32]int), stopped: make(chan struct{})}
	g.open.Store(int64(len(cfgs)))
	epoch := contact.Epoch()
	for i, cfg := range cfgs {
		g.line[offsets[i]] = i
		g.inputs = append(g.inputs, &Input{Contact: contact.New(cfg.Config, epoch, levels.Get(i) == 1), group: g})
	}
	go g.run()
	return g.inputs, nil
}

// Lost is how many edges the kernel had no room for. The level is read after
// them, so that none of them is missed for long.
func (in *Input) Lost() uint64 { return in.lost.Load() }

// Close implements hal.Input.
func (in *Input) Close() error {
	in.closer.Do(func() {
		in.Stop()
		in.err = in.group.close()
	})
	return in.err
}

// onEvent delivers an edge. gap says that edges before it were lost.
func (in *Input) onEvent(event uapi.LineEvent) (gap bool) {
	gap = event.LineSeqno != in.seqno+1
	in.lost.Add(uint64(event.LineSeqno - in.seqno - 1))
	in.seqno = event.LineSeqno
	in.See(event.ID == uapi.LineEventRisingEdge, time.Duration(event.Timestamp))
	return gap
}
