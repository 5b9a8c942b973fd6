// Package recall keeps recent talk spurts of a hub's channels in memory, as Opus packets,
// so that members can play them again.
//
// Its memory is bounded for each channel and in total; the oldest talk spurts are erased
// first. It is safe for concurrent use.
package recall

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// Config bounds a Store. The zero value is an hour, 25 MB a channel and 512 MB in all.
type Config struct {
	// Keep is how long a talk spurt is kept after it ended; below zero, nothing is kept.
	Keep time.Duration
	// ChannelBytes and TotalBytes bound the memory of one channel, and of all.
	ChannelBytes, TotalBytes int
	// Off are the channels of which nothing is kept.
	Off []string
}

const (
	// blockBytes is the unit of memory of a talk spurt: 1.4 s at 24 kbit/s.
	blockBytes = 4 << 10
	// spurtBytes is what a talk spurt takes beside its blocks, at most.
	spurtBytes = 1 << 10
	// prunePeriod is how often what is too old is erased.
	prunePeriod = 10 * time.Second
	// mendGap is the longest silence within a talk spurt: DTX sends nothing for 400 ms.
	mendGap = 2 * time.Second
)

// ErrUnknown means that there is no such talk spurt, or no longer.
var ErrUnknown = errors.New("there is no such talk spurt, or none any more")

// Store keeps the talk spurts of all channels of a hub.
type Store struct {
	keep           time.Duration
	channel, total int

	mu    sync.Mutex
	logs  map[string]*log
	off   map[string]struct{}
	bytes int
	last  int64 // the ID of the newest talk spurt
}

// log is one channel. Its fields are guarded by the store's lock.
type log struct {
	spurts []*spurt // oldest first
	bytes  int
	floor  Talker // who has the floor
}

// Talker is who has the floor of a channel.
type Talker struct {
	UserID, UserName string
	Emergency        bool
}

// End is how a talk spurt ended: Reason in the words of the hub's notices, and By, who cut
// it off, empty where nobody did.
type End struct{ Reason, By string }

// Spurt is one talk spurt.
type Spurt struct {
	// ID is unique in the store, and grows.
	ID int64
	Talker
	Since time.Time
	// Length is from the first packet to the end of the last.
	Length time.Duration
	// End is zero while the talk spurt goes on.
	End End
}

type spurt struct {
	Spurt
	number uint32 // of the gate
	last   time.Time
	blocks [][]byte
}

// New returns an empty Store.
func New(cfg Config) *Store {
	s := &Store{keep: cfg.Keep, channel: cfg.ChannelBytes, total: cfg.TotalBytes, logs: map[string]*log{}, off: map[string]struct{}{}}
	if s.keep == 0 {
		s.keep = time.Hour
	}
	if s.channel == 0 {
		s.channel = 25e6
	}
	if s.total == 0 {
		s.total = 512e6
	}
	for _, channel := range cfg.Off {
		s.off[channel] = struct{}{}
	}
	return s
}

// Run erases what is too old until ctx ends.
func (s *Store) Run(ctx context.Context) {
	tick := time.NewTicker(prunePeriod)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			s.prune(now)
		}
	}
}

// Keeps returns how long talk spurts of a channel are kept; zero if they are not.
func (s *Store) Keeps(channel string) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keeps(channel)
}

func (s *Store) keeps(channel string) time.Duration {
	if _, off := s.off[channel]; off {
		return 0
	}
	return max(0, s.keep)
}

// Switch turns the recall of a channel on or off. Off erases what was kept.
func (s *Store) Switch(channel string, on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if on {
		delete(s.off, channel)
		return
	}
	s.off[channel] = struct{}{}
	if l := s.logs[channel]; l != nil {
		s.bytes -= l.bytes
		delete(s.logs, channel)
	}
}

// Floor records who has the floor of a channel, nil for nobody, and how the previous talk
// spurt ended.
func (s *Store) Floor(channel string, talker *Talker, end End) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.logs[channel]
	if l == nil {
		if talker == nil || s.keeps(channel) == 0 {
			return
		}
		l = &log{}
		s.logs[channel] = l
	}
	if n := len(l.spurts); n > 0 && l.spurts[n-1].End == (End{}) {
		newest := l.spurts[n-1]
		// The first packets may have come before this news of their talker.
		if talker == nil || talker.UserID != newest.UserID || l.floor.UserID == newest.UserID {
			newest.End = end
		} else {
			newest.Emergency = talker.Emergency
		}
	}
	l.floor = Talker{}
	if talker != nil {
		l.floor = *talker
	}
}

