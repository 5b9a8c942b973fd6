package hal

// Size of a Picture.
const (
	PictureWidth  = 128
	PictureHeight = 64
)

// Picture is what a small display of one color shows: eight pages of 128 columns of eight
// points each, bit 0 at the top. The zero value is dark.
type Picture [PictureHeight / 8][PictureWidth]byte

// Set lights a point. Points outside of the picture are left out.
func (p *Picture) Set(x, y int) {
	if x >= 0 && x < PictureWidth && y >= 0 && y < PictureHeight {
		p[y/8][x] |= 1 << (y % 8)
	}
}

// Lit reports whether a point of the picture is lit.
func (p *Picture) Lit(x, y int) bool { return p[y/8][x]>>(y%8)&1 == 1 }

// Display shows pictures. It may be unplugged at any time.
type Display interface {
	// Show shows a picture; brightness 0 turns the display off. It waits for the device,
	// and the error wraps ErrGone when it does not answer. One goroutine calls it.
	Show(p Picture, brightness byte) error
	// Close turns the display off.
	Close() error
}
