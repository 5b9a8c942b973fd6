package flight

import (
	"cmp"
	"slices"
	"time"

	"github.com/talkgate/talkgate/media"
)

// astray is how far a frame's timestamp may lead from the time it was recorded
// at; what is further away begins a spurt of its own.
const astray = 2 * time.Second

// placed is a packet at the time it sounds.
type placed struct {
	at, length time.Duration
	opus       []byte
}

func (p placed) end() time.Duration { return p.at + p.length }

// place puts the packets of the kinds where their timestamps say, each spurt from
// when its first packet was recorded on. No two overlap. What is not Opus is left out.
func place(entries []Entry, kinds ...Kind) []placed {
	var all []placed
	var origin time.Duration // of the spurt
	var first uint32
	open := false
	for _, e := range entries {
		length, ok := media.PacketDuration(e.Frame.Opus)
		if !ok || !slices.Contains(kinds, e.Kind) {
			continue
		}
		// The difference is signed: packets overtake one another.
		at := origin + time.Duration(int32(e.Frame.Timestamp-first))*time.Second/media.SampleRate
		if !open || e.Frame.First || (e.At-at).Abs() > astray {
			open, origin, first, at = true, e.At, e.Frame.Timestamp, e.At
		}
		all = append(all, placed{at, length, e.Frame.Opus})
	}
	slices.SortStableFunc(all, func(a, b placed) int { return cmp.Compare(a.at, b.at) })
	kept := all[:0]
	for _, p := range all {
		if n := len(kept); n == 0 || p.at >= kept[n-1].end()-time.Millisecond {
			kept = append(kept, p)
		}
	}
	return kept
}

// rests reports whether nothing was sent from p to next because nothing was said, by DTX.
func (p placed) rests(next placed) bool {
	return media.Pause(p.opus) && next.at-p.at <= media.PauseGap
}

// spurts are the stretches in which packets follow one another.
func spurts(frames []placed) []spurt {
	var all []spurt
	for i, f := range frames {
		end := f.end()
		if n := len(all); n > 0 && (f.at-all[n-1].To <= pause || frames[i-1].rests(f)) {
			all[n-1].To = end
			all[n-1].Frames++
			continue
		}
		all = append(all, spurt{f.at, end, 1})
	}
	return all
}

// pause parts two spurts.
const pause = 300 * time.Millisecond

// spurt is a stretch of sound.
type spurt struct {
	From, To time.Duration
	Frames   int
}
