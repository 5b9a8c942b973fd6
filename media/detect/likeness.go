package detect

import "math"

// likeness is how much the changes of two sounds are alike over a window that moves
// along, at one lag of the one behind the other. Whole numbers add up without error,
// however long.
type likeness struct {
	together [bandCount]int64 // sums of products
	sum      int64            // of what each frame contributes to them
	squares  int64            // of that
}

// enter processes the next frame of the window.
func (k *likeness) enter(x, y *change) { k.add(x, y, 1) }

// leave forgets the first frame of the window.
func (k *likeness) leave(x, y *change) { k.add(x, y, -1) }

func (k *likeness) add(x, y *change, sign int64) {
	var part int64
	for b := range x {
		p := int64(x[b]) * int64(y[b])
		part += p
		k.together[b] += sign * p
	}
	k.sum += sign * part
	k.squares += sign * part * part
}

// of is the correlation, from 0 to 1, of sounds that have so much energy in the window:
// 0 if it rests on too few frames.
func (k *likeness) of(x, y energy) float64 {
	if sum := float64(k.sum); sum <= 0 || sum*sum < loopRich*float64(k.squares) {
		return 0
	}
	var together, apart float64
	for b := range x {
		together += float64(k.together[b])
		apart += math.Sqrt(float64(x[b]) * float64(y[b]))
	}
	return together / apart
}

// energy is the sum of squares of a sound's changes since some beginning, by band.
type energy [bandCount]int64

// plus is e with one frame more.
func (e energy) plus(x change) energy {
	for b := range x {
		e[b] += int64(x[b]) * int64(x[b])
	}
	return e
}

// since is what came to e since before.
func (e energy) since(before energy) energy {
	for b := range e {
		e[b] -= before[b]
	}
	return e
}
