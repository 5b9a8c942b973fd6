package media

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
)

const (
	// DCSRate is the speed of a digital coded squelch in bits a second (TIA-603), and
	// the frequency in Hz of the tone that ends it, its turn-off code.
	DCSRate = 134.4
	// DCSBits is the length of a code word, which repeats without a gap.
	DCSBits = 23
)

// DCSCode is a code of the digital coded squelch, with its polarity.
type DCSCode struct {
	octal    uint32
	inverted bool
}

// DCSCodes are the codes that radios on the market offer, as octal numbers.
func DCSCodes() []uint32 {
	return []uint32{
		0o023, 0o025, 0o026, 0o031, 0o032, 0o036, 0o043, 0o047, 0o051, 0o053, 0o054, 0o065, 0o071, 0o072, 0o073, 0o074,
		0o114, 0o115, 0o116, 0o122, 0o125, 0o131, 0o132, 0o134, 0o143, 0o145, 0o152, 0o155, 0o156, 0o162, 0o165, 0o172, 0o174,
		0o205, 0o212, 0o223, 0o225, 0o226, 0o243, 0o244, 0o245, 0o246, 0o251, 0o252, 0o255, 0o261, 0o263, 0o265, 0o266, 0o271, 0o274,
		0o306, 0o311, 0o315, 0o325, 0o331, 0o332, 0o343, 0o346, 0o351, 0o356, 0o364, 0o365, 0o371,
		0o411, 0o412, 0o413, 0o423, 0o431, 0o432, 0o445, 0o446, 0o452, 0o454, 0o455, 0o462, 0o464, 0o465, 0o466,
		0o503, 0o506, 0o516, 0o523, 0o526, 0o532, 0o546, 0o565,
		0o606, 0o612, 0o624, 0o627, 0o631, 0o632, 0o654, 0o662, 0o664,
		0o703, 0o712, 0o723, 0o731, 0o732, 0o734, 0o743, 0o754,
	}
}

// ParseDCS reads a code as radios show it: three octal digits, then N for normal or I for
// inverted polarity. The error says what was expected.
func ParseDCS(text string) (DCSCode, error) {
	wrong := fmt.Errorf("DCS code %q: expected three octal digits that radios offer and N or I, such as 023N", text)
	if len(text) != 4 || text[3] != 'N' && text[3] != 'I' {
		return DCSCode{}, wrong
	}
	octal, err := strconv.ParseUint(text[:3], 8, 9)
	if err != nil || !slices.Contains(DCSCodes(), uint32(octal)) {
		return DCSCode{}, wrong
	}
	return DCSCode{octal: uint32(octal), inverted: text[3] == 'I'}, nil
}

// String is the code as radios show it.
func (c DCSCode) String() string {
	polarity := "N"
	if c.inverted {
		polarity = "I"
	}
	return fmt.Sprintf("%03o%s", c.octal, polarity)
}

// Word is the code word: a bit is 1 where the carrier is above its frequency, and the
// lowest bit is sent first. Nine bits of code and the fixed bits 100 are followed by
// eleven of a Golay code (23,12).
func (c DCSCode) Word() uint32 {
	const generator = 0xC75 // x^11 + x^10 + x^6 + x^5 + x^4 + x^2 + 1
	data := 0o4000 | c.octal
	parity := data << 11
	for parity >= 1<<11 {
		parity ^= generator << (bits.Len32(parity) - 12)
	}
	word := parity<<12 | data
	if c.inverted {
		word ^= 1<<DCSBits - 1
	}
	return word
}
