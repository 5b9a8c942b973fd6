package fleet

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// Envelope is a signed document as it is stored: one line,
//
//	talkgate-fleet-1 KEY SIGNATURE
//
// with the ID of the key and the signature (Ed25519, RFC 8032) in base64, and
// then the document, byte for byte as it was signed.
type Envelope string

const (
	format = "talkgate-fleet-1"
	// maxEnvelope bounds what is looked at, in bytes.
	maxEnvelope = maxDocument + 256
)

// Why a document is refused, besides ErrMalformed.
var (
	// ErrUnsigned says that there is no signature at all.
	ErrUnsigned = errors.New("unsigned document")
	// ErrForeign says that the document is signed with a key that is not the
	// fleet's, or is for somebody else.
	ErrForeign = errors.New("foreign document")
	// ErrForged says that the signature is not that of these bytes: they were
	// changed or cut.
	ErrForged = errors.New("forged document")
	// ErrReplayed says that the document is older than one that was obeyed.
	ErrReplayed = errors.New("replayed document")
)

// signed are the bytes that are signed for a document: nothing that was signed
// for another purpose can be taken for one.
func signed(document string) []byte { return []byte(format + "\n" + document) }

// Sign puts a document into its envelope.
func Sign(d Document, key PrivateKey) (Envelope, error) {
	text, err := d.Canonical()
	if err != nil {
		return "", err
	}
	signature := ed25519.Sign(ed25519.PrivateKey(key), signed(string(text)))
	return Envelope(strings.Join([]string{format, key.Public().ID(), base64.StdEncoding.EncodeToString(signature)}, " ") +
		"\n" + string(text)), nil
}

// Open checks the signature and returns the document. Nothing of what is inside
// is looked at before.
func (e Envelope) Open(keys []PublicKey) (Document, error) {
	id, signature, text, err := e.split()
	if err != nil {
		return Document{}, err
	}
	for _, key := range keys {
		if key.ID() != id {
			continue
		}
		if !ed25519.Verify(ed25519.PublicKey(key), signed(text), signature) {
			return Document{}, fmt.Errorf("%w: its signature is not that of its content", ErrForged)
		}
		return parseDocument([]byte(text))
	}
	return Document{}, fmt.Errorf("%w: signed with key %s, which is not the fleet's", ErrForeign, id)
}

// Peek returns the document and whose key it says it is signed with. The
// signature is not checked: it is for showing.
func (e Envelope) Peek() (d Document, keyID string, err error) {
	id, _, text, err := e.split()
	if err != nil {
		return Document{}, "", err
	}
	d, err = parseDocument([]byte(text))
	return d, id, err
}

func (e Envelope) split() (keyID string, signature []byte, text string, err error) {
	if len(e) > maxEnvelope {
		return "", nil, "", fmt.Errorf("%w: expected at most %d bytes, found %d", ErrMalformed, maxEnvelope, len(e))
	}
	line, text, ok := strings.Cut(string(e), "\n")
	if !ok && strings.HasPrefix(line, "{") {
		return "", nil, "", fmt.Errorf("%w: expected a line %q before it", ErrUnsigned, format+" KEY SIGNATURE")
	}
	fields := strings.Split(line, " ")
	if !ok || len(fields) != 3 || fields[0] != format || len(fields[1]) != keyIDLen {
		return "", nil, "", fmt.Errorf("%w: expected a first line %q", ErrMalformed, format+" KEY SIGNATURE")
	}
	signature, ok = decodeBase64(fields[2])
	if !ok || len(signature) != ed25519.SignatureSize {
		return "", nil, "", fmt.Errorf("%w: expected a signature of %d bytes in base64", ErrUnsigned, ed25519.SignatureSize)
	}
	return fields[1], signature, text, nil
}

// decodeBase64 decodes the one text that base64 has for some bytes. Package base64
// skips line breaks: with them one signed document would have many envelopes, and one
// that was rejected would look new.
func decodeBase64(text string) (decoded []byte, ok bool) {
	decoded, err := base64.StdEncoding.Strict().DecodeString(text)
	return decoded, err == nil && base64.StdEncoding.EncodeToString(decoded) == text
}
