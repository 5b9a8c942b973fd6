package enroll

import (
	"bytes"
	"encoding/hex"
	"testing"
)

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestSPAKE2AgreesWithItsRFC checks the first vector of RFC 9382 appendix B.
func TestSPAKE2AgreesWithItsRFC(t *testing.T) {
	w := unhex(t, "2ee57912099d31560b3a44b1184b9b4866e904c49d12ac5042c97dca461b1a5f")
	a, err := begin(true, w, unhex(t, "43dd0fd7215bdcb482879fca3220c6a968e66d70b1356cac18bb26c84a78d729"), "server", "client", nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := begin(false, w, unhex(t, "dcb60106f276b02606d8ef0a328c02e4b629f84f89786af5befb0bc75b6e66be"), "server", "client", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := func(name string, got []byte, hex string) {
		t.Helper()
		if !bytes.Equal(got, unhex(t, hex)) {
			t.Errorf("%s is %x, expected %s", name, got, hex)
		}
	}
	want("pA", a.share, "04a56fa807caaa53a4d28dbb9853b9815c61a411118a6fe516a8798434751470f9010153ac33d0d5f2047ffdb1a3e42c9b4e6be662766e1eeb4116988ede5f912c")
	want("pB", b.share, "0406557e482bd03097ad0cbaa5df82115460d951e3451962f1eaf4367a420676d09857ccbc522686c83d1852abfa8ed6e4a1155cf8f1543ceca528afb591a1e0b7")
	ka, err := a.finish(b.share)
	if err != nil {
		t.Fatal(err)
	}
	kb, err := b.finish(a.share)
	if err != nil {
		t.Fatal(err)
	}
	want("Ke", ka.key, "0e0672dc86f8e45565d338b0540abe69")
	want("A conf", ka.own, "58ad4aa88e0b60d5061eb6b5dd93e80d9c4f00d127c65b3b35b1b5281fee38f0")
	want("B conf", kb.own, "d3e2e547f1ae04f2dbdbf0fc4b79f8ecff2dff314b5d32fe9fcef2fb26dc459b")
	if !bytes.Equal(ka.key, kb.key) || !bytes.Equal(ka.own, kb.theirs) || !bytes.Equal(kb.own, ka.theirs) {
		t.Error("the two sides do not agree")
	}
}

func TestADifferentCodeAgreesOnNothing(t *testing.T) {
	board, err := newExchange(true, "K7M2Q9XDR")
	if err != nil {
		t.Fatal(err)
	}
	hub, err := newExchange(false, "K7M2Q9XD0")
	if err != nil {
		t.Fatal(err)
	}
	kb, _ := board.finish(hub.share)
	kh, _ := hub.finish(board.share)
	if bytes.Equal(kb.key, kh.key) || bytes.Equal(kb.theirs, kh.own) || bytes.Equal(kh.theirs, kb.own) {
		t.Error("two codes, one key")
	}
}

func TestAShareIsAPoint(t *testing.T) {
	e, err := newExchange(false, "K7M2Q9XDR")
	if err != nil {
		t.Fatal(err)
	}
	zero := make([]byte, pointLen)
	zero[0] = 4
	for _, bad := range [][]byte{nil, {0}, zero, bytes.Repeat([]byte{0xff}, pointLen), e.share[:64]} {
		if _, err := e.finish(bad); err == nil {
			t.Errorf("%x was taken for a point", bad)
		}
	}
}
