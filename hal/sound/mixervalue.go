package sound

import (
	"encoding/binary"
	"fmt"
	"syscall"
	"unsafe"

	"github.com/gen2brain/alsa"
)

// The library reads and writes values with a struct of another size than that of a
// 32-bit ARM kernel, which aligns its 64-bit values (gen2brain/alsa v0.5.1,
// sndCtlElemValue in types_32bit.go). So the kernel's struct snd_ctl_elem_value
// (include/uapi/sound/asound.h) is laid out here.
const (
	longSize    = int(unsafe.Sizeof(uintptr(0))) // of C's long
	valueOffset = 72                             // struct snd_ctl_elem_id, a flag, alignment
	maxValues   = 128
	valueSize   = valueOffset + maxValues*longSize + 128
)

// elementValue is a struct snd_ctl_elem_value. Its first word is the number of the
// control, which is enough for the kernel to find it.
type elementValue [valueSize]byte

// request is the number of an ioctl that reads and writes an elementValue.
func request(nr uintptr) uintptr { return 3<<30 | uintptr(valueSize)<<16 | 'U'<<8 | nr }

func (v *elementValue) exchange(m *alsa.Mixer, nr uintptr) error {
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, m.Fd(), request(nr), uintptr(unsafe.Pointer(v)))
	if errno != 0 {
		return errno
	}
	return nil
}

// at is where value i of a control lies.
func (v *elementValue) at(ctl *alsa.MixerCtl, i int) []byte {
	size := longSize
	if ctl.Type() == alsa.SNDRV_CTL_ELEM_TYPE_ENUMERATED {
		size = 4
	}
	return v[valueOffset+i*size:][:size]
}

// readValues returns the values of a switch, a number or a choice, one a channel.
func readValues(m *alsa.Mixer, ctl *alsa.MixerCtl) ([]int, error) {
	v, n := new(elementValue), int(ctl.NumValues())
	if n > maxValues {
		return nil, fmt.Errorf("expected at most %d values, found %d", maxValues, n)
	}
	binary.NativeEndian.PutUint32(v[:], ctl.ID())
	if err := v.exchange(m, 0x12); err != nil {
		return nil, err
	}
	all := make([]int, n)
	for i := range all {
		if b := v.at(ctl, i); len(b) == 8 {
			all[i] = int(binary.NativeEndian.Uint64(b))
		} else {
			all[i] = int(int32(binary.NativeEndian.Uint32(b)))
		}
	}
	return all, nil
}

func writeValues(m *alsa.Mixer, ctl *alsa.MixerCtl, all []int) error {
	v := new(elementValue)
	binary.NativeEndian.PutUint32(v[:], ctl.ID())
	for i, n := range all {
		if b := v.at(ctl, i); len(b) == 8 {
			binary.NativeEndian.PutUint64(b, uint64(n))
		} else {
			binary.NativeEndian.PutUint32(b, uint32(n))
		}
	}
	return v.exchange(m, 0x13)
}
