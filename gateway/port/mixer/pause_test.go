package mixer

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/media"
)

// paused is a mixer of which channel 1 has just said that it pauses (media.Pause), and a
// function that makes a channel send one packet.
func paused(cfg Config) (m *Mixer, h *heard, send func(channel int, opus []byte)) {
	m, h, _ = three(cfg)
	var seq uint16
	send = func(channel int, opus []byte) {
		seq++
		m.Receive(media.Packet{Channel: channel, Seq: seq, Timestamp: uint32(seq) * media.FrameSamples, Arrived: time.Now(), Opus: opus})
	}
	send(1, speech)
	send(1, rest)
	return m, h, send
}

var speech, rest = make([]byte, 80), make([]byte, 1)

// TestAPauseKeepsTheVoice: who pauses keeps its place as long as a pause may take, and
// no longer; who ends gives it up as ever.
func TestAPauseKeepsTheVoice(t *testing.T) {
	const step = media.FrameDuration
	for name, tc := range map[string]struct {
		refresh time.Duration // when channel 1 sends the next packets
		packets [][]byte
		heard   time.Duration // from when on the less important channel is
	}{
		"a refresh":   {400 * time.Millisecond, [][]byte{speech, rest}, 400*time.Millisecond + media.PauseGap},
		"no refresh":  {time.Hour, nil, media.PauseGap},
		"the end":     {400 * time.Millisecond, [][]byte{speech}, 600 * time.Millisecond},
		"its word on": {200 * time.Millisecond, [][]byte{speech, speech}, 400 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			l, p, send := paused(Config{})
			began, heard := time.Now(), time.Duration(0)
			for heard == 0 {
				now := time.Since(began)
				if now == tc.refresh {
					for _, opus := range tc.packets {
						send(1, opus)
					}
				}
				if now < tc.heard && l.Hears() != "first" {
					t.Errorf("%s: hears %q after %v", name, l.Hears(), now)
				}
				send(2, speech)
				if last := p.packets[len(p.packets)-1]; last.Channel == 2 {
					heard = now
				}
				time.Sleep(step)
			}
			if heard != tc.heard {
				t.Errorf("%s: the other is heard after %v, want %v", name, heard, tc.heard)
			}
		})
	}
}

// TestAPauseKeepsTheOtherSoft: who is ducked is not made loud in each of the better
// one's pauses.
func TestAPauseKeepsTheOtherSoft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p, send := paused(Config{Duck: true})
		for began := time.Now(); time.Since(began) < time.Second; time.Sleep(media.FrameDuration) {
			send(2, speech)
			last := p.packets[len(p.packets)-1]
			if soft := time.Since(began) < media.PauseGap; last.Channel != 2 || last.Lesser != soft {
				t.Errorf("after %v: channel %d, softer %v", time.Since(began), last.Channel, last.Lesser)
			}
		}
	})
}

func TestAPauseAllocatesNothing(t *testing.T) {
	_, p, send := paused(Config{})
	p.packets = make([]media.Packet, 0, 4000)
	if n := testing.AllocsPerRun(1000, func() { send(1, rest) }); n != 0 {
		t.Errorf("%v allocations a packet, want 0", n)
	}
}
