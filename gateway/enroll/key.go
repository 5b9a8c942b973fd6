package enroll

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
)

const pemKey = "PRIVATE KEY"

// NewKey makes the key of a device.
func NewKey() (ed25519.PrivateKey, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return key, err
}

// MarshalKey is a key as its file has it, in PEM (PKCS #8, RFC 8410).
func MarshalKey(key ed25519.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemKey, Bytes: der}), nil
}

// ParseKey reads what MarshalKey wrote. The error does not show text.
func ParseKey(text []byte) (ed25519.PrivateKey, error) {
	bad := errors.New("device key: expected an Ed25519 key in PEM, as 'talkgate join' writes it; join anew with a fresh code")
	block, _ := pem.Decode(text)
	if block == nil || block.Type != pemKey {
		return nil, bad
	}
	any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, bad
	}
	key, ok := any.(ed25519.PrivateKey)
	if !ok {
		return nil, bad
	}
	return key, nil
}

// KeyID tells keys apart, and is no secret: the first half of the SHA-256 of a public key,
// in hexadecimal.
func KeyID(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:16])
}
