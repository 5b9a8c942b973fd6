package detect

const (
	// The least power of the last four seconds, smoothed over about 50 ms, is the
	// room's: nobody speaks longer without a gap.
	floorSlots  = 16
	floorSlot   = 25 // frames of 10 ms
	floorSmooth = 0.2
)

// noiseFloor follows the noise between words by its minimum (R. Martin, "Spectral
// subtraction based on minimum statistics", EUSIPCO 1994), in one band.
type noiseFloor struct {
	smooth float64
	slots  [floorSlots]float64 // least of each slot, in a ring
	filled int
	at     int
	now    float64 // least of the present slot
	frames int     // of it
	least  float64
	known  bool
}

// add processes the power of the next frame and returns the floor. It is known after
// the first slot.
func (f *noiseFloor) add(power float64) float64 {
	if f.frames == 0 && f.filled == 0 {
		f.smooth = power
	}
	f.smooth += (power - f.smooth) * floorSmooth
	if f.frames == 0 || f.smooth < f.now {
		f.now = f.smooth
	}
	if f.frames++; f.frames == floorSlot {
		f.slots[f.at] = f.now
		f.at = (f.at + 1) % floorSlots
		f.filled = min(f.filled+1, floorSlots)
		f.frames = 0
		f.known = true
	}
	f.least = f.now
	for _, s := range f.slots[:f.filled] {
		f.least = min(f.least, s)
	}
	return f.least
}
