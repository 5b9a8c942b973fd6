package sound

import (
	"math"
	"testing"

	"github.com/gen2brain/alsa"
)

func TestEveryFormatKeepsEverySample(t *testing.T) {
	for _, f := range formats() {
		for channels := 1; channels <= 2; channels++ {
			l := newLayout(alsa.Config{Format: f.format, Channels: uint32(channels)})
			if l.size != f.size {
				t.Fatalf("format %d: %d bytes", f.format, l.size)
			}
			raw, mono := make([]byte, l.frame()), make([]int16, 1)
			for s := math.MinInt16; s <= math.MaxInt16; s++ {
				l.encode(raw, []int16{int16(s)})
				if l.decode(mono, raw); mono[0] != int16(s) {
					t.Fatalf("format %d, %d channels: %d becomes %d", f.format, channels, s, mono[0])
				}
			}
		}
	}
}

func TestStereoIsCapturedAsTheMean(t *testing.T) {
	l := layout{alsa.SNDRV_PCM_FORMAT_S16_LE, 2, 2}
	mono := make([]int16, 2)
	if l.decode(mono, []byte{0x00, 0x10, 0x00, 0x30, 0xff, 0x7f, 0xff, 0x7f}); mono[0] != 0x2000 || mono[1] != math.MaxInt16 {
		t.Errorf("%x", mono)
	}
}

// FuzzDecode: a card may hand over anything, NaN included.
func FuzzDecode(f *testing.F) {
	f.Add([]byte{0, 0, 0xc0, 0x7f, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, format := range formats() {
			l := layout{format.format, format.size, 1}
			mono := make([]int16, len(raw)/l.frame())
			l.decode(mono, raw)
		}
	})
}

func TestFloatsAreClipped(t *testing.T) {
	for _, tc := range []struct {
		in   float64
		want int16
	}{{1.5, 32767}, {-1.5, -32768}, {0.5, 16384}, {math.Inf(1), 32767}} {
		if got := clip(tc.in * 32768); got != tc.want {
			t.Errorf("%v is %d, want %d", tc.in, got, tc.want)
		}
	}
}
