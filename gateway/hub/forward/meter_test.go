package forward

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/media"
)

// opusTone is n packets of a sine of an amplitude below full scale.
func opusTone(t testing.TB, amplitude float64, n int) [][]byte {
	t.Helper()
	enc, err := media.NewEncoder(media.EncoderConfig{Bitrate: 24000})
	if err != nil {
		t.Fatal(err)
	}
	var packets [][]byte
	pcm := make([]int16, media.FrameSamples)
	for f := range n {
		for i := range pcm {
			pcm[i] = int16(32767 * amplitude * math.Sin(2*math.Pi*440*float64(f*media.FrameSamples+i)/media.SampleRate))
		}
		buf := make([]byte, media.MaxOpusFrame)
		size, err := enc.Encode(pcm, buf)
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, buf[:size])
	}
	return packets
}

func TestMeterTellsLevels(t *testing.T) {
	loud, soft := opusTone(t, 0.5, 20), opusTone(t, 0.05, 20)
	synctest.Test(t, func(t *testing.T) {
		reported := make(chan map[string]float64, 100)
		m := NewMeter(func(l map[string]float64) { reported <- l })
		ctx, cancel := context.WithCancel(t.Context())
		defer synctest.Wait()
		defer cancel()
		go m.Run(ctx)
		say := func(user string, packets [][]byte) {
			for i, p := range packets {
				m.Hear(&Outgoing{Packet: rtp.Packet{Header: rtp.Header{Marker: i == 0}, Payload: p}, From: newSource(user)})
				time.Sleep(media.FrameDuration)
			}
		}
		var reports []map[string]float64
		collect := func() {
			synctest.Wait()
			for len(reported) > 0 {
				reports = append(reports, <-reported)
			}
		}
		check := func(user string, want float64) {
			t.Helper()
			collect()
			last := reports[len(reports)-1]
			if got, ok := last[user]; !ok || len(last) != 1 || math.Abs(got-want) > 2 {
				t.Errorf("levels %v, want %s near %v dBFS", last, user, want)
			}
		}
		say("a", loud) // 400 ms
		check("a", -9)
		if n := len(reports); n < 3 || n > 4 {
			t.Errorf("%d reports in 400 ms", n)
		}
		say("b", soft)
		check("b", -29)
		time.Sleep(time.Second)
		collect()
		n := len(reports)
		if last := reports[n-1]; len(last) != 0 || n > 10 {
			t.Errorf("%d reports, the last %v; want one empty when nobody talks any more", n, last)
		}
	})
}

// What a member sends as Opus may be anything.
func FuzzMeterDecode(f *testing.F) {
	for _, p := range opusTone(f, 0.3, 3) {
		f.Add(p)
	}
	f.Add([]byte{})
	f.Add([]byte{0xFF, 0x41})
	f.Fuzz(func(t *testing.T, packet []byte) {
		m := NewMeter(nil)
		m.Begin("a")
		n, err := m.decode(packet)
		if err == nil && (n < 0 || n > len(m.pcm)) {
			t.Fatalf("%d samples", n)
		}
		if err == nil {
			m.level.Measure(m.pcm[:n])
		}
		if rms := m.level.RMS(); math.IsNaN(rms) || rms > 1 {
			t.Fatalf("%v dBFS", rms)
		}
	})
}
