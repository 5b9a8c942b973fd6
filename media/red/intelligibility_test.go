package red_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/estoi"
	"github.com/talkgate/talkgate/media/jitter"
	"github.com/talkgate/talkgate/media/red"
)

// seconds of speech go over each trace.
const seconds = 30

// trace is a network that loses a share of packets, so many in a row.
type trace struct {
	name  string
	share float64
	burst int
	// least is the intelligibility that is wanted.
	least float64
}

var traces = []trace{
	{"no loss", 0, 1, 0.97},
	{"10 % at random", 0.1, 1, 0.955},
	{"20 % in twos", 0.2, 2, 0.955},
	{"30 % in threes", 0.3, 3, 0.905},
	{"50 % in fives", 0.5, 5, 0.75},
}

// lost marks the packets that are lost.
func (tr trace) lost(packets int, seed uint64) []bool {
	r := rand.New(rand.NewPCG(seed, 7))
	lost := make([]bool, packets)
	start := tr.share / (float64(tr.burst) - float64(tr.burst-1)*tr.share)
	for i := 0; i < packets; i++ {
		if r.Float64() >= start {
			continue
		}
		for end := min(i+tr.burst, packets); i < end; i++ {
			lost[i] = true
		}
		i--
	}
	return lost
}

// spoken is recorded speech, again and again, so that a trace meets each of its sounds.
func spoken(t testing.TB) []int16 {
	t.Helper()
	var pcm []int16
	for _, name := range []string{"front_center", "rear_right"} {
		f, err := os.Open("../testdata/" + name + ".wav")
		if err != nil {
			t.Fatal(err)
		}
		one, err := media.ReadWAV(f)
		_ = f.Close()
		if err != nil {
			t.Fatal(err)
		}
		pcm = append(append(pcm, one...), make([]int16, media.SampleRate/5)...)
	}
	for len(pcm) < seconds*media.SampleRate {
		pcm = append(pcm, pcm...)
	}
	return pcm[:seconds*media.SampleRate]
}

// encoded is speech as a port sends it.
func encoded(t testing.TB, pcm []int16) (packets [][]byte, lookahead int) {
	t.Helper()
	e, err := media.NewEncoder(media.EncoderConfig{FEC: true})
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+media.FrameSamples <= len(pcm); i += media.FrameSamples {
		b := make([]byte, media.MaxOpusFrame)
		n, err := e.Encode(pcm[i:i+media.FrameSamples], b)
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, b[:n])
	}
	return packets, e.Lookahead()
}

// received is what is left of a stream of packets.
type received struct {
	packets [][]byte // nil where one is missing
	kbits   float64  // a second, payloads only, in the second that had most
	mean    float64
	copies  float64 // a packet, on average
}

// transmit sends packets, one every 20 ms, with the copies that the receiver's reports
// ask for: one a second while there is loss, or one in 5 s, as the sessions send them.
func transmit(packets [][]byte, lost []bool, withCopies bool) received {
	const opus = 111
	s, depth := red.Sender{Opus: opus}, red.Depth{}
	got := received{packets: make([][]byte, len(packets))}
	receiver := red.NewReceiver(opus, red.PayloadType, func(p red.Packet) {
		got.packets[p.Seq] = append([]byte(nil), p.Opus...)
	})
	var all, second, missing, since, copies int
	for i, opusPacket := range packets {
		n := 0
		if withCopies {
			n = depth.Copies()
		}
		copies += n
		timestamp := uint32(i * media.FrameSamples)
		payload, isRED := s.Next(opusPacket, timestamp, i == 0, n)
		all, second = all+len(payload), second+len(payload)
		if i%50 == 49 {
			got.kbits, second = max(got.kbits, float64(second)*8/1000), 0
		}
		since++
		if lost[i] {
			missing++
			continue
		}
		pt := uint8(opus)
		if isRED {
			pt = red.PayloadType
		}
		receiver.Receive(pt, red.Packet{Seq: uint16(i), Timestamp: timestamp, Opus: payload})
		if missing > 0 && since >= 50 || since >= 250 {
			depth.Report(float64(missing) / float64(since))
			missing, since = 0, 0
		}
	}
	got.mean = float64(all) * 8 / 1000 / (float64(len(packets)) / 50)
	got.copies = float64(copies) / float64(len(packets))
	return got
}

