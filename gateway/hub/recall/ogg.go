package recall

import (
	"fmt"
	"io"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4/pkg/media/oggwriter"

	"github.com/talkgate/talkgate/media"
)

// silence is 20 ms of it, a CELT frame that says so. A player leaves out as many at the
// beginning as the writer's header says (RFC 7845 section 4.2): 80 ms.
func silence() []byte { return []byte{31 << 3, 0xff, 0xfe} }

const skipped = 4

// sampleRate is that of Opus in Ogg, whatever was recorded (RFC 7845 section 5.1).
const sampleRate = 48000

// WriteSpurt writes a talk spurt of a channel as Ogg Opus (RFC 7845), as far as it has come,
// and returns it. The error wraps ErrUnknown where there is none.
func (s *Store) WriteSpurt(w io.Writer, channel string, id int64) (Spurt, error) {
	chosen := s.choose(channel, func(sp *spurt) bool { return sp.ID == id })
	if len(chosen) == 0 {
		return Spurt{}, fmt.Errorf("talk spurt %d on channel %q: %w", id, channel, ErrUnknown)
	}
	return chosen[0].Spurt, write(w, chosen)
}

// WriteLast writes the newest talk spurt of a channel as WriteSpurt does.
func (s *Store) WriteLast(w io.Writer, channel string) (Spurt, error) {
	chosen := s.choose(channel, func(*spurt) bool { return true })
	if len(chosen) == 0 {
		return Spurt{}, fmt.Errorf("channel %q: %w", channel, ErrUnknown)
	}
	last := chosen[len(chosen)-1]
	return last.Spurt, write(w, []spurt{last})
}

// WriteRange writes the talk spurts of a channel that began at from or later, and before
// to, one after the other without the silence between them, and returns them.
func (s *Store) WriteRange(w io.Writer, channel string, from, to time.Time) ([]Spurt, error) {
	chosen := s.choose(channel, func(sp *spurt) bool { return !sp.Since.Before(from) && sp.Since.Before(to) })
	if len(chosen) == 0 {
		return nil, fmt.Errorf("channel %q from %v to %v: %w", channel, from, to, ErrUnknown)
	}
	list := make([]Spurt, len(chosen))
	for i, sp := range chosen {
		list[i] = sp.Spurt
	}
	return list, write(w, chosen)
}

// choose copies talk spurts of a channel: their blocks are only ever appended to.
func (s *Store) choose(channel string, ok func(*spurt) bool) []spurt {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.logs[channel]
	if l == nil || s.keeps(channel) == 0 {
		return nil
	}
	var chosen []spurt
	for _, sp := range l.spurts {
		if ok(sp) && time.Since(sp.last) <= s.keep {
			one := *sp
			one.blocks = append([][]byte(nil), sp.blocks...)
			chosen = append(chosen, one)
		}
	}
	return chosen
}

func write(w io.Writer, spurts []spurt) error {
	ogg, err := oggwriter.NewWith(w, sampleRate, 1)
	if err != nil {
		return fmt.Errorf("write Ogg: %w", err)
	}
	put := func(opus []byte) error {
		if err := ogg.WriteRTP(&rtp.Packet{Payload: opus}); err != nil {
			return fmt.Errorf("write Ogg: %w", err)
		}
		return nil
	}
	for range skipped {
		if err := put(silence()); err != nil {
			return err
		}
	}
	for _, sp := range spurts {
		for _, block := range sp.blocks {
			for len(block) > 2 {
				size := int(block[0])<<8 | int(block[1])
				// What is no Opus is left out: a player would stop at it.
				if opus := block[2 : 2+size]; duration(opus) > 0 {
					if err := put(opus); err != nil {
						return err
					}
				}
				block = block[2+size:]
			}
		}
	}
	if err := ogg.Close(); err != nil {
		return fmt.Errorf("write Ogg: %w", err)
	}
	return nil
}

// duration is how long an Opus packet plays; zero for what is none.
func duration(opus []byte) time.Duration {
	d, _ := media.PacketDuration(opus)
	return d
}
