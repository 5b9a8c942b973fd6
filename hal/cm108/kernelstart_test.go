//go:build hil

package cm108_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"testing"
	"time"

	"github.com/talkgate/talkgate/hal/cm108"
)

// Events of linux/uhid.h.
const (
	uhidGetReport      = 9
	uhidGetReportReply = 10
	uhidCreate2        = 11
)

// askable makes an interface that can be asked for its state, which the USB
// gadget of package hil cannot, and answers with what is pressed.
func askable(t *testing.T, serial string, buttons byte) {
	t.Helper()
	f, err := os.OpenFile("/dev/uhid", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() }) // it vanishes with that
	reports := []byte{
		0x06, 0x00, 0xff, 0x09, 0x01, 0xa1, 0x01, 0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08, 0x95, 0x04,
		0x09, 0x01, 0x81, 0x02, 0x95, 0x04, 0x09, 0x01, 0x91, 0x02, 0xc0,
	}
	create := struct {
		Type                              uint32
		Name                              [128]byte
		Phys, Uniq                        [64]byte
		Size, Bus                         uint16
		Vendor, Product, Version, Country uint32
		Reports                           [4096]byte
	}{Type: uhidCreate2, Size: uint16(len(reports)), Bus: 3, Vendor: 0x0d8c, Product: 0x013c}
	copy(create.Name[:], "askable")
	copy(create.Uniq[:], serial)
	copy(create.Reports[:], reports)
	send := func(event any) {
		var b bytes.Buffer
		if err := binary.Write(&b, binary.NativeEndian, event); err != nil {
			t.Error(err)
		}
		if _, err := f.Write(b.Bytes()); err != nil {
			t.Error(err)
		}
	}
	send(create)
	go func() {
		event := make([]byte, 8192)
		for {
			if _, err := f.Read(event); err != nil {
				return
			}
			if binary.NativeEndian.Uint32(event) == uhidGetReport {
				send(struct {
					Type, ID  uint32
					Err, Size uint16
					Data      [4096]byte
				}{Type: uhidGetReportReply, ID: binary.NativeEndian.Uint32(event[4:]), Size: 5, Data: [4096]byte{1: buttons}})
			}
		}
	}()
}

// TestKernelStateAtStart: a squelch that is open at the start is seen to be so,
// without an edge.
func TestKernelStateAtStart(t *testing.T) {
	for serial, open := range map[string]bool{"open": true, "closed": false} {
		askable(t, serial, map[bool]byte{true: voldn}[open])
		var in *cm108.Input
		eventually(t, "the interface is there", func() (ok bool) {
			var err error
			in, err = cm108.OpenInput(squelch("serial:" + serial))
			return err == nil
		})
		if active, err := in.Active(); active != open || err != nil {
			t.Errorf("%s: %v, %v", serial, active, err)
		}
		select {
		case e := <-in.Edges():
			t.Errorf("%s: unexpected edge %+v", serial, e)
		case <-time.After(100 * time.Millisecond):
		}
		in.Close()
	}
}
