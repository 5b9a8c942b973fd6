package media

import (
	"slices"
	"testing"
)

// script is a Source that plays back what it was given, then silence.
type script struct{ slots []Slot }

func (s *script) Pop(Pull) Slot {
	if len(s.slots) == 0 {
		return Slot{Samples: FrameSamples}
	}
	next := s.slots[0]
	s.slots = s.slots[1:]
	return next
}

func played(packets [][]byte) []Slot {
	slots := make([]Slot, len(packets))
	for i, p := range packets {
		slots[i] = Slot{Kind: Play, First: i == 0, Opus: p, Samples: FrameSamples}
	}
	return slots
}

func newPlayout(t testing.TB, slots []Slot) *Playout {
	t.Helper()
	p, err := NewPlayout(&script{slots}, NewTones())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func drain(p *Playout, n, period int) []int16 {
	out := make([]int16, n)
	for rest := out; len(rest) > 0; {
		m := min(period, len(rest))
		p.Fill(rest[:m])
		rest = rest[m:]
	}
	return out
}

func TestPlayoutIsTheSameForEveryPeriod(t *testing.T) {
	packets := encodeAll(t, newEncoder(t, EncoderConfig{}), recorded(t, "front_center"))
	want := decodeAll(t, newDecoder(t), packets)
	for _, period := range []int{1, 441, 480, 960, 1024, 5000} {
		p := newPlayout(t, played(packets))
		if got := drain(p, len(want), period); !slices.Equal(got, want) {
			t.Errorf("period %d: not what the decoder makes of it", period)
		}
		if s := p.Stats(); s != (PlayoutStats{Decoded: uint64(len(packets))}) {
			t.Errorf("period %d: %+v", period, s)
		}
	}
}

func TestPlayoutKeepsSilenceToTheSample(t *testing.T) {
	packets := encodeAll(t, newEncoder(t, EncoderConfig{}), recorded(t, "front_center"))
	want := slices.Concat(make([]int16, 123), decodeAll(t, newDecoder(t), packets))
	p := newPlayout(t, append([]Slot{{Samples: 123}}, played(packets)...))
	if got := drain(p, len(want), 480); !slices.Equal(got, want) {
		t.Error("speech did not begin after 123 samples of silence")
	}
}

func TestPlayoutForgetsTheLastTalker(t *testing.T) {
	packets := encodeAll(t, newEncoder(t, EncoderConfig{}), recorded(t, "front_center"))
	other := encodeAll(t, newEncoder(t, EncoderConfig{}), recorded(t, "rear_right"))[:40]
	want := decodeAll(t, newDecoder(t), packets)
	p := newPlayout(t, append(played(other), played(packets)...))
	got := drain(p, len(other)*FrameSamples+len(want), 480)
	if !slices.Equal(got[len(other)*FrameSamples:], want) {
		t.Error("the first talker colours the second")
	}
}

func TestPlayoutMendsAndCounts(t *testing.T) {
	packets := encodeAll(t, newEncoder(t, EncoderConfig{FEC: true}), recorded(t, "front_center"))
	slots := played(packets)
	withFEC := slices.IndexFunc(packets, HasFEC)
	if withFEC < 1 {
		t.Fatal("no packet carries redundancy")
	}
	slots[withFEC-1] = Slot{Kind: Conceal, Opus: packets[withFEC], Samples: FrameSamples}
	slots[withFEC+10] = Slot{Kind: Conceal, Samples: FrameSamples}
	slots[withFEC+20].Opus = []byte{9<<3 | 3, 63, 1, 2}
	slots[withFEC+21].Opus = nil
	p := newPlayout(t, slots)
	drain(p, len(packets)*FrameSamples, 480)
	if s, want := p.Stats(), (PlayoutStats{uint64(len(packets) - 4), 1, 1, 2}); s != want {
		t.Errorf("got %+v, want %+v", s, want)
	}
}

func TestPlayoutConcealsWhatIsBroken(t *testing.T) {
	packets := encodeAll(t, newEncoder(t, EncoderConfig{}), recorded(t, "front_center"))[:30]
	d := newDecoder(t)
	want := append(decodeAll(t, d, packets), make([]int16, FrameSamples)...)
	if err := d.Conceal(want[len(packets)*FrameSamples:]); err != nil {
		t.Fatal(err)
	}
	p := newPlayout(t, append(played(packets), Slot{Kind: Play, Opus: []byte{9<<3 | 3, 0}, Samples: FrameSamples}))
	if got := drain(p, len(want), 480); !slices.Equal(got, want) {
		t.Error("in place of a broken packet is not what the decoder invents")
	}
}

func TestPlayoutStretchesAsAsked(t *testing.T) {
	pcm := sine(200, 8000, SampleRate) // periods of 5 ms: any splice fits
	packets := encodeAll(t, newEncoder(t, EncoderConfig{}), pcm)
	slots := played(packets)
	slots[20].Samples, slots[30].Samples = FrameSamples-300, FrameSamples+300
	src := &script{slots}
	p, err := NewPlayout(src, NewTones())
	if err != nil {
		t.Fatal(err)
	}
	taken := func(frames int) int { return len(packets) - frames - len(src.slots) }
	for i := range 25 {
		p.Fill(make([]int16, FrameSamples))
		if i == 24 && taken(25) != 1 {
			t.Errorf("a shortened slot left %d slots ahead, want 1", taken(25))
		}
	}
	for range 10 {
		p.Fill(make([]int16, FrameSamples))
	}
	if n := taken(35); n != 0 && n != 1 {
		t.Errorf("after shortening and lengthening, %d slots ahead", n)
	}
}

func TestPlayoutSoundsTonesOverSpeech(t *testing.T) {
	tones := NewTones()
	quiet := newPlayout(t, nil)
	quiet.PlayTone(Busy)
	if got := drain(quiet, len(tones[Busy]), 100); !slices.Equal(got, tones[Busy]) {
		t.Error("a tone over silence is not the tone")
	}
	if quiet.Level().Peak() < -20 {
		t.Errorf("the tone reads %.1f dBFS", quiet.Level().Peak())
	}
	if got := drain(quiet, 1000, 100); slices.Max(got) != 0 {
		t.Error("the tone goes on")
	}

	packets := encodeAll(t, newEncoder(t, EncoderConfig{}), recorded(t, "front_center"))
	speech := decodeAll(t, newDecoder(t), packets)
	for i := range tones[Revoked] {
		tones[Revoked][i] *= 5 // so loud that the sum does not fit
	}
	p, err := NewPlayout(&script{played(packets)}, tones)
	if err != nil {
		t.Fatal(err)
	}
	p.PlayTone(Revoked)
	got := drain(p, len(speech), 480)
	for i := range got {
		want := int32(speech[i])
		if i < len(tones[Revoked]) {
			want += int32(tones[Revoked][i])
		}
		if got[i] != limit(want) {
			t.Fatalf("sample %d is %d, want %d", i, got[i], limit(want))
		}
	}
}

func TestPlayoutCutsAToneShortWithoutAClick(t *testing.T) {
	p := newPlayout(t, nil)
	p.PlayTone(Permit)
	got := drain(p, 2000, 2000)
	p.PlayTone(Revoked)
	got = append(got, drain(p, 2000, 2000)...)
	for i := 1; i < len(got); i++ {
		if d := int(got[i]) - int(got[i-1]); d > 2000 || d < -2000 {
			t.Fatalf("clicks by %d at sample %d", d, i)
		}
	}
	if !slices.Equal(got[2000+cutShort:], NewTones()[Revoked][cutShort:2000]) {
		t.Error("the second tone did not start at once")
	}
}

func TestLimitIsSmoothAndNeverOverflows(t *testing.T) {
	last := limit(-70001)
	for x := int32(-70000); x <= 70000; x++ {
		y := limit(x)
		if y < last || int(y)-int(last) > 1 {
			t.Fatalf("limit(%d) = %d after %d", x, y, last)
		}
		if x >= -knee && x <= knee && int32(y) != x {
			t.Fatalf("limit(%d) = %d; below the knee nothing changes", x, y)
		}
		last = y
	}
	for x := int32(30000); x < 60000; x += 1000 {
		if limit(x+1000) <= limit(x) || limit(-x-1000) >= limit(-x) {
			t.Errorf("limit clips: %d and %d of %d and %d", limit(x), limit(x+1000), x, x+1000)
		}
	}
	if y := limit(1 << 30); y < 32700 {
		t.Errorf("limit(1<<30) = %d", y)
	}
}

// The tone of an emergency sounds to its end, whatever else is asked for before or
// while it does.
func TestPlayoutSoundsAnEmergencyToItsEnd(t *testing.T) {
	want := NewTones()[Emergency]
	p := newPlayout(t, nil)
	p.PlayTone(Permit)
	p.PlayTone(Emergency)
	p.PlayTone(Revoked)
	got := drain(p, 480, 480)
	p.PlayTone(Busy)
	got = append(got, drain(p, len(want)-480, 480)...)
	if !slices.Equal(got, want) {
		t.Error("another tone cut it short")
	}
	p.PlayTone(Permit)
	if got := drain(p, 480, 480); !slices.Equal(got, NewTones()[Permit][:480]) {
		t.Error("no tone follows it")
	}
}
