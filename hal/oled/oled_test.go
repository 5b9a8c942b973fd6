package oled

import (
	"bytes"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/i2c/i2ctest"

	"github.com/talkgate/talkgate/hal"
)

// glass is what a controller's memory and registers are after what was sent to it.
type glass struct {
	i2ctest.Record
	memory     [8][132]byte
	page, at   int
	on         bool
	brightness byte
}

// replay does what the bus recorded since the last time.
func (g *glass) replay(t *testing.T, addr uint16) (transfers int) {
	t.Helper()
	g.Lock()
	defer g.Unlock()
	for _, op := range g.Ops {
		if op.Addr != addr || len(op.W) < 2 {
			t.Fatalf("a transfer of %d bytes to %#x", len(op.W), op.Addr)
		}
		if op.W[0] == data {
			g.at += copy(g.memory[g.page][g.at:], op.W[1:])
			continue
		}
		for c := op.W[1:]; len(c) > 0; c = c[1:] {
			switch v := c[0]; {
			case v >= 0xB0 && v <= 0xB7:
				g.page = int(v & 7)
			case v <= 0x0F:
				g.at = g.at&0xF0 | int(v)
			case v >= 0x10 && v <= 0x1F:
				g.at = g.at&0x0F | int(v&0x0F)<<4
			case v == 0xAE, v == 0xAF:
				g.on = v == 0xAF
			case v == 0x81:
				g.brightness, c = c[1], c[1:]
			case bytes.IndexByte([]byte{0x8D, 0xAD, 0x20, 0xA8, 0xD3, 0xDA, 0xD5, 0xD9, 0xDB}, v) >= 0:
				c = c[1:] // a register that takes a value
			}
		}
	}
	transfers = len(g.Ops)
	g.Ops = nil
	return transfers
}

func picture() (p hal.Picture) {
	for i := range hal.PictureHeight {
		p.Set(i*2, i)
	}
	return p
}

// TestWhatIsSentIsSeen reads the picture from the memory of each controller.
func TestWhatIsSentIsSeen(t *testing.T) {
	for name, tc := range map[string]struct {
		cfg    Config
		column int
	}{
		"SSD1306": {Config{Address: 0x3C}, 0},
		"SH1106":  {Config{Address: 0x3D, SH1106: true}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			g := &glass{}
			d := New(g, tc.cfg)
			p := picture()
			if err := d.Show(p, 200); err != nil {
				t.Fatal(err)
			}
			g.replay(t, tc.cfg.Address)
			for page := range p {
				if !bytes.Equal(g.memory[page][tc.column:tc.column+hal.PictureWidth], p[page][:]) {
					t.Errorf("page %d is not the picture's", page)
				}
			}
			if !g.on || g.brightness != 200 {
				t.Errorf("on %v, brightness %d", g.on, g.brightness)
			}
			p.Set(0, 63)
			if err := d.Show(p, 200); err != nil || g.replay(t, tc.cfg.Address) != 2 {
				t.Errorf("one page changed, and more was sent (%v)", err)
			}
			if err := d.Show(p, 0); err != nil || g.replay(t, tc.cfg.Address) != 1 || g.on {
				t.Errorf("it is not off (%v)", err)
			}
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// unplugged is a bus whose device does not answer while gone.
type unplugged struct {
	*glass
	gone bool
}

var errNoAnswer = errors.New("remote I/O error")

func (u *unplugged) Tx(addr uint16, w, r []byte) error {
	if u.gone {
		return errNoAnswer
	}
	return u.glass.Tx(addr, w, r)
}

// TestUnpluggedAndBack: everything is sent anew to a display that was gone, and also to one
// that lost its supply unseen.
func TestUnpluggedAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := &unplugged{glass: &glass{}}
		d, p := New(u, Config{Address: 0x3C}), picture()
		if err := d.Show(p, 9); err != nil {
			t.Fatal(err)
		}
		u.gone = true
		q := p
		q.Set(5, 5)
		if err := d.Show(q, 9); !errors.Is(err, hal.ErrGone) || !errors.Is(err, errNoAnswer) {
			t.Errorf("%v, want gone", err)
		}
		u.gone, u.glass = false, &glass{}
		check := func(what string) {
			t.Helper()
			if err := d.Show(q, 9); err != nil {
				t.Fatal(err)
			}
			u.replay(t, 0x3C)
			if !u.on || !bytes.Equal(u.memory[0][:hal.PictureWidth], q[0][:]) || u.memory[7][126] != q[7][126] {
				t.Errorf("%s it shows something else", what)
			}
		}
		check("back")
		u.glass = &glass{} // dark again, and nobody noticed
		time.Sleep(refresh)
		check("after a while")
	})
}

// TestNoBus: the error says what to do.
func TestNoBus(t *testing.T) {
	if _, err := Open("i2c-999", Config{Address: 0x3C}); !errors.Is(err, hal.ErrGone) {
		t.Errorf("%v, want gone", err)
	}
}
