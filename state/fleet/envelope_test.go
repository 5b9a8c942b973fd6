package fleet

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

func testKey(t testing.TB, seed byte) PrivateKey {
	t.Helper()
	k, err := NewKey([]byte(strings.Repeat(string(seed), 32)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func document(scope Scope, version uint64) Document {
	return Document{
		Scope: scope, Version: version, Author: "ops", Reason: `louder "tones" <&>`,
		Time:     time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC),
		Settings: Settings{"audio.tones.gain": "3 dB", "audio.bitrate": json.Number("24000"), "audio.tones.enabled": true},
	}
}

func sign(t testing.TB, d Document, k PrivateKey) Envelope {
	t.Helper()
	e, err := Sign(d, k)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestAnEnvelopeOpensWithItsKey(t *testing.T) {
	k := testKey(t, 'k')
	want := document(Group("gates"), 7)
	want.Rollout = &Rollout{Upto: 9, Canaries: 2, HoldSeconds: 600}
	e := sign(t, want, k)
	got, err := e.Open([]PublicKey{testKey(t, 'o').Public(), k.Public()})
	if err != nil {
		t.Fatal(err)
	}
	a, _ := want.Canonical()
	b, _ := got.Canonical()
	if string(a) != string(b) || got.Settings["audio.tones.gain"] != "3 dB" || *got.Rollout != *want.Rollout {
		t.Errorf("got %s, want %s", b, a)
	}
}

func TestWhatIsNotSignedByTheFleetIsRefused(t *testing.T) {
	k, other := testKey(t, 'k'), testKey(t, 'o')
	good := string(sign(t, document(Defaults, 7), k))
	line, text, _ := strings.Cut(good, "\n")
	for name, tc := range map[string]struct {
		text string
		want error
	}{
		"unsigned":             {text, ErrUnsigned},
		"no signature":         {line[:strings.LastIndexByte(line, ' ')+1] + "\n" + text, ErrUnsigned},
		"another fleet's":      {string(sign(t, document(Defaults, 7), other)), ErrForeign},
		"another fleet's name": {strings.Replace(string(sign(t, document(Defaults, 7), other)), other.Public().ID(), k.Public().ID(), 1), ErrForged},
		"changed":              {strings.Replace(good, "3 dB", "9 dB", 1), ErrForged},
		"a version more":       {strings.Replace(good, `"version":7`, `"version":8`, 1), ErrForged},
		"oversized":            {good + strings.Repeat(" ", maxEnvelope), ErrMalformed},
		"empty":                {"", ErrMalformed},
		"something":            {"PING\r\n", ErrMalformed},
	} {
		if _, err := Envelope(tc.text).Open([]PublicKey{k.Public()}); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
	for i := range good {
		if _, err := Envelope(good[:i]).Open([]PublicKey{k.Public()}); err == nil {
			t.Fatalf("truncated to %d bytes it is obeyed", i)
		}
		changed := []byte(good)
		changed[i] ^= 0x20
		if _, err := Envelope(changed).Open([]PublicKey{k.Public()}); err == nil {
			t.Fatalf("with byte %d changed it is obeyed: %s", i, changed)
		}
		for _, blank := range []string{"\r", "\n", " "} {
			spaced := good[:i] + blank + good[i:]
			if _, err := Envelope(spaced).Open([]PublicKey{k.Public()}); err == nil {
				t.Fatalf("with %q before byte %d it is obeyed: one document has two envelopes", blank, i)
			}
		}
	}
}

// TestOneSpelling keeps a signature from being good for what another reader might
// read differently.
func TestOneSpelling(t *testing.T) {
	good, err := document(Defaults, 7).Canonical()
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range [][2]string{
		{`"version":7`, `"version": 7`},
		{`"version":7`, `"version":7,"version":8`},
		{`"version":7`, `"Version":7`},
		{`"version":7`, `"version":7,"also":1`},
		{`24000`, `2.4e4`},
		{`24000`, `[24000]`},
		{`24000`, `null`},
		{`"audio.bitrate"`, `"Audio.Bitrate"`},
		{`"settings":{`, `"settings":{"z":1,`},
		{`"defaults"`, `"everybody"`},
		{`"defaults"`, `"group/"`},
		{`"defaults"`, `"gateway/a b"`},
		{`2026-11-25T12:00:00Z`, `2026-11-25T13:00:00+01:00`},
	} {
		changed := strings.Replace(string(good), tc[0], tc[1], 1)
		if changed == string(good) {
			t.Fatalf("%s is not there", tc[0])
		}
		if _, err := parseDocument([]byte(changed)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s for %s: %v", tc[1], tc[0], err)
		}
	}
}

func TestKeys(t *testing.T) {
	k := testKey(t, 'k')
	again, err := ParsePrivateKey(k.Secret())
	if err != nil || again.Public().String() != k.Public().String() {
		t.Errorf("%v, %v", again, err)
	}
	pub, err := ParsePublicKeys(k.Public().String() + " " + testKey(t, 'o').Public().String())
	if err != nil || len(pub) != 2 || pub[0].ID() != k.Public().ID() {
		t.Errorf("%v, %v", pub, err)
	}
	for _, text := range []string{"", "x", k.Public().String(), k.Secret() + "="} {
		if _, err := ParsePrivateKey(text); err == nil || len(text) > 9 && strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := ParsePublicKeys(k.Secret()); err == nil {
		t.Error("a private key is taken for a public one")
	}
}

// FuzzEnvelope wants of any text: no panic; and what opens is written the same.
func FuzzEnvelope(f *testing.F) {
	k := testKey(f, 'k')
	f.Add(string(sign(f, document(Defaults, 7), k)))
	f.Add("talkgate-fleet-1 0123456789abcdef AAAA\n{}")
	f.Add("{}")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Envelope(text).Open([]PublicKey{k.Public()})
		if err != nil {
			return
		}
		again, err := Sign(d, k)
		if err != nil || string(again) != text {
			t.Fatalf("%v: %s", err, again)
		}
	})
}

// FuzzDocument is FuzzEnvelope behind the signature.
func FuzzDocument(f *testing.F) {
	text, _ := document(Gateway("north"), 7).Canonical()
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := parseDocument(text)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		if again, err := d.Canonical(); err != nil || string(again) != string(text) {
			t.Fatalf("%v: %s", err, again)
		}
	})
}
