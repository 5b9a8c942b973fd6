package gpio

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/warthog618/go-gpiocdev/uapi"
	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/gpio"

	"github.com/talkgate/talkgate/hal"
)

// Pull is the resistor of an input, in periph's vocabulary.
type Pull = gpio.Pull

// Pulls of an input.
const (
	PullKeep = gpio.PullNoChange
	PullOff  = gpio.Float
	PullDown = gpio.PullDown
	PullUp   = gpio.PullUp
)

// Drive is how an output drives its line.
type Drive uint8

// Drives of an output.
const (
	PushPull   Drive = iota
	OpenDrain        // pulled low, or let go
	OpenSource       // pulled high, or let go
)

// Line says which line it is and how it is wired.
type Line struct {
	// Chip is the label of its chip, such as "pinctrl-bcm2711".
	Chip string
	// Name is its name, such as "GPIO17", or its offset on the chip, such as
	// "17". What is the name of a line is not taken for an offset.
	Name string
	// ActiveLow is true where the low level means active.
	ActiveLow bool
	// Pull is the resistor of an input.
	Pull Pull
	// Drive is that of an output.
	Drive Drive
}

// String names the line in errors and logs.
func (l Line) String() string { return fmt.Sprintf("line %s of chip %s", l.Name, l.Chip) }

// flags are those of the kernel's line request but for direction and edges.
func (l Line) flags() uapi.LineFlagV2 {
	var f uapi.LineFlagV2
	if l.ActiveLow {
		f |= uapi.LineFlagV2ActiveLow
	}
	return f
}

// inputFlags ask for both edges.
func (l Line) inputFlags() uapi.LineFlagV2 {
	f := l.flags() | uapi.LineFlagV2Input | uapi.LineFlagV2EdgeBoth
	switch l.Pull {
	case PullUp:
		f |= uapi.LineFlagV2BiasPullUp
	case PullDown:
		f |= uapi.LineFlagV2BiasPullDown
	case PullOff:
		f |= uapi.LineFlagV2BiasDisabled
	}
	return f
}

func (l Line) outputFlags() uapi.LineFlagV2 {
	f := l.flags() | uapi.LineFlagV2Output
	switch l.Drive {
	case OpenDrain:
		f |= uapi.LineFlagV2OpenDrain
	case OpenSource:
		f |= uapi.LineFlagV2OpenSource
	}
	return f
}

// eventBuffer is how many edges the kernel keeps for a process that does not
// run; it allows no more.
const eventBuffer = 1024

// request takes lines of one chip by one request, each with its flags, and returns where on
// the chip they are. An output starts inactive.
func request(lines []Line, flags []uapi.LineFlagV2) (h *handle, offsets []uint32, err error) {
	first := lines[0]
	chip, err := openChip(first.Chip)
	if err != nil {
		return nil, nil, fmt.Errorf("%v: %w", first, err)
	}
	defer chip.Close()
	req := uapi.LineRequest{Lines: uint32(len(lines)), Config: uapi.LineConfig{Flags: flags[0]}}
	name := first.String()
	for i, l := range lines {
		offset, err := l.offset(chip)
		if err != nil {
			return nil, nil, fmt.Errorf("%v: %w", l, gone(err))
		}
		req.Offsets[i] = uint32(offset)
		offsets = append(offsets, uint32(offset))
		if flags[i] != flags[0] {
			req.Config.AddAttribute(uapi.LineConfigAttribute{Attr: flags[i].Encode(), Mask: uapi.NewLineBits(i)})
		}
		if i > 0 {
			name = l.Name + ", " + name
		}
	}
	copy(req.Consumer[:], "talkgate")
	if flags[0].IsInput() {
		req.EventBufferSize = eventBuffer
	}
	switch err := uapi.GetLine(chip.Fd(), &req); {
	case errors.Is(err, unix.EBUSY):
		i := slices.IndexFunc(offsets, func(offset uint32) bool { return consumer(chip, int(offset)) != "" })
		l := lines[max(i, 0)]
		return nil, nil, fmt.Errorf("%v: expected it to be free, found it used by %q", l, consumer(chip, int(offsets[max(i, 0)])))
	case errors.Is(err, unix.ENODEV):
		return nil, nil, fmt.Errorf("%s: %w", name, gone(err))
	case err != nil:
		return nil, nil, fmt.Errorf("%s: the kernel refuses it as it is to be used: %w", name, err)
	}
	h, err = newHandle(name, int(req.Fd))
	return h, offsets, err
}

