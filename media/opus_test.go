package media

import (
	"testing"
	"time"

	"github.com/thesyncim/gopus"
)

func TestPacketDuration(t *testing.T) {
	const ms = time.Millisecond
	for _, tc := range []struct {
		opus []byte
		want time.Duration // zero is none
	}{
		{nil, 0},
		{[]byte{0 << 3}, 10 * ms}, {[]byte{1 << 3}, 20 * ms}, {[]byte{2 << 3}, 40 * ms}, {[]byte{11 << 3}, 60 * ms},
		{[]byte{12 << 3}, 10 * ms}, {[]byte{15 << 3}, 20 * ms},
		{[]byte{16 << 3}, 2500 * time.Microsecond}, {[]byte{17 << 3}, 5 * ms}, {[]byte{30 << 3}, 10 * ms}, {[]byte{31 << 3}, 20 * ms},
		{[]byte{31<<3 | 1}, 40 * ms}, {[]byte{31<<3 | 2, 0}, 40 * ms}, {[]byte{31<<3 | 2}, 0}, {[]byte{31<<3 | 2, 3, 1, 2}, 0}, {[]byte{31<<3 | 1, 1}, 0},
		{[]byte{31<<3 | 3, 0x82, 1, 5}, 40 * ms}, {[]byte{31<<3 | 3, 0x82, 2, 5}, 0}, {[]byte{31<<3 | 3, 0x42, 1, 9}, 40 * ms}, {[]byte{31<<3 | 3, 0x42, 2, 9}, 0},
		{[]byte{31<<3 | 3}, 0}, {[]byte{31<<3 | 3, 0}, 0}, {[]byte{31<<3 | 3, 6}, 120 * ms}, {[]byte{31<<3 | 3, 7}, 0},
		{[]byte{11<<3 | 1}, 120 * ms}, {[]byte{11<<3 | 3, 3}, 0}, {[]byte{16<<3 | 3, 48}, 120 * ms},
	} {
		got, ok := PacketDuration(tc.opus)
		if ok != (tc.want != 0) || ok && got != tc.want {
			t.Errorf("%x: %v %v, want %v", tc.opus, got, ok, tc.want)
		}
	}
}

// Any packet is no Opus, or 2.5 to 120 ms long.
func FuzzPacketDuration(f *testing.F) {
	f.Add([]byte{0xF8, 0xFF, 0xFE})
	f.Add([]byte{31<<3 | 3, 0xc2, 1, 1, 5, 9})
	f.Fuzz(func(t *testing.T, opus []byte) {
		info, err := gopus.ParsePacket(opus)
		if n := OpusSamples(opus); (n > 0) != (err == nil) || n > 0 && n != info.FrameCount*opusFrameSamples(opus[0]) {
			t.Errorf("%x: %d samples; gopus: %+v, %v", opus, n, info, err)
		}
		if d, ok := PacketDuration(opus); ok && (d < 2500*time.Microsecond || d > 120*time.Millisecond) {
			t.Errorf("%x: %v", opus, d)
		}
	})
}
