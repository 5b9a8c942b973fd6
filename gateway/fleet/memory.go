package fleet

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/state/fleet"
)

// documents are what a gateway obeys, by scope, each in its envelope.
type documents map[fleet.Scope]fleet.Envelope

// memory is what a gateway knows after a restart.
type memory struct {
	// Good are the documents that last proved themselves; nil is none ever.
	Good documents `json:"good"`
	// Trial are those on probation, Starts how often the process began with
	// them.
	Trial  documents `json:"trial,omitempty"`
	Starts int       `json:"starts,omitempty"`
	// Doubt are those that were taken back, and may be to blame.
	Doubt documents `json:"doubt,omitempty"`
	Why   string    `json:"why,omitempty"` // of Doubt or Bad
	// Doubts is how often in a row nobody knew. Linked says that the link was
	// there all the same: Redis alone was missing.
	Doubts int  `json:"doubts,omitempty"`
	Linked bool `json:"linked,omitempty"`
	// Bad are those that were found to be to blame.
	Bad documents `json:"bad,omitempty"`
	// Marks are how far the gateway has come in each scope.
	Marks map[fleet.Scope]fleet.Mark `json:"marks"`
}

const memoryFile = "fleet.json"

// load reads the memory in dir. What is not there or cannot be read is forgotten;
// the error says so.
func load(dir string) (memory, error) {
	m := memory{Marks: map[fleet.Scope]fleet.Mark{}}
	text, err := os.ReadFile(filepath.Join(dir, memoryFile))
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil {
		return memory{Marks: map[fleet.Scope]fleet.Mark{}}, fmt.Errorf("last good configuration: %w", err)
	}
	if m.Marks == nil {
		m.Marks = map[fleet.Scope]fleet.Mark{}
	}
	return m, nil
}

// LastGood are the settings with which a gateway begins that keeps its memory in
// dir; none, where it has not proved any.
func LastGood(dir string, keys []fleet.PublicKey, gateway, group string) (fleet.Settings, error) {
	m, err := load(dir)
	return m.Good.verified(keys).settings(config.Choices(), fleet.ScopesOf(gateway, group)), err
}

// save writes the memory, whole or not at all, also when the power fails.
func (m memory) save(dir string) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err == nil {
		err = renameio.WriteFile(filepath.Join(dir, memoryFile), text, 0o600, renameio.WithTempDir(dir))
	}
	if err != nil {
		return fmt.Errorf("keeping the last good configuration: %w", err)
	}
	return nil
}

// verified are the documents whose signature still holds; others are left out.
func (d documents) verified(keys []fleet.PublicKey) documents {
	if d == nil {
		return nil
	}
	good := documents{}
	for scope, e := range d {
		if doc, err := e.Open(keys); err == nil && doc.Scope == scope {
			good[scope] = e
		}
	}
	return good
}

// settings are those of the documents of the scopes, merged, the last on top.
func (d documents) settings(choices []string, scopes []fleet.Scope) fleet.Settings {
	var layers []fleet.Settings
	for _, scope := range scopes {
		if doc, _, err := d[scope].Peek(); err == nil {
			layers = append(layers, doc.Settings)
		}
	}
	return fleet.Merge(choices, layers...)
}

// version is that of the newest of the documents.
func (d documents) version() (newest uint64) {
	for _, e := range d {
		if doc, _, err := e.Peek(); err == nil {
			newest = max(newest, doc.Version)
		}
	}
	return newest
}

func (d documents) equal(other documents) bool {
	return (d == nil) == (other == nil) && maps.Equal(d, other)
}

// String names the documents in a log.
func (d documents) String() string {
	var names []string
	for _, scope := range slices.Sorted(maps.Keys(d)) {
		doc, _, _ := d[scope].Peek()
		names = append(names, fmt.Sprint(scope, " ", doc.Version))
	}
	return strings.Join(names, ", ")
}
