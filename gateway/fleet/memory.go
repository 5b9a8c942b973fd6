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

// memory is what a gateway keeps across restarts.
type memory struct {
	// Good are the documents that last passed a trial; nil if none ever did.
	Good documents `json:"good"`
	// Trial are those on probation; Starts counts the processes that began with them.
	Trial  documents `json:"trial,omitempty"`
	Starts int       `json:"starts,omitempty"`
	// Suspect are those that were rolled back and may be the cause.
	Suspect documents `json:"doubt,omitempty"`
	Why     string    `json:"why,omitempty"` // of Suspect or Bad
	// Unexplained counts trials in a row that ended without a known cause. Linked says
	// that only Redis was missing, and not the link.
	Unexplained int  `json:"doubts,omitempty"`
	Linked      bool `json:"linked,omitempty"`
	// Bad are those that were rejected.
	Bad documents `json:"bad,omitempty"`
	// Marks are the newest versions that the gateway has seen, by scope.
	Marks map[fleet.Scope]fleet.Mark `json:"marks"`
}

const memoryFile = "fleet.json"

// load reads the memory in dir. It returns an empty memory when there is no file, and
// with an error when the file cannot be read.
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

// LastGood returns the settings of the last good documents in dir; none if there are
// none.
func LastGood(dir string, keys []fleet.PublicKey, gateway, group string) (fleet.Settings, error) {
	m, err := load(dir)
	return m.Good.verified(keys).settings(config.Choices(), fleet.ScopesOf(gateway, group)), err
}

// save writes the memory atomically, also against loss of power.
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