// Packet stores a copy of a member's Opus packet. number identifies the talk spurt: it
// differs from that of the previous one.
func (s *Store) Packet(channel string, number uint32, userID, userName string, opus []byte, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keeps(channel) == 0 || len(opus) > blockBytes-2 {
		return
	}
	l := s.logs[channel]
	if l == nil {
		l = &log{}
		s.logs[channel] = l
	}
	sp := s.spurtOf(l, number, userID, userName, now)
	n := len(sp.blocks) - 1
	if n < 0 || len(sp.blocks[n])+2+len(opus) > blockBytes {
		sp.blocks = append(sp.blocks, make([]byte, 0, blockBytes))
		n++
		l.bytes += blockBytes
		s.bytes += blockBytes
	}
	sp.blocks[n] = append(append(sp.blocks[n], byte(len(opus)>>8), byte(len(opus))), opus...)
	sp.last = now.Add(duration(opus))
	sp.Length = sp.last.Sub(sp.Since)
	s.bound(l)
}

// spurtOf is the talk spurt that a packet belongs to, a new one where it begins one.
func (s *Store) spurtOf(l *log, number uint32, userID, userName string, now time.Time) *spurt {
	if n := len(l.spurts); n > 0 {
		newest := l.spurts[n-1]
		if newest.number == number && newest.UserID == userID && now.Sub(newest.last) < mendGap {
			return newest
		}
		if newest.End == (End{}) {
			newest.End = End{Reason: "released"}
		}
	}
	s.last = max(s.last+1, now.UnixMilli())
	sp := &spurt{Spurt: Spurt{ID: s.last, Talker: Talker{UserID: userID, UserName: userName}, Since: now}, number: number}
	if l.floor.UserID == userID {
		sp.Emergency = l.floor.Emergency
	}
	l.spurts = append(l.spurts, sp)
	l.bytes += spurtBytes
	s.bytes += spurtBytes
	return sp
}

// bound erases the oldest talk spurts until the memory of a channel, and of all, is within
// its bounds. A talk spurt that is longer than all there is room for loses its beginning.
func (s *Store) bound(l *log) {
	for l.bytes > s.channel {
		s.dropOldest(l)
	}
	for s.bytes > s.total {
		oldest := l
		for _, other := range s.logs {
			if len(other.spurts) > 0 && (len(oldest.spurts) == 0 || other.spurts[0].Since.Before(oldest.spurts[0].Since)) {
				oldest = other
			}
		}
		s.dropOldest(oldest)
	}
}

func (s *Store) dropOldest(l *log) {
	if len(l.spurts) == 1 {
		only := l.spurts[0]
		only.blocks = slices.Delete(only.blocks, 0, 1)
		l.bytes -= blockBytes
		s.bytes -= blockBytes
		return
	}
	size := spurtBytes + len(l.spurts[0].blocks)*blockBytes
	l.spurts = slices.Delete(l.spurts, 0, 1)
	l.bytes -= size
	s.bytes -= size
}

func (s *Store) prune(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for channel, l := range s.logs {
		for len(l.spurts) > 0 && now.Sub(l.spurts[0].last) > s.keep {
			size := spurtBytes + len(l.spurts[0].blocks)*blockBytes
			l.spurts = slices.Delete(l.spurts, 0, 1)
			l.bytes -= size
			s.bytes -= size
		}
		if len(l.spurts) == 0 && l.floor == (Talker{}) {
			delete(s.logs, channel)
		}
	}
}

// Spurts returns the talk spurts of a channel, the oldest first.
func (s *Store) Spurts(channel string, now time.Time) []Spurt {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []Spurt{}
	if l := s.logs[channel]; l != nil {
		for _, sp := range l.spurts {
			if now.Sub(sp.last) <= s.keep {
				list = append(list, sp.Spurt)
			}
		}
	}
	return list
}
