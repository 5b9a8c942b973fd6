package setup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/google/renameio/v2"
)

// stateDir keeps the journal and copies of what was changed.
const stateDir = "/var/lib/talkgate-setup"

type kind string

const (
	kindFile      kind = "file"
	kindDirectory kind = "directory"
	kindUnit      kind = "unit"
	kindMember    kind = "member"
)

// entry is what is needed to take one change back.
type entry struct {
	Kind kind   `json:"kind"`
	Name string `json:"name"`
	// Of a file that was there: its copy and its mode.
	Backup string      `json:"backup,omitempty"`
	Mode   fs.FileMode `json:"mode,omitempty"`
	// Of a unit: how it was.
	Enabled bool `json:"enabled,omitempty"`
	Active  bool `json:"active,omitempty"`
	// Of a member: the URL of its Redis.
	Redis string `json:"redis,omitempty"`
}

// journal is what setup did to the machine, oldest first.
type journal struct {
	m Machine
	// Done is how many of the entries belong to runs that ended well.
	Done    int     `json:"done"`
	Entries []entry `json:"entries"`
}

func openJournal(m Machine) (*journal, error) {
	j := &journal{m: m}
	text, err := os.ReadFile(j.path())
	if errors.Is(err, fs.ErrNotExist) {
		return j, nil
	}
	if err == nil {
		err = json.Unmarshal(text, j)
	}
	if err == nil && (j.Done < 0 || j.Done > len(j.Entries)) {
		err = fmt.Errorf("expected at most %d entries that are done, found %d", len(j.Entries), j.Done)
	}
	if err != nil {
		return nil, fmt.Errorf("%s, which says what setup did before: %w", j.path(), err)
	}
	return j, nil
}

func (j *journal) path() string { return j.m.Path(filepath.Join(stateDir, "journal.json")) }

func (j *journal) save() error {
	if err := os.MkdirAll(j.m.Path(stateDir), 0o700); err != nil {
		return err
	}
	text, err := json.MarshalIndent(j, "", "  ")
	if err != nil {
		return err
	}
	return renameio.WriteFile(j.path(), text, 0o600)
}

// keep keeps a copy of a file.
func (j *journal) keep(text []byte) (string, error) {
	name := filepath.Join(stateDir, "was-"+strconv.Itoa(len(j.Entries)))
	if err := os.MkdirAll(j.m.Path(stateDir), 0o700); err != nil {
		return "", err
	}
	return name, renameio.WriteFile(j.m.Path(name), text, 0o600)
}

// make notes a change and makes it.
func (j *journal) make(ctx context.Context, c change) error {
	e, err := c.entry(ctx, j.m, j.keep)
	if err != nil {
		return err
	}
	j.Entries = append(j.Entries, e)
	if err := j.save(); err != nil {
		return err
	}
	return c.do(ctx, j.m)
}

// finish says that the run ended well.
func (j *journal) finish() error {
	j.Done = len(j.Entries)
	return j.save()
}

// back takes back all entries from the last to the one at index to. What cannot be taken
// back stays in the journal, and the error names it.
func (j *journal) back(ctx context.Context, to int, say func(string)) error {
	var stuck []entry
	var errs []error
	again := map[string]bool{} // services to start anew once their files are back
	for i := len(j.Entries) - 1; i >= to; i-- {
		e := j.Entries[i]
		say(fmt.Sprintf("take back the %s %s", e.Kind, e.Name))
		if err := e.back(ctx, j.m); err != nil {
			errs = append(errs, fmt.Errorf("%s cannot be taken back: %w", e.Name, err))
			stuck = append([]entry{e}, stuck...)
		}
		if e.Kind == kindUnit {
			again[e.Name] = e.Active
		}
	}
	for name, was := range again {
		if was {
			if _, err := j.m.Run(ctx, "systemctl", "--no-block", "restart", name); err != nil {
				errs = append(errs, err)
			}
		}
	}
	j.Entries = append(j.Entries[:to:to], stuck...)
	j.Done = min(j.Done, to)
	if len(j.Entries) == 0 && len(errs) == 0 {
		return os.RemoveAll(j.m.Path(stateDir))
	}
	return errors.Join(append(errs, j.save())...)
}

func (e entry) back(ctx context.Context, m Machine) error {
	path := m.Path(e.Name)
	switch e.Kind {
	case kindDirectory:
		return os.RemoveAll(path)
	case kindFile:
		if e.Backup == "" {
			err := os.Remove(path)
			if errors.Is(err, fs.ErrNotExist) {
				err = nil
			}
			return err
		}
		text, err := os.ReadFile(m.Path(e.Backup))
		if err != nil {
			return err
		}
		return renameio.WriteFile(path, text, e.Mode, renameio.WithExistingPermissions())
	case kindUnit:
		return e.unitBack(ctx, m)
	case kindMember:
		return leave(ctx, m, e)
	}
	return nil
}

// unitBack ends a service. One that ran before is started anew once its files are back.
func (e entry) unitBack(ctx context.Context, m Machine) error {
	_, err := m.Run(ctx, "systemctl", "stop", e.Name)
	if !e.Enabled {
		_, disabled := m.Run(ctx, "systemctl", "disable", e.Name)
		err = errors.Join(err, disabled)
	}
	return err
}