// heard decodes what arrived, mending what is missing as the playout does.
func heard(t testing.TB, packets [][]byte) []int16 {
	t.Helper()
	d, err := media.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	pcm := make([]int16, len(packets)*media.FrameSamples)
	for i, p := range packets {
		out := pcm[i*media.FrameSamples:][:media.FrameSamples]
		switch {
		case p != nil:
			_, err = d.Decode(p, out)
		case i+1 < len(packets) && packets[i+1] != nil:
			err = d.DecodeFEC(packets[i+1], out)
		default:
			err = d.Conceal(out)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return pcm
}

// result is what a listener understands of a trace.
type result struct {
	understood float64
	received
}

func listen(t testing.TB, tr trace, withCopies bool, seeds int) (sum result) {
	t.Helper()
	pcm := spoken(t)
	packets, lag := encoded(t, pcm)
	for seed := range seeds {
		got := transmit(packets, tr.lost(len(packets), uint64(seed)), withCopies)
		out := heard(t, got.packets)
		score, err := estoi.Score(pcm[:len(out)-lag], out[lag:], media.SampleRate)
		if err != nil {
			t.Fatal(err)
		}
		sum.understood += score / float64(seeds)
		sum.mean += got.mean / float64(seeds)
		sum.copies += got.copies / float64(seeds)
		sum.kbits = max(sum.kbits, got.kbits)
	}
	return sum
}

func TestSpeechIsUnderstoodDespiteLoss(t *testing.T) {
	for _, tr := range traces {
		t.Run(tr.name, func(t *testing.T) {
			t.Parallel()
			fec, both := listen(t, tr, false, 1), listen(t, tr, true, 1)
			t.Logf("understood %.3f with FEC, %.3f with %.1f copies besides, %.0f kbit/s (most in a second: %.0f)",
				fec.understood, both.understood, both.copies, both.mean, both.kbits)
			if both.understood < tr.least {
				t.Errorf("understood: %.3f, want %.3f", both.understood, tr.least)
			}
			if both.kbits > red.MaxRate/1000 {
				t.Errorf("%.0f kbit/s, want at most %d", both.kbits, red.MaxRate/1000)
			}
			if tr.share == 0 && (both.mean != fec.mean || both.copies != 0) {
				t.Errorf("no loss: %.2f kbit/s with copies, %.2f without", both.mean, fec.mean)
			}
			if tr.share > 0 && 1-both.understood > 0.8*(1-fec.understood) {
				t.Errorf("what is not understood shrinks from %.3f to %.3f only", 1-fec.understood, 1-both.understood)
			}
		})
	}
}

// BenchmarkIntelligibility prints the table of docs/opus.md.
func BenchmarkIntelligibility(b *testing.B) {
	for _, tr := range traces {
		for arm, copies := range map[string]bool{"FEC": false, "FEC and copies": true} {
			b.Run(fmt.Sprint(tr.name, "/", arm), func(b *testing.B) {
				var r result
				for b.Loop() {
					r = listen(b, tr, copies, 3)
				}
				b.ReportMetric(r.understood, "ESTOI")
				b.ReportMetric(r.copies, "copies")
				b.ReportMetric(r.mean, "kbit/s")
				b.ReportMetric(r.kbits, "kbit/s-peak")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// The jitter buffer waits for copies where there are any, and not a millisecond where
// there are none.
func TestJitterBufferPlaysCopies(t *testing.T) {
	packets, _ := encoded(t, spoken(t))
	play := func(tr trace, withCopies bool) (stats jitter.Stats) {
		synctest.Test(t, func(t *testing.T) {
			b := jitter.New(jitter.Config{})
			p, err := media.NewPlayout(b, nil)
			if err != nil {
				t.Fatal(err)
			}
			got := arrivals(packets, tr.lost(len(packets), 1), withCopies)
			period := make([]int16, media.FrameSamples/2)
			for i := range packets {
				for _, one := range got[i] {
					one.Arrived = time.Now()
					b.Push(one)
				}
				for range 2 {
					p.Fill(period)
					time.Sleep(10 * time.Millisecond)
				}
			}
			stats = b.Stats()
		})
		return stats
	}
	clean, cleanWith := play(traces[0], false), play(traces[0], true)
	if clean.Delay != cleanWith.Delay || clean.Target != cleanWith.Target {
		t.Errorf("no loss: delay %v with copies to be had, %v without", cleanWith.Delay, clean.Delay)
	}
	bad := traces[3] // in threes
	fec, both := play(bad, false), play(bad, true)
	t.Logf("%s: of %d packets %d are played with FEC, %d with copies; target %v and %v", bad.name, len(packets), fec.Played, both.Played, fec.Target, both.Target)
	if missing, was := uint64(len(packets))-both.Played, uint64(len(packets))-fec.Played; missing*3 > was {
		t.Errorf("%d packets are missing with copies, %d without", missing, was)
	}
}

// arrivals is what reaches the jitter buffer in the time of each packet.
func arrivals(packets [][]byte, lost []bool, withCopies bool) [][]media.Packet {
	const opus = 111
	all := make([][]media.Packet, len(packets))
	s, copies, at := red.Sender{Opus: opus}, 0, 0
	receiver := red.NewReceiver(opus, red.PayloadType, func(p red.Packet) {
		all[at] = append(all[at], media.Packet{Seq: p.Seq, Timestamp: p.Timestamp, Marker: p.Marker, Opus: append([]byte(nil), p.Opus...)})
	})
	for i, opusPacket := range packets {
		at = i
		if withCopies && lost[i] {
			copies = red.MaxCopies
		}
		payload, isRED := s.Next(opusPacket, uint32(i*media.FrameSamples), i == 0, copies)
		if lost[i] {
			continue
		}
		pt := uint8(opus)
		if isRED {
			pt = red.PayloadType
		}
		receiver.Receive(pt, red.Packet{Seq: uint16(i), Timestamp: uint32(i * media.FrameSamples), Marker: i == 0, Opus: payload})
	}
	return all
}
