package jitter

import (
	"math"
)

const (
	binWidth = rate / 500 // 2 ms
	bins     = 256        // 512 ms; the last holds whatever is later

	// memory is how many packets the delay distribution remembers.
	memory = 1000
	// budget is the share of packets that may come too late.
	budget = 0.0075
	// priceStep is how fast the price of a late packet follows the budget.
	priceStep = 0.03

	startPrice = 50
	minPrice   = 12
	maxPrice   = 1000
)

// target chooses how long to hold packets back: the delay D that minimises
//
//	ln D + price × share of packets later than D
//
// over the distribution of the packets' delay behind the fastest. The price of a
// late packet rises with each and falls with each that was in time, so that in the
// long run no more than the budget is spent, and spent where it saves most delay: a
// rare spike is let go, a knee of the distribution is covered.
type target struct {
	weight [bins]float64
	total  float64
	one    float64 // weight of the next packet; grows, which is what makes others fade
	price  float64
	delay  int64 // samples
	last   int64 // when the last packet arrived
}

func newTarget(start int64) target {
	t := target{one: 1, price: startPrice}
	t.weight[min(start/binWidth, bins-1)] = 20
	t.total = 20
	t.choose()
	return t
}

// observe adds one packet's delay behind the fastest, in samples.
func (t *target) observe(at, behind int64) {
	// What comes all at once when a queue empties is one event, not many.
	one := t.one * max(0.05, min(1, float64(at-t.last)/frame))
	t.last = at
	t.weight[min(behind/binWidth, bins-1)] += one
	t.total += one
	t.one *= 1 + 1.0/memory
	if t.one > 1e6 {
		for i := range t.weight {
			t.weight[i] /= t.one
		}
		t.total /= t.one
		t.one = 1
	}
	t.choose()
}

// inTime and late move the price.
func (t *target) inTime() { t.price = max(minPrice, t.price*(1-priceStep*budget)) }

func (t *target) late() { t.price = min(maxPrice, t.price*(1+priceStep)) }

func (t *target) choose() {
	best, tail := math.Inf(1), t.total
	for i, w := range t.weight[:bins-1] {
		tail -= w
		d := int64(i+1) * binWidth
		if c := math.Log(float64(d)) + t.price*tail/t.total; c < best {
			best, t.delay = c, d
		}
	}
}
