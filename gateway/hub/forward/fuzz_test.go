package forward

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/media"
)

// FuzzGate drives a gate with RTP and with changes of the floor. Each step is one byte
// that says what happens, one for how long after, and for a packet its length and bytes.
// Nothing may go out but of the source that is admitted, and no more sound than a member
// may send.
func FuzzGate(f *testing.F) {
	packet := func(seq uint16, marker bool) []byte {
		p := rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: seq, Timestamp: uint32(seq) * 960, Marker: marker}, Payload: []byte{0xF8, 1}}
		b, err := p.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		return append([]byte{0, 20, byte(len(b))}, b...)
	}
	f.Add(append(append([]byte{2, 0}, packet(1, true)...), packet(2, false)...))
	f.Add(append(append(append([]byte{}, packet(65535, true)...), 2, 40, 4, 0), packet(0, false)...))
	f.Add([]byte{0, 1, 2, 0x80, 0, 3, 200, 5, 255})
	f.Fuzz(func(t *testing.T, steps []byte) {
		began := time.UnixMilli(0)
		now, g := began, gate{hold: hold}
		sources := []*Source{newSource("a"), newSource("b")}
		var open *Source
		var epoch uint64
		var out Outgoing
		var sound time.Duration
		for len(steps) >= 2 {
			what, wait := steps[0], time.Duration(steps[1])*time.Millisecond
			steps = steps[2:]
			now = now.Add(wait)
			src := sources[what>>7]
			switch what & 7 {
			case 2, 3:
				epoch++
				g.admit(src, Grant{UserID: src.UserID, Epoch: epoch}, now.Add(time.Second))
				open = src
			case 4:
				g.shut()
				open = nil
			case 5:
				g.beginHangover()
			default:
				if len(steps) == 0 {
					return
				}
				n := min(int(steps[0]), len(steps)-1)
				var p rtp.Packet
				err := p.Unmarshal(steps[1 : 1+n])
				steps = steps[1+n:]
				if err != nil {
					continue
				}
				g.push(src, now, &p)
			}
			for g.next(now, &out) {
				if out.From != open {
					t.Fatal("a packet of a source that is not admitted went out")
				}
				d, ok := media.PacketDuration(out.Payload)
				if !ok {
					t.Fatalf("%x went out, which is no Opus", out.Payload)
				}
				sound += d
			}
			if most := 2*(maxAhead+120*time.Millisecond)*5/4 + 2*now.Sub(began)*5/4; sound > most {
				t.Fatalf("%v of sound went out in %v", sound, now.Sub(began))
			}
		}
	})
}

// FuzzSourceOrder inserts packets in any order: what is held is sorted within its run
// and has no packet twice.
func FuzzSourceOrder(f *testing.F) {
	f.Add([]byte{0, 1, 0, 3, 0, 2, 255, 255, 0, 0})
	f.Fuzz(func(t *testing.T, seqs []byte) {
		s := newSource("a")
		for ; len(seqs) >= 2; seqs = seqs[2:] {
			s.insert(time.UnixMilli(0), &rtp.Packet{Header: rtp.Header{SequenceNumber: binary.BigEndian.Uint16(seqs)}, Payload: []byte{0xF8}})
		}
		if s.n > holdPackets {
			t.Fatalf("%d packets are held", s.n)
		}
		seen := map[uint16]bool{}
		for i := range s.n {
			if seq := s.at(i).seq; seen[seq] && i > 0 && s.at(i-1).seq == seq {
				t.Fatalf("packet %d is held twice in a row", seq)
			} else {
				seen[seq] = true
			}
		}
	})
}
