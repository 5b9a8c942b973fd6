package fleet

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// PublicKey is what a gateway knows of who may configure it.
type PublicKey ed25519.PublicKey

// PrivateKey is what documents are signed with.
type PrivateKey ed25519.PrivateKey

const (
	publicPrefix  = "ed25519:"
	privatePrefix = "ed25519-private:"
	// keyIDLen is the length of a key's ID, in characters.
	keyIDLen = 16
)

// NewKey makes a key of a seed of 32 random bytes.
func NewKey(seed []byte) (PrivateKey, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("fleet key: expected a seed of %d bytes, found %d", ed25519.SeedSize, len(seed))
	}
	return PrivateKey(ed25519.NewKeyFromSeed(seed)), nil
}

// Secret is the key as its file has it: a secret.
func (k PrivateKey) Secret() string {
	return privatePrefix + base64.StdEncoding.EncodeToString(ed25519.PrivateKey(k).Seed())
}

// String does not show the key.
func (k PrivateKey) String() string { return "fleet key " + k.Public().ID() }

// Public is the key that verifies.
func (k PrivateKey) Public() PublicKey {
	return PublicKey(k[ed25519.SeedSize:])
}

// ParsePrivateKey reads what Secret wrote. The error does not show text.
func ParsePrivateKey(text string) (PrivateKey, error) {
	seed, ok := decodeKey(text, privatePrefix, ed25519.SeedSize)
	if !ok {
		return nil, errors.New("fleet key: expected ed25519-private: and 32 bytes in base64, as 'talkgate fleet keygen' writes it")
	}
	return NewKey(seed)
}

// String is the key as a configuration has it.
func (k PublicKey) String() string { return publicPrefix + base64.StdEncoding.EncodeToString(k) }

// ID is short and tells keys apart.
func (k PublicKey) ID() string {
	sum := sha256.Sum256(k)
	return hex.EncodeToString(sum[:keyIDLen/2])
}

// ParsePublicKeys reads keys parted by blanks: two, while one takes over from
// another.
func ParsePublicKeys(text string) ([]PublicKey, error) {
	var keys []PublicKey
	for _, word := range strings.Fields(text) {
		key, ok := decodeKey(word, publicPrefix, ed25519.PublicKeySize)
		if !ok {
			return nil, errors.New("fleet public key: expected ed25519: and 32 bytes in base64, as 'talkgate fleet keygen' prints it")
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func decodeKey(text, prefix string, size int) ([]byte, bool) {
	text, ok := strings.CutPrefix(text, prefix)
	key, whole := decodeBase64(text)
	return key, ok && whole && len(key) == size
}
