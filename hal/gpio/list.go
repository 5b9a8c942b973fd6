package gpio

import (
	"io/fs"
	"os"
	"path/filepath"

	"github.com/warthog618/go-gpiocdev/uapi"
)

// Chips are the labels of the chips that are there, each once.
func Chips() (labels []string, err error) {
	nodes, err := filepath.Glob("/dev/gpiochip*")
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, node := range nodes {
		if info, err := os.Lstat(node); err != nil || info.Mode()&fs.ModeCharDevice == 0 {
			continue // a second name of another
		}
		f, err := os.Open(node)
		if err != nil {
			return labels, err
		}
		info, err := uapi.GetChipInfo(f.Fd())
		f.Close()
		if label := uapi.BytesToString(info.Label[:]); err == nil && !seen[label] {
			seen[label] = true
			labels = append(labels, label)
		}
	}
	return labels, nil
}

// Free reports whether the line is there and nobody uses it.
func (l Line) Free() bool {
	chip, err := openChip(l.Chip)
	if err != nil {
		return false
	}
	defer chip.Close()
	offset, err := l.offset(chip)
	if err != nil {
		return false
	}
	info, err := uapi.GetLineInfoV2(chip.Fd(), offset)
	return err == nil && info.Flags&uapi.LineFlagV2Used == 0
}
