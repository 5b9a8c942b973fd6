package media

import (
	"math/bits"
	"testing"
)

// rotations are a word as a receiver may see it, which knows no beginning.
func rotations(word uint32) map[uint32]bool {
	all := map[uint32]bool{}
	for i := range DCSBits {
		all[(word>>i|word<<(DCSBits-i))&(1<<DCSBits-1)] = true
	}
	return all
}

// An inverted code is a normal one of another name. These pairs are published, and hold
// only if polynomial, fixed bits and order are right.
func TestDCSWords(t *testing.T) {
	parse := func(text string) DCSCode {
		c, err := ParseDCS(text)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if w := parse("023N").Word(); w != 0b11101100011_100_000010011 {
		t.Errorf("023N is %023b", w)
	}
	for inverted, normal := range map[string]string{"023I": "047N", "025I": "244N", "026I": "464N", "031I": "627N", "032I": "051N", "043I": "445N", "054I": "413N"} {
		if !rotations(parse(inverted).Word())[parse(normal).Word()] {
			t.Errorf("%s is not %s", inverted, normal)
		}
	}
	seen := map[uint32]string{}
	for _, octal := range DCSCodes() {
		c := DCSCode{octal: octal}
		if other := seen[c.Word()]; other != "" {
			t.Errorf("%s cannot be told from %s", c, other)
		}
		for w := range rotations(c.Word()) {
			for have, name := range seen {
				if d := bits.OnesCount32(w ^ have); d > 0 && d < 7 {
					t.Fatalf("%s is %d bits from %s, expected 7 at least", c, d, name)
				}
			}
		}
		for w := range rotations(c.Word()) {
			seen[w] = c.String()
		}
		if again := parse(c.String()); again != c {
			t.Errorf("%s is read as %s", c, again)
		}
	}
	for _, text := range []string{"", "023", "23N", "023n", "023X", "089N", "000N", "777N", "0023N", "+23N", "023N "} {
		if c, err := ParseDCS(text); err == nil {
			t.Errorf("%q is read as %s", text, c)
		}
	}
}

func FuzzParseDCS(f *testing.F) {
	for _, s := range []string{"023N", "754I", "8N", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := ParseDCS(text); err == nil && c.String() != text {
			t.Errorf("%q is read as %s", text, c)
		}
	})
}
