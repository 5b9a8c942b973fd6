package media

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

// recorded returns recorded human speech, followed by half a second of silence.
func recorded(t testing.TB, name string) []int16 {
	t.Helper()
	f, err := os.Open("testdata/" + name + ".wav")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pcm, err := ReadWAV(f)
	if err != nil {
		t.Fatal(err)
	}
	pcm = append(pcm, make([]int16, SampleRate/2)...)
	return pcm[:len(pcm)/FrameSamples*FrameSamples]
}

func newEncoder(t testing.TB, cfg EncoderConfig) *Encoder {
	t.Helper()
	e, err := NewEncoder(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func newDecoder(t testing.TB) *Decoder {
	t.Helper()
	d, err := NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func encodeAll(t testing.TB, e *Encoder, pcm []int16) [][]byte {
	t.Helper()
	var packets [][]byte
	for i := 0; i+FrameSamples <= len(pcm); i += FrameSamples {
		b := make([]byte, MaxOpusFrame)
		n, err := e.Encode(pcm[i:i+FrameSamples], b)
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, b[:n])
	}
	return packets
}

func decodeAll(t testing.TB, d *Decoder, packets [][]byte) []int16 {
	t.Helper()
	pcm := make([]int16, len(packets)*FrameSamples)
	for i, p := range packets {
		if _, err := d.Decode(p, pcm[i*FrameSamples:]); err != nil {
			t.Fatalf("packet %d: %v", i, err)
		}
	}
	return pcm
}

// correlate is the shift of b against a that makes them most alike, and how alike
// that is: 1 is the same shape.
func correlate(a, b []int16, most int) (lag int, alike float64) {
	alike = -1
	for l := range most + 1 {
		var ab, aa, bb float64
		for i := 0; i+l < len(b) && i < len(a); i++ {
			x, y := float64(a[i]), float64(b[i+l])
			ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
		}
		if c := ab / math.Sqrt(aa*bb); c > alike {
			lag, alike = l, c
		}
	}
	return lag, alike
}

// burst is 50 ms of noise of about 400 Hz to 3 kHz in a second of silence, from at
// on. Below that the encoder's high-pass for voices shifts the phase, and the lag
// of recorded speech as a whole comes out a few samples shorter.
func burst(at int) []int16 {
	r := rand.New(rand.NewPCG(1, uint64(at)))
	pcm := make([]int16, SampleRate)
	var low, lower, mean float64
	for i := range SampleRate / 20 {
		low += (r.NormFloat64()*8000 - low) * 0.3
		lower += (low - lower) * 0.3
		mean += (lower - mean) * 0.05
		pcm[at+i] = int16(lower - mean)
	}
	return pcm
}

func TestWhatIsDecodedLagsByLookahead(t *testing.T) {
	// The card's period and the frame have no common start: any phase may occur.
	for _, at := range []int{9600, 9601, 9999, 10079, 10559} {
		for _, fec := range []bool{false, true} {
			e := newEncoder(t, EncoderConfig{FEC: fec})
			pcm := burst(at)
			got := decodeAll(t, newDecoder(t), encodeAll(t, e, pcm))
			lag, alike := correlate(pcm, got, FrameSamples)
			if lag > e.Lookahead() || lag < e.Lookahead()-3 || alike < 0.6 {
				t.Errorf("at %d, fec %v: decoded lags by %d samples (correlation %.3f); Lookahead says %d",
					at, fec, lag, alike, e.Lookahead())
			}
		}
	}
}

func TestEveryPacketIsWidebandSpeech(t *testing.T) {
	const silkWideband20ms = 9 // RFC 6716 section 3.1, table 2
	// Music on hold must not change it either, nor work and bits to spare.
	pcm := make([]int16, 3*SampleRate)
	for i, hz := range []float64{220, 277, 330, 440, 880, 1760, 3000} {
		for j, s := range sine(hz, []float64{1500, 3000}[i%2], len(pcm)) {
			pcm[j] += s
		}
	}
	pcm = append(pcm, longSpeech(t)...)
	for _, cfg := range []EncoderConfig{{}, {FEC: true}, {Bitrate: 64000, Complexity: 10}} {
		redundant := 0
		packets := encodeAll(t, newEncoder(t, cfg), pcm)
		for i, p := range packets {
			if got := p[0] >> 3; got != silkWideband20ms {
				t.Errorf("%+v: packet %d has configuration %d, want %d", cfg, i, got, silkWideband20ms)
			}
			if HasFEC(p) {
				redundant++
			}
		}
		if share := 100 * redundant / len(packets); (share > 20) != cfg.FEC {
			t.Errorf("%+v: %d %% of packets carry redundancy", cfg, share)
		}
	}
}

func TestEncoderHeedsItsSettings(t *testing.T) {
	speech := recorded(t, "front_center")
	size := func(cfg EncoderConfig) (n int) {
		for _, p := range encodeAll(t, newEncoder(t, cfg), speech) {
			n += len(p)
		}
		return n
	}
	if small, large := size(EncoderConfig{Bitrate: 12000}), size(EncoderConfig{Bitrate: 36000}); large < 2*small {
		t.Errorf("at three times the bitrate %d bytes become %d", small, large)
	}
	if got := newEncoder(t, EncoderConfig{Complexity: 3}).opus.Complexity(); got != 3 {
		t.Errorf("complexity is %d, want 3", got)
	}
}

// What was said in one talk spurt, perhaps never to be sent, must not be heard in
// the next.
func TestResetStartsAfresh(t *testing.T) {
	speech := recorded(t, "front_center")
	first := encodeAll(t, newEncoder(t, EncoderConfig{FEC: true}), speech)
	heard := decodeAll(t, newDecoder(t), first)
	e, d := newEncoder(t, EncoderConfig{FEC: true}), newDecoder(t)
	for _, frames := range []int{10, 12, 14} { // in the middle of a vowel
		decodeAll(t, d, encodeAll(t, e, speech[:frames*FrameSamples]))
		e.Reset()
		d.Reset()
		again := encodeAll(t, e, speech)
		if !slices.EqualFunc(first, again, bytes.Equal) {
			t.Errorf("after %d frames another talk spurt is encoded differently", frames)
		}
		if !slices.Equal(heard, decodeAll(t, d, again)) {
			t.Errorf("after %d frames another talk spurt is decoded differently", frames)
		}
		e.Reset()
		d.Reset()
	}
}

func TestEncoderRefusesWhatItCannotDo(t *testing.T) {
	for _, cfg := range []EncoderConfig{
		{Bitrate: 5999}, {Bitrate: 64001}, {Complexity: 11}, {Complexity: -1}, {ExpectedLoss: -1}, {FEC: true, ExpectedLoss: 101},
	} {
		if _, err := NewEncoder(cfg); err == nil {
			t.Errorf("%+v was accepted", cfg)
		}
	}
	if _, err := newEncoder(t, EncoderConfig{}).Encode(make([]int16, FrameSamples-1), make([]byte, MaxOpusFrame)); err == nil {
		t.Error("a frame that is too short was accepted")
	}
}

func TestDecoderRefusesWhatIsNotOpus(t *testing.T) {
	d, pcm := newDecoder(t), make([]int16, FrameSamples)
	for name, packet := range map[string][]byte{
		"empty":            {},
		"longer than pcm":  {11 << 3, 1, 2, 3},
		"odd pair":         {9<<3 | 1, 1, 2, 3, 4},
		"no frames":        {9<<3 | 3, 0},
		"too many":         {9<<3 | 3, 63, 1, 2},
		"length past end":  {9<<3 | 2, 200, 1},
		"nothing but head": {9<<3 | 3},
	} {
		if _, err := d.Decode(packet, pcm); !errors.Is(err, ErrNotOpus) {
			t.Errorf("%s: %v, want %v", name, err, ErrNotOpus)
		}
		if err := d.Conceal(pcm); err != nil {
			t.Errorf("%s: what takes its place: %v", name, err)
		}
	}
	good := encodeAll(t, newEncoder(t, EncoderConfig{}), recorded(t, "front_center"))
	if got := decodeAll(t, d, good); len(got) == 0 {
		t.Error("good packets no longer decode")
	}
}

// Whatever comes from the network, the decoder answers with a frame or an error,
// and goes on.
func FuzzDecoder(f *testing.F) {
	good := encodeAll(f, newEncoder(f, EncoderConfig{FEC: true}), recorded(f, "front_center")[10*FrameSamples:])[:12]
	for _, p := range good[4:] {
		f.Add(p, good[5])
	}
	f.Add([]byte{}, []byte{0xff})
	f.Add([]byte{11 << 3, 1, 2, 3}, []byte{28<<3 | 7, 12, 1, 2, 3})
	pcm := make([]int16, MaxOpusSamples)
	f.Fuzz(func(t *testing.T, first, second []byte) {
		d := newDecoder(t)
		decodeAll(t, d, good[8:])
		if n, err := d.Decode(first, pcm); err == nil && n != OpusSamples(first) {
			t.Errorf("decoded %d samples of a packet of %d", n, OpusSamples(first))
		}
		if HasFEC(second) {
			_ = d.DecodeFEC(second, pcm[:OpusSamples(second)])
		}
		_, _ = d.Decode(second, pcm)
		_ = d.DecodeFEC(first, pcm[:OpusSamples(first)])
		if err := d.Conceal(pcm); err != nil {
			t.Error(err)
		}
		decodeAll(t, d, good[8:])
	})
}
