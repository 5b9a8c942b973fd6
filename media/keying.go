package media

import "time"

// KeyTiming is how a transmitter is keyed around speech.
type KeyTiming struct {
	// Lead is how long the transmitter is keyed before the first syllable, to
	// come up and open the squelches of those who listen. Speech waits for it.
	Lead time.Duration
	// Tail is how long it stays keyed after the last.
	Tail time.Duration
	// Min is the shortest it is keyed.
	Min time.Duration
	// Limit is the longest it is keyed without a pause; 0 is without end. What
	// is said beyond it is not sent.
	Limit time.Duration
	// Duty is the longest it is keyed, all told, in any DutyWindow; 0 is without
	// end. Once it has been, it cools down for CoolDown at least, and what is said
	// meanwhile is not sent.
	Duty, DutyWindow, CoolDown time.Duration
	// Interlock says that the radio cannot listen and transmit at once: it is not
	// keyed while somebody is heard on it. Of what is said meanwhile up to Hold
	// waits, and the rest is not sent.
	Interlock bool
	Hold      time.Duration
}

// Keying is the stage of the audio path before a transmitter: it delays speech
// by the lead and says when the transmitter is to be keyed. It counts samples,
// not time. One goroutine uses it, but for Stats; nothing in it allocates.
type Keying struct {
	tail, min, limit, cool int

	interlock bool
	backlog   backlog
	line      []int16 // what waits for the lead
	pos       int
	duty      duty

	on      bool // keyed at the moment
	hold    int  // samples for which the transmitter stays keyed
	keyed   int  // samples for which it has been keyed
	barred  bool // the limit was reached; until speech pauses
	cooling int  // samples for which it cools down

	accepted bool   // the last period has speech that will be on the air
	missed   uint64 // grows with all that was given and will not be

	stats keyCounts
}

// NewKeying returns a stage that has sent nothing.
func NewKeying(t KeyTiming) *Keying {
	k := &Keying{
		interlock: t.Interlock,
		line:      make([]int16, samplesIn(t.Lead)),
		duty:      newDuty(samplesIn(t.Duty), samplesIn(t.DutyWindow)),
	}
	if t.Interlock {
		k.backlog = newBacklog(samplesIn(t.Hold))
	}
	k.Retime(t)
	return k
}

// Retime changes Tail, Min, Limit and CoolDown, and nothing else, unless the
// transmitter is keyed: then it changes nothing, and returns false.
func (k *Keying) Retime(t KeyTiming) bool {
	if k.hold > 0 {
		return false
	}
	k.tail, k.min, k.limit, k.cool = samplesIn(t.Tail), samplesIn(t.Min), samplesIn(t.Limit), samplesIn(t.CoolDown)
	return true
}

// Process processes the next samples, which contain speech or do not, replaces
// them by those that are to sound now, and reports whether the transmitter is to
// be keyed from now on. What sounds while it is not is silence. taken says that
// somebody is heard on the radio.
func (k *Keying) Process(period []int16, speech, taken bool) (key bool) {
	speech = k.wait(period, speech, taken)
	k.coolDown(len(period))
	k.accepted = speech && !k.barred && k.cooling == 0
	switch {
	case !speech && k.hold == 0:
		k.barred, k.keyed = false, 0
	case speech && (k.barred || k.cooling > 0):
		k.lose(len(period))
	case speech:
		k.hold = max(len(period)+len(k.line)+k.tail, k.min-k.keyed)
	}
	if k.limit > 0 && k.keyed >= k.limit {
		k.cut()
		k.barred = true
	}
	k.delay(period)
	k.on = k.hold > 0
	k.duty.pass(len(period), k.on)
	if !k.on {
		clear(period)
		return false
	}
	k.hold = max(0, k.hold-len(period))
	k.keyed += len(period)
	k.stats.keyed.Add(uint64(len(period)))
	return true
}

// wait keeps speech back while the radio hears somebody, and then lets it out in
// order: pauses in what comes after it are left out until it has caught up. A
// radio that is keyed hears nobody, whatever its squelch says.
func (k *Keying) wait(period []int16, speech, taken bool) bool {
	taken = taken && k.interlock && !k.on
	if !taken && k.backlog.n == 0 {
		return speech
	}
	switch {
	case !taken && speech:
		k.backlog.exchange(period)
	case !taken:
		k.backlog.pop(period)
	default:
		if speech {
			k.lose(len(period) - k.backlog.push(period))
		}
		clear(period)
	}
	k.stats.waiting.Store(uint64(k.backlog.n))
	return !taken
}

// coolDown lets go of a transmitter that was keyed as long as it may, and does
// not key it again before it has cooled and may be keyed for a while.
func (k *Keying) coolDown(n int) {
	k.cooling = max(0, k.cooling-n)
	if k.duty.spent() {
		if k.hold > 0 {
			k.cut()
			k.keyed, k.cooling = 0, k.cool
			k.stats.coolDowns.Add(1)
		}
		k.cooling = max(k.cooling, n)
	}
	k.stats.cooling.Store(k.cooling > 0)
}

// ready reports whether speech that comes now would be on the air at once, taken
// saying whether somebody is heard on the radio.
func (k *Keying) ready(taken bool) bool {
	held := taken && k.interlock && !k.on
	return !held && !k.barred && k.cooling == 0 && !k.duty.spent()
}

// ends reports whether the transmitter is let go within n samples of its tail, unless
// speech comes.
func (k *Keying) ends(n int) bool { return k.hold < min(n, k.tail) }

// cut lets go of the transmitter, whatever is in the line.
func (k *Keying) cut() {
	if k.hold > 0 {
		k.hold = 0
		k.missed++
	}
}

// lose counts samples of speech that will not be on the air.
func (k *Keying) lose(n int) {
	k.stats.lost.Add(uint64(n))
	k.missed += uint64(n)
}

// delay exchanges period for what came the lead before it.
func (k *Keying) delay(period []int16) {
	if len(k.line) == 0 {
		return
	}
	for i := range period {
		period[i], k.line[k.pos] = k.line[k.pos], period[i]
		if k.pos++; k.pos == len(k.line) {
			k.pos = 0
		}
	}
}

func samplesIn(d time.Duration) int { return int(d * SampleRate / time.Second) }
