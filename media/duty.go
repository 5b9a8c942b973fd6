package media

// dutySlots is into how many parts the window of a duty cycle is divided.
const dutySlots = 8

// duty counts for how many samples a transmitter was keyed in a sliding window.
// It forgets a slot at a time, when all of it is a window ago.
type duty struct {
	limit, slot int // samples; limit 0 is without end
	sum         int
	slots       [dutySlots + 1]int
	now, into   int // the present slot, and how far it has gone
}

func newDuty(limit, window int) duty { return duty{limit: limit, slot: max(1, window/dutySlots)} }

// pass lets n samples go by.
func (d *duty) pass(n int, keyed bool) {
	if d.limit == 0 {
		return
	}
	if keyed {
		d.slots[d.now] += n
		d.sum += n
	}
	for d.into += n; d.into >= d.slot; d.into -= d.slot {
		d.now = (d.now + 1) % len(d.slots)
		d.sum -= d.slots[d.now]
		d.slots[d.now] = 0
	}
}

// spent says that it was keyed as long as it may.
func (d *duty) spent() bool { return d.limit > 0 && d.sum >= d.limit }
