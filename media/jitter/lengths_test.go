package jitter

import (
	"fmt"
	"math"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thesyncim/gopus"

	"github.com/talkgate/talkgate/media"
)

// stream is packets of one sender, one after the other.
type stream [][]byte

// sender says how a stream is encoded.
type sender struct {
	mode     gopus.EncoderMode
	channels int
	length   int // samples an encoder's frame
	perPack  int // frames a packet
	bitrate  int
}

func (s sender) String() string {
	mode := map[gopus.EncoderMode]string{gopus.EncoderModeSILK: "SILK", gopus.EncoderModeHybrid: "hybrid", gopus.EncoderModeCELT: "CELT"}[s.mode]
	return fmt.Sprintf("%s, %d channels, %d×%g ms", mode, s.channels, s.perPack, float64(s.length)/48)
}

func speech(t testing.TB) []int16 {
	t.Helper()
	f, err := os.Open("../../hal/sim/speech.wav")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pcm, err := media.ReadWAV(f)
	if err != nil {
		t.Fatal(err)
	}
	return pcm[:min(len(pcm), 6*rate)]
}

// encode makes the packets of pcm.
func (s sender) encode(t testing.TB, pcm []int16) (all stream) {
	t.Helper()
	enc, err := gopus.NewEncoder(gopus.EncoderConfig{SampleRate: rate, Channels: s.channels, Application: gopus.ApplicationAudio})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{enc.SetMode(s.mode), enc.SetFrameSize(s.length), enc.SetBitrate(s.bitrate)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	var packet [4000]byte
	join := gopus.NewRepacketizer()
	for step := s.length; len(pcm) >= step; pcm = pcm[step:] {
		in := pcm[:step]
		if s.channels == 2 {
			in = make([]int16, 2*step)
			for i, v := range pcm[:step] {
				in[2*i], in[2*i+1] = v, v
			}
		}
		n, err := enc.EncodeInt16(in, packet[:])
		if err != nil {
			t.Fatal(err)
		}
		one := append([]byte(nil), packet[:n]...)
		if s.perPack == 1 {
			all = append(all, one)
			continue
		}
		if join.Cat(one) != nil { // it has changed its mode
			join.Reset()
			if err := join.Cat(one); err != nil {
				t.Fatal(err)
			}
		}
		if join.NumFrames() == s.perPack {
			n, err := join.Out(packet[:])
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, append([]byte(nil), packet[:n]...))
			join.Reset()
		}
	}
	return all
}

// hear plays packets as they come from a network that delays number n by late(n), and
// returns what sounds and what became of it.
func hear(t *testing.T, packets stream, period int, late func(n int) time.Duration, lost func(n int) bool) (pcm []int16, s Stats, p media.PlayoutStats) {
	synctest.Test(t, func(t *testing.T) {
		b := New(Config{})
		playout, err := media.NewPlayout(b, nil)
		if err != nil {
			t.Fatal(err)
		}
		type arrival struct {
			at time.Duration
			p  media.Packet
		}
		var arrivals []arrival
		ts := uint32(1000)
		for n, opus := range packets {
			length := media.OpusSamples(opus)
			if length == 0 {
				length = frame // not Opus, but sent for it
			}
			at := duration(int64(ts)+int64(length)) + late(n)
			if !lost(n) {
				arrivals = append(arrivals, arrival{at, media.Packet{Seq: uint16(n), Timestamp: ts, Marker: n == 0, Opus: opus}})
			}
			ts += uint32(length)
		}
		start, out := time.Now(), make([]int16, period)
		for at := time.Duration(0); at < duration(int64(ts)+rate/2); at += duration(int64(period)) {
			for len(arrivals) > 0 && arrivals[0].at <= at {
				a := arrivals[0]
				a.p.Arrived = start.Add(a.at)
				b.Push(a.p)
				arrivals = arrivals[1:]
			}
			playout.Fill(out)
			pcm = append(pcm, out...)
			time.Sleep(duration(int64(period)))
		}
		s, p = b.Stats(), playout.Stats()
	})
	return pcm, s, p
}

func never(int) bool           { return false }
func atOnce(int) time.Duration { return 0 }

func dB(pcm []int16) float64 {
	sum := 1e-9
	for _, v := range pcm {
		sum += float64(v) * float64(v)
	}
	return 10 * math.Log10(sum/float64(len(pcm))/(1<<30))
}

// Packets of every length that Opus has sound as loud as those of 20 ms, from each of
// its coders, mono and stereo, and nothing is made up where nothing is missing.
func TestEveryLengthSoundsAsLoud(t *testing.T) {
	pcm := speech(t)
	said := dB(pcm)
	ms := func(ms float64) int { return int(ms * 48) }
	var all []sender
	for _, channels := range []int{1, 2} {
		for _, length := range []float64{10, 20, 40, 60} {
			all = append(all, sender{gopus.EncoderModeSILK, channels, ms(length), 1, 24000})
		}
		for _, length := range []float64{2.5, 5, 10, 20} {
			all = append(all, sender{gopus.EncoderModeCELT, channels, ms(length), 1, 64000})
		}
		for _, length := range []float64{10, 20} {
			all = append(all, sender{gopus.EncoderModeHybrid, channels, ms(length), 1, 48000})
		}
		all = append(all,
			sender{gopus.EncoderModeSILK, channels, ms(20), 2, 24000},
			sender{gopus.EncoderModeSILK, channels, ms(20), 3, 24000},
			sender{gopus.EncoderModeSILK, channels, ms(60), 2, 24000},
			sender{gopus.EncoderModeHybrid, channels, ms(20), 6, 32000},
			sender{gopus.EncoderModeCELT, channels, ms(2.5), 8, 64000},
			sender{gopus.EncoderModeCELT, channels, ms(20), 6, 64000})
	}
	for _, s := range all {
		t.Run(s.String(), func(t *testing.T) {
			packets := s.encode(t, pcm)
			for _, period := range []int{240, 480, 1024} {
				got, stats, played := hear(t, packets, period, atOnce, never)
				level := dB(got) + 10*math.Log10(float64(len(got))/float64(len(pcm)))
				if level < said-1 || level > said+1 {
					t.Errorf("period %d: sounds at %.1f dBFS, said at %.1f", period, level, said)
				}
				if stats.Lost != 0 || stats.Late != 0 || stats.Refused != 0 || stats.Spurts != 1 ||
					stats.Played != uint64(len(packets)) || played.Decoded != uint64(len(packets)) || played.Broken != 0 {
					t.Errorf("period %d: %+v %+v", period, stats, played)
				}
				// Only at the end is it not known that nothing follows.
				if most := uint64(maxConceal / idle); stats.Concealed > most {
					t.Errorf("period %d: %d slots made up, want at most %d at the end", period, stats.Concealed, most)
				}
			}
		})
	}
}