// Check looks whether the line is there, used or not.
func (l Line) Check() error {
	chip, err := openChip(l.Chip)
	if err != nil {
		return fmt.Errorf("%v: %w", l, err)
	}
	defer chip.Close()
	if _, err := l.offset(chip); err != nil {
		return fmt.Errorf("%v: %w", l, gone(err))
	}
	return nil
}

// openChip opens the one chip with a label.
func openChip(label string) (*os.File, error) {
	nodes, _ := filepath.Glob("/dev/gpiochip*") // the pattern is right
	var found *os.File
	var labels []string
	var problem error
	for _, node := range nodes {
		if info, err := os.Lstat(node); err != nil || info.Mode()&fs.ModeCharDevice == 0 {
			continue // a second name of another
		}
		f, err := os.Open(node)
		if err != nil {
			problem = err
			continue
		}
		info, err := uapi.GetChipInfo(f.Fd())
		name := uapi.BytesToString(info.Label[:])
		switch {
		case err != nil || name != label:
			labels = append(labels, strconv.Quote(name))
			f.Close()
		case found != nil:
			f.Close()
			found.Close()
			return nil, fmt.Errorf("expected one chip with this label, found %s and %s", found.Name(), node)
		default:
			found = f
		}
	}
	switch {
	case found != nil:
		return found, nil
	case errors.Is(problem, fs.ErrPermission):
		return nil, fmt.Errorf("%w; the user has to be in group gpio", problem)
	case labels == nil:
		return nil, fmt.Errorf("the chip is not there, nor any other: %w", hal.ErrGone)
	}
	return nil, fmt.Errorf("the chip is not there, only %s: %w", strings.Join(labels, ", "), hal.ErrGone)
}

// offset finds the line on its chip.
func (l Line) offset(chip *os.File) (int, error) {
	info, err := uapi.GetChipInfo(chip.Fd())
	if err != nil {
		return 0, err
	}
	found := -1
	for offset := range int(info.Lines) {
		line, err := uapi.GetLineInfoV2(chip.Fd(), offset)
		if err != nil {
			return 0, err
		}
		if uapi.BytesToString(line.Name[:]) != l.Name {
			continue
		}
		if found >= 0 {
			return 0, fmt.Errorf("expected one line with this name, found offsets %d and %d; give the offset", found, offset)
		}
		found = offset
	}
	if found >= 0 {
		return found, nil
	}
	offset, err := strconv.ParseUint(l.Name, 10, 16)
	if err != nil || offset >= uint64(info.Lines) {
		return 0, fmt.Errorf("expected the name of a line or an offset up to %d; 'gpioinfo' lists them", int(info.Lines)-1)
	}
	return int(offset), nil
}

// consumer is who uses a line.
func consumer(chip *os.File, offset int) string {
	info, err := uapi.GetLineInfoV2(chip.Fd(), offset)
	if err != nil {
		return "somebody"
	}
	return uapi.BytesToString(info.Consumer[:])
}

// gone makes of the kernel's error for a chip that was unplugged or unbound one
// that wraps hal.ErrGone.
func gone(err error) error {
	if errors.Is(err, unix.ENODEV) {
		return fmt.Errorf("its chip vanished: %w", hal.ErrGone)
	}
	return err
}
