package fleet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// Document is what the gateways of a scope are told.
type Document struct {
	Scope   Scope  `json:"scope"`
	Version uint64 `json:"version"`
	// Author, Time and Reason are for people.
	Author string    `json:"author"`
	Time   time.Time `json:"time"`
	Reason string    `json:"reason"`
	// Rollout says who tries it first; nil is everybody at once.
	Rollout  *Rollout `json:"rollout,omitempty"`
	Settings Settings `json:"settings"`
}

const (
	// maxDocument is more than any document needs, in bytes.
	maxDocument = 64 << 10
	// maxWords bounds author and reason, in bytes.
	maxWords = 1024
	// maxVersion is what every JSON reader takes for a whole number.
	maxVersion = 1<<53 - 1
)

// ErrMalformed says that something is no document as Canonical writes it.
var ErrMalformed = errors.New("malformed document")

// Canonical are the bytes that are signed: JSON without blanks, keys in one
// order. One document has one such text.
func (d Document) Canonical() ([]byte, error) {
	if err := d.validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(d); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	text := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if len(text) > maxDocument {
		return nil, fmt.Errorf("%w: expected at most %d bytes, found %d", ErrMalformed, maxDocument, len(text))
	}
	return text, nil
}

// parseDocument reads what Canonical wrote, and nothing else: no unknown key, no
// key twice, no other spelling.
func parseDocument(text []byte) (Document, error) {
	if len(text) > maxDocument {
		return Document{}, fmt.Errorf("%w: expected at most %d bytes, found %d", ErrMalformed, maxDocument, len(text))
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	d.UseNumber()
	var doc Document
	if err := d.Decode(&doc); err != nil {
		return Document{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	again, err := doc.Canonical()
	if err != nil {
		return Document{}, err
	}
	if !bytes.Equal(again, text) {
		return Document{}, fmt.Errorf("%w: expected it as talkgate writes it, found another spelling", ErrMalformed)
	}
	return doc, nil
}

func (d Document) validate() error {
	if _, err := ParseScope(string(d.Scope)); err != nil {
		return err
	}
	switch {
	case d.Version == 0 || d.Version > maxVersion:
		return fmt.Errorf("version: expected 1 to %d, found %d", uint64(maxVersion), d.Version)
	case len(d.Author) > maxWords || len(d.Reason) > maxWords:
		return fmt.Errorf("author, reason: expected at most %d bytes each", maxWords)
	case !utf8.ValidString(d.Author + d.Reason):
		return errors.New("author, reason: expected text in UTF-8")
	case d.Time.Location() != time.UTC || d.Time.Nanosecond() != 0:
		return errors.New("time: expected whole seconds, UTC")
	case d.Settings == nil:
		return errors.New("settings: expected some or none, found no such key")
	}
	if err := d.Rollout.validate(); err != nil {
		return err
	}
	return d.Settings.validate()
}
