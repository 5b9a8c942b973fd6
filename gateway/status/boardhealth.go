package status

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/talkgate/talkgate/state/fleet"
)

// boardHealth reads a board's temperature and what a Raspberry Pi's firmware says
// of its power. sys is the kernel's /sys.
type boardHealth struct{ sys fs.FS }

// read leaves out what the board does not have, or does not tell.
func (b boardHealth) read() fleet.Board {
	return fleet.Board{Celsius: b.celsius(), Throttled: b.throttled()}
}

// celsius is the warmest of the processor's sensors, or of all where none says
// that it is the processor's.
func (b boardHealth) celsius() *float64 {
	zones, _ := fs.Glob(b.sys, "class/thermal/thermal_zone*")
	var warmest *float64
	ofProcessor := false
	for _, zone := range zones {
		kind, _ := b.text(zone + "/type")
		text, err := b.text(zone + "/temp")
		if err != nil {
			continue
		}
		milli, err := strconv.ParseInt(text, 10, 32)
		if err != nil || milli < -100_000 || milli > 300_000 { // a sensor that is not there
			continue
		}
		is := strings.Contains(kind, "cpu") || strings.Contains(kind, "soc") || strings.Contains(kind, "pkg")
		c := float64(milli) / 1000
		if warmest == nil || is && !ofProcessor || is == ofProcessor && c > *warmest {
			warmest, ofProcessor = &c, is
		}
	}
	return warmest
}

// throttled is what the firmware's driver says, in hexadecimal without a prefix.
func (b boardHealth) throttled() fleet.Throttled {
	files, _ := fs.Glob(b.sys, "devices/platform/soc*/*firmware/get_throttled")
	for _, file := range files {
		text, err := b.text(file)
		if err != nil {
			continue
		}
		if bits, err := strconv.ParseUint(strings.TrimPrefix(text, "0x"), 16, 32); err == nil {
			return fleet.Throttled(bits)
		}
	}
	return 0
}

func (b boardHealth) text(name string) (string, error) {
	text, err := fs.ReadFile(b.sys, name)
	if err != nil {
		return "", fmt.Errorf("board: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}
