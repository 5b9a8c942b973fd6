//go:build libopus

package media

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// reference is libopus as a program. It needs gcc and libopus-dev, so its tests
// run only with -tags libopus. LIBOPUS in the environment has gcc's arguments for
// another version, as in LIBOPUS="-I/opt/opus/include /opt/opus/lib/libopus.a -lm".
type reference string

func newReference(t testing.TB) reference {
	t.Helper()
	exe := filepath.Join(t.TempDir(), "opusref")
	args := append([]string{"-O2", "-o", exe, "testdata/libopus/opusref.c"}, strings.Fields(cmp.Or(os.Getenv("LIBOPUS"), "-lopus"))...)
	if out, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
		t.Fatalf("build the reference (apt-get install gcc libopus-dev): %v\n%s", err, out)
	}
	return reference(exe)
}

func (r reference) run(t testing.TB, in []byte, args ...string) []byte {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(string(r), args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, &errs)
	}
	return out.Bytes()
}

func (r reference) encode(t testing.TB, pcm []int16, loss int) [][]byte {
	t.Helper()
	raw, _ := binary.Append(nil, binary.LittleEndian, pcm)
	b := r.run(t, raw, "encode", strconv.Itoa(DefaultBitrate), strconv.Itoa(DefaultComplexity), strconv.Itoa(loss))
	var packets [][]byte
	for len(b) > 0 {
		n := 2 + int(binary.LittleEndian.Uint16(b))
		packets, b = append(packets, b[2:n]), b[n:]
	}
	return packets
}

func (r reference) receive(t testing.TB, packets [][]byte, lost []bool) []int16 {
	t.Helper()
	var in []byte
	var trace strings.Builder
	for i, p := range packets {
		in = append(binary.LittleEndian.AppendUint16(in, uint16(len(p))), p...)
		trace.WriteByte("01"[map[bool]int{true: 1}[lost[i]]])
	}
	b := r.run(t, in, "decode", trace.String())
	pcm := make([]int16, len(b)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return pcm
}

// Loss hurts speech that we encode and decode no more than it hurts speech that
// libopus encodes and decodes, with the same settings and losses.
func TestLossComparedWithLibopus(t *testing.T) {
	ref := newReference(t)
	speech := longSpeech(t)
	ours := encodeAll(t, newEncoder(t, EncoderConfig{FEC: true}), speech)
	theirs := ref.encode(t, speech, DefaultExpectedLoss)
	if len(ours) != len(theirs) {
		t.Fatalf("%d packets of ours, %d of libopus", len(ours), len(theirs))
	}
	none := make([]bool, len(ours))
	size := func(packets [][]byte) (kbits float64) {
		for _, p := range packets {
			kbits += float64(len(p)) * 8 / 1000
		}
		return kbits / (float64(len(packets)) / 50)
	}
	same := 0
	for i := range ours {
		if bytes.Equal(ours[i], theirs[i]) {
			same++
		}
	}
	t.Logf("bitrate: ours %.1f kbit/s, libopus %.1f kbit/s; %d of %d packets are the same to the bit", size(ours), size(theirs), same, len(ours))

	// Against what was said: the codecs' lag taken off, as both have the same.
	lag := newEncoder(t, EncoderConfig{}).Lookahead() - 2
	said := func(got []int16) float64 { return segmentalSNR(speech[:len(speech)-lag], got[lag:]) }
	ourIntact, theirIntact := receive(t, newDecoder(t), ours, none), ref.receive(t, theirs, none)
	t.Logf("no loss, segmental SNR against the microphone: ours %.2f dB, libopus %.2f dB", said(ourIntact), said(theirIntact))
	t.Logf("decoders on the same packets: %.1f dB apart (ours encoded), %.1f dB (libopus encoded)",
		segmentalSNR(ref.receive(t, ours, none), ourIntact), segmentalSNR(theirIntact, receive(t, newDecoder(t), theirs, none)))

	const traces = 10
	for _, c := range []struct {
		name string
		lose func(packets int, p float64, seed uint64) []bool
		p    float64
	}{{"10 % random", randomLoss, 0.1}, {"20 % in pairs", burstLoss, 0.2}} {
		var us, them, apart, usSaid, themSaid float64
		for seed := range uint64(traces) {
			lost := c.lose(len(ours), c.p, seed)
			ourGot, theirGot := receive(t, newDecoder(t), ours, lost), ref.receive(t, theirs, lost)
			us += segmentalSNR(ourIntact, ourGot) / traces
			them += segmentalSNR(theirIntact, theirGot) / traces
			usSaid += said(ourGot) / traces
			themSaid += said(theirGot) / traces
			apart += segmentalSNR(ref.receive(t, ours, lost), ourGot) / traces
		}
		t.Logf("%s, segmental SNR: against no loss ours %.2f dB, libopus %.2f dB; against the microphone %.2f, %.2f dB; decoders %.1f dB apart",
			c.name, us, them, usSaid, themSaid, apart)
		// The version that gopus follows, 1.6.1, comes out equal; older ones make
		// other choices.
		if us < them-3 || usSaid < themSaid-0.5 {
			t.Errorf("%s: worse than libopus by more than 3 dB against no loss, 0.5 dB against the microphone", c.name)
		}
	}
}

// A listener with libopus hears a talker with DTX as one of ours does, the beginning of
// words, which both fade in after their own noise, too.
func TestPauseComparedWithLibopus(t *testing.T) {
	speech := longSpeech(t)
	random := rand.New(rand.NewPCG(1, 1))
	const word, sentence = SampleRate / 2, 3 * SampleRate
	for i := range speech {
		if i%sentence >= word {
			speech[i] = 0
		}
		speech[i] += int16(12 * random.NormFloat64())
	}
	packets := encodeAll(t, newEncoder(t, EncoderConfig{DTX: true}), speech)
	lost, left := make([]bool, len(packets)), 0
	for i := range packets[1:] {
		if lost[i+1] = Pause(packets[i]) && Pause(packets[i+1]); lost[i+1] {
			left++
		}
	}
	ours, theirs := receive(t, newDecoder(t), packets, lost), newReference(t).receive(t, packets, lost)
	const block = SampleRate / 100
	var apart float64
	for at := 0; at+block <= len(ours); at += block {
		if o, r := rmsOf(ours[at:at+block]), rmsOf(theirs[at:at+block]); max(o, r) > 100 { // -50 dBFS
			apart = max(apart, math.Abs(20*math.Log10(o/r)))
		}
	}
	t.Logf("%d of %d packets left out; words are at most %.2f dB apart", left, len(packets), apart)
	if left < len(packets)/2 || apart > 1 {
		t.Errorf("our decoder and libopus are %.2f dB apart, with %d of %d packets left out", apart, left, len(packets))
	}
}
