package enroll

import (
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/big"

	"filippo.io/nistec"
)

const (
	// pointLen is the length of a share, an uncompressed point of P-256.
	pointLen  = 65
	scalarLen = 32
	// stretch is how often PBKDF2 hashes a code. A code is not to be had from what is
	// sent, so this is for a broken curve only.
	stretch = 10_000
	// The points M and N of RFC 9382 section 6 for P-256, whose logarithms nobody knows.
	pointM = "02886e2f97ace46e55ba9dd7242579f2993b64e16ef3dcab95afd497333d8fa12f"
	pointN = "03d8bbd6c639c62937b04d997f38c3770719c629d7014d49a24b4f98baa1292b49"
	// order is that of the group.
	order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
	// The two sides' names: the board is A, the hub is B.
	boardName, hubName = "talkgate board", "talkgate hub"
)

// errShare says that the other side sent no point of the curve.
var errShare = errors.New("the other side's share is not a point of P-256")

// exchange is one side of SPAKE2 over P-256 with SHA-256, HKDF and HMAC (RFC 9382).
type exchange struct {
	board bool
	w     []byte // the password's scalar
	x     []byte // the own random scalar
	share []byte
	a, b  string // the two sides' names
	aad   []byte
}

// keys is what an exchange results in.
type keys struct {
	key []byte // shared by both
	// own proves to the other side that this one knows the code, theirs is what it
	// has to prove the same with.
	own, theirs []byte
}

// newExchange begins an exchange on one side.
func newExchange(board bool, code Code) (*exchange, error) {
	w, err := passwordScalar(code)
	if err != nil {
		return nil, err
	}
	private, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	return begin(board, w, private.Bytes(), boardName, hubName, []byte("talkgate join 1 "+code.ID()))
}

// passwordScalar is w of RFC 9382 section 3.2. The eight bytes more than the order has
// leave no measurable bias.
func passwordScalar(code Code) ([]byte, error) {
	long, err := pbkdf2.Key(sha256.New, string(code), []byte("talkgate join 1"), stretch, scalarLen+8)
	if err != nil {
		return nil, err
	}
	n, _ := new(big.Int).SetString(order, 16)
	w := new(big.Int).SetBytes(long)
	return w.Mod(w, n).FillBytes(make([]byte, scalarLen)), nil
}

// begin makes the share: x·G + w·M on side A, x·G + w·N on side B.
func begin(board bool, w, x []byte, a, b string, aad []byte) (*exchange, error) {
	e := &exchange{board: board, w: w, x: x, a: a, b: b, aad: aad}
	blind, err := point(pointN)
	if board {
		blind, err = point(pointM)
	}
	if err != nil {
		return nil, err
	}
	if blind, err = blind.ScalarMult(blind, w); err != nil {
		return nil, err
	}
	p, err := nistec.NewP256Point().ScalarBaseMult(x)
	if err != nil {
		return nil, err
	}
	e.share = p.Add(p, blind).Bytes()
	return e, nil
}

// finish takes the other side's share.
func (e *exchange) finish(theirs []byte) (keys, error) {
	if len(theirs) != pointLen {
		return keys{}, errShare
	}
	p, err := nistec.NewP256Point().SetBytes(theirs)
	if err != nil {
		return keys{}, errShare
	}
	blind, err := point(pointM)
	if e.board {
		blind, err = point(pointN)
	}
	if err != nil {
		return keys{}, err
	}
	n, _ := new(big.Int).SetString(order, 16)
	minus := n.Sub(n, new(big.Int).SetBytes(e.w)).FillBytes(make([]byte, scalarLen))
	if blind, err = blind.ScalarMult(blind, minus); err != nil {
		return keys{}, err
	}
	if p, err = p.ScalarMult(p.Add(p, blind), e.x); err != nil {
		return keys{}, err
	}
	secret := p.Bytes()
	if len(secret) != pointLen { // the point at infinity
		return keys{}, errShare
	}
	shareA, shareB := e.share, theirs
	if !e.board {
		shareA, shareB = theirs, e.share
	}
	return e.derive(transcript([]byte(e.a), []byte(e.b), shareA, shareB, secret, e.w))
}

// derive is the key schedule of RFC 9382 section 4.
func (e *exchange) derive(tt []byte) (keys, error) {
	hash := sha256.Sum256(tt)
	confirmations, err := hkdf.Key(sha256.New, hash[16:], nil, "ConfirmationKeys"+string(e.aad), 32)
	if err != nil {
		return keys{}, err
	}
	k := keys{key: hash[:16], own: mac(confirmations[:16], tt), theirs: mac(confirmations[16:], tt)}
	if !e.board {
		k.own, k.theirs = k.theirs, k.own
	}
	return k, nil
}

// transcript is TT of RFC 9382 section 3.3.
func transcript(parts ...[]byte) (tt []byte) {
	for _, part := range parts {
		tt = binary.LittleEndian.AppendUint64(tt, uint64(len(part)))
		tt = append(tt, part...)
	}
	return tt
}

func mac(key, text []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(text)
	return h.Sum(nil)
}

func point(text string) (*nistec.P256Point, error) {
	b, err := hex.DecodeString(text)
	if err != nil {
		return nil, err
	}
	return nistec.NewP256Point().SetBytes(b)
}
