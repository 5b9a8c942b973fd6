package detect

import "time"

const (
	loopFrame = 20 * time.Millisecond
	// loopWindow is how many frames of 20 ms are compared at once (1.5 s), and
	// loopNearest and loopFarthest how many earlier it may have been said.
	loopWindow                = 75
	loopNearest, loopFarthest = 2, 80
	// loopSince is over how many frames changes are looked at: the long sounds of
	// speech are alike, their changes are not.
	loopSince = 4
	// loopAlike is the least correlation, loopRich the least number of frames that
	// it rests on: a word said twice, or a tone that was switched on twice, is no loop.
	loopAlike = 0.7
	loopRich  = 20.0
	// loopTurns shares the comparisons among as many frames, and loopAgain is how
	// often in a row one and the same delay has to be found.
	loopTurns = 10
	loopAgain = 2

	loopRing = 256 // more than loopWindow+loopFarthest+loopSince, and a power of 2
)

// Loop tells whether what a radio hears was said on the channel just before: whether
// another gateway transmits on the radio's frequency what the channel says. It
// compares how 8 bands from 400 Hz to 2500 Hz swell and fade (by their normalised
// cross-correlation), which survives codecs, radios and levels.
//
// Told belongs to the loudspeaker's goroutine, Hear to the microphone's.
type Loop struct {
	low     *Decimator // of the loudspeaker
	speaker *bands
	frames  chan loudness

	mic   *bands
	given [loopRing]loudness // of the loudspeaker, the latest at count-1
	count int

	open   bool
	found  bool
	anchor int // count when it opened
	n      int // frames heard since

	// By frame: what was heard, what of it was sent, its changes, and those of what was
	// said on the channel. Frames before the opening are negative.
	heard, sent      [loopRing]loudness
	changes, channel [loopRing]change
	// The energy of changes and channel up to each frame, and the two beside one another
	// at each lag.
	changed, said [loopRing]energy
	alike         [loopFarthest + 1]likeness

	like        float64 // the best of this turn
	lag, before int     // its lag in frames, and that of the turn before
	agreed      int     // turns in a row with one lag
}

// NewLoop returns a detector that has heard nothing.
func NewLoop() *Loop {
	return &Loop{low: NewDecimator(), speaker: newBands(), mic: newBands(), frames: make(chan loudness, 64)}
}

// Told processes pcm, the next samples of the loudspeaker, at the pace of the card:
// what others say on the channel, and silence. It neither blocks nor allocates.
func (l *Loop) Told(pcm []int16) {
	for low := l.low.Take(pcm); len(low) > 0; {
		rest, frame, full := l.speaker.add(low)
		if low = rest; !full {
			return
		}
		select {
		case l.frames <- frame:
		default: // the microphone has stopped
		}
	}
}

// Hear processes low, the next of the radio at Rate, whether its squelch is open and
// whether what it hears is sent to the channel. It reports once an opening that what
// is heard was said on the channel, and how much earlier. It neither blocks nor
// allocates.
func (l *Loop) Hear(low []float64, open, sent bool) (delay time.Duration, found bool) {
	l.follow()
	if !open {
		l.open = false
		return 0, false
	}
	if !l.open {
		l.start()
	}
	for len(low) > 0 && !l.found {
		rest, frame, full := l.mic.add(low)
		if low = rest; !full {
			break
		}
		l.add(frame, sent)
		if l.found = l.n >= loopWindow && l.compareLags(); l.found {
			return time.Duration(l.lag) * loopFrame, true
		}
	}
	return 0, false
}

// Forget is for what is heard and not sent: a loop is looked for anew in what is heard
// of the opening from now on, unless it was found.
func (l *Loop) Forget() { l.open = l.open && l.found }

// follow takes over what the loudspeaker was given.
func (l *Loop) follow() {
	for {
		select {
		case frame := <-l.frames:
			l.given[l.count&(loopRing-1)] = frame
			l.count++
		default:
			return
		}
	}
}

// start begins an opening, with what was said before it.
func (l *Loop) start() {
	l.open, l.found, l.anchor, l.n, l.agreed, l.like = true, false, l.count, 0, 0, 0
	l.mic.restart()
	clear(l.heard[:])
	clear(l.sent[:])
	clear(l.alike[:])
	l.changed[loopRing-1] = energy{}
	l.said[(-loopFarthest-1)&(loopRing-1)] = energy{}
	for i := -loopFarthest; i < -loopNearest; i++ {
		l.addSaid(i)
	}
}

// addSaid adds what was said on the channel in frame i, the next.
func (l *Loop) addSaid(i int) {
	c := l.saidAt(i).since(l.saidAt(i - loopSince))
	l.channel[i&(loopRing-1)] = c
	l.said[i&(loopRing-1)] = l.said[(i-1)&(loopRing-1)].plus(c)
}

// add processes what is heard in the next frame.
func (l *Loop) add(frame loudness, sent bool) {
	i := l.n
	l.n++
	l.heard[i&(loopRing-1)] = frame
	l.sent[i&(loopRing-1)] = loudness{}
	if sent {
		l.sent[i&(loopRing-1)] = frame
	}
	l.changes[i&(loopRing-1)] = change{}
	if i >= loopSince {
		l.changes[i&(loopRing-1)] = frame.since(l.heard[(i-loopSince)&(loopRing-1)])
	}
	l.changed[i&(loopRing-1)] = l.changed[(i-1)&(loopRing-1)].plus(l.changes[i&(loopRing-1)])
	l.addSaid(i - loopNearest) // told by now, whatever the periods of the cards
	for lag := loopNearest; lag <= loopFarthest; lag++ {
		l.alike[lag].enter(&l.changes[i&(loopRing-1)], &l.channel[(i-lag)&(loopRing-1)])
		if first := i - loopWindow; first >= 0 {
			l.alike[lag].leave(&l.changes[first&(loopRing-1)], &l.channel[(first-lag)&(loopRing-1)])
		}
	}
}

// saidAt is what was said on the channel in frame i: by others, or by the radio.
func (l *Loop) saidAt(i int) (said loudness) {
	if at := l.anchor + i; at >= 0 && at < l.count && at >= l.count-loopRing {
		said = l.given[at&(loopRing-1)]
	}
	if i >= 0 {
		said = said.or(l.sent[i&(loopRing-1)])
	}
	return said
}

// compareLags compares what was heard with a part of the lags. After each turn it
// reports whether one lag was found often enough.
func (l *Loop) compareLags() bool {
	turn := l.n % loopTurns
	for lag := loopNearest + turn; lag <= loopFarthest; lag += loopTurns {
		if like := l.compare(lag); like > l.like {
			l.like, l.lag = like, lag
		}
	}
	if turn != loopTurns-1 {
		return false
	}
	switch {
	case l.like < loopAlike:
		l.agreed = 0
	case l.agreed > 0 && (l.lag-l.before > 1 || l.before-l.lag > 1):
		l.agreed = 1
	default:
		l.agreed++
	}
	l.like, l.before = 0, l.lag
	return l.agreed >= loopAgain
}

// compare is how much what was heard is like what was said lag frames before, from 0
// to 1: 0 if there was too little.
func (l *Loop) compare(lag int) float64 {
	i, before := l.n-1, l.n-1-loopWindow
	return l.alike[lag].of(
		l.changed[i&(loopRing-1)].since(l.changed[before&(loopRing-1)]),
		l.said[(i-lag)&(loopRing-1)].since(l.said[(before-lag)&(loopRing-1)]))
}