// A sender may change coder, length and channels with every packet.
func TestSwitchingInMidStream(t *testing.T) {
	pcm := speech(t)
	var packets stream
	parts := []sender{
		{gopus.EncoderModeSILK, 1, 2880, 1, 24000}, {gopus.EncoderModeCELT, 2, 240, 1, 64000},
		{gopus.EncoderModeHybrid, 1, 480, 1, 48000}, {gopus.EncoderModeSILK, 2, 960, 3, 24000},
		{gopus.EncoderModeCELT, 1, 120, 8, 64000}, {gopus.EncoderModeSILK, 1, 960, 1, 24000},
	}
	each := len(pcm) / len(parts) / 2880 * 2880
	for i, s := range parts {
		packets = append(packets, s.encode(t, pcm[i*each:(i+1)*each])...)
	}
	said := dB(pcm[:each*len(parts)])
	got, stats, played := hear(t, packets, 480, atOnce, never)
	level := dB(got) + 10*math.Log10(float64(len(got))/float64(each*len(parts)))
	if level < said-1 || level > said+1 {
		t.Errorf("sounds at %.1f dBFS, said at %.1f", level, said)
	}
	// A packet that is longer than the one before comes so much later.
	if stats.Played != uint64(len(packets)) || stats.Lost != 0 || stats.Late > 5 || played.Broken != 0 {
		t.Errorf("%+v %+v", stats, played)
	}
}

// A network that delays packets by up to 40 ms and loses some costs packets of any
// length about the sound that was lost, and no more.
func TestLengthsOnABadNetwork(t *testing.T) {
	pcm := speech(t)
	said := dB(pcm)
	for _, s := range []sender{
		{gopus.EncoderModeSILK, 1, 960, 1, 24000}, {gopus.EncoderModeSILK, 1, 2880, 1, 24000},
		{gopus.EncoderModeSILK, 1, 1920, 1, 24000}, {gopus.EncoderModeSILK, 1, 960, 6, 24000},
		{gopus.EncoderModeHybrid, 1, 480, 1, 48000}, {gopus.EncoderModeCELT, 1, 240, 1, 64000},
		{gopus.EncoderModeCELT, 1, 120, 1, 64000},
	} {
		t.Run(s.String(), func(t *testing.T) {
			packets := s.encode(t, pcm)
			length := s.length * s.perPack
			jumps := func(n int) time.Duration {
				return time.Duration(n*length/frame*7%5) * 10 * time.Millisecond
			}
			lost := func(n int) bool { return n%20 == 19 }
			got, stats, played := hear(t, packets, 480, jumps, lost)
			level := dB(got) + 10*math.Log10(float64(len(got))/float64(len(pcm)))
			t.Logf("%.1f dBFS, said at %.1f; delay %v; %+v %+v", level, said, stats.Target, stats, played)
			// A bare decoder that conceals one packet of CELT in twenty loses up to 3 dB:
			// after a loss it is quieter for the next few packets.
			if level < said-3.5 || level > said+1 {
				t.Errorf("sounds at %.1f dBFS, said at %.1f", level, said)
			}
			if stats.Delay > 150*time.Millisecond {
				t.Errorf("it lags by %v", stats.Delay)
			}
			if want := uint64(len(packets) / 20); stats.Lost+1 < want || stats.Lost > want+1 {
				t.Errorf("%d lost, want %d", stats.Lost, want)
			}
		})
	}
}

// A stream of which nothing can be decoded is silent: no transmitter is keyed for it.
func TestWhatCannotBeDecodedKeysNothing(t *testing.T) {
	for name, opus := range map[string][]byte{
		"no Opus":                    {9<<3 | 3, 0, 1, 2, 3},
		"Opus by its head, no frame": {9<<3 | 1, 1, 2, 3},
	} {
		var packets stream
		for range 100 {
			packets = append(packets, opus)
		}
		synctest.Test(t, func(t *testing.T) {
			b := New(Config{})
			playout, err := media.NewPlayout(b, nil)
			if err != nil {
				t.Fatal(err)
			}
			out := make([]int16, frame)
			for n, opus := range packets {
				b.Push(media.Packet{Seq: uint16(n), Timestamp: uint32(n * frame), Arrived: time.Now(), Opus: opus})
				if playout.Fill(out) {
					t.Fatalf("%s: packet %d sounds", name, n)
				}
				time.Sleep(media.FrameDuration)
			}
			if s := b.Stats(); s.Refused != uint64(len(packets)) {
				t.Errorf("%s: %+v", name, s)
			}
		})
	}
}
