package setup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"
)

// change is one thing that setup does. It can be taken back.
type change interface {
	// String says what it does, for the plan.
	String() string
	// inForce reports whether there is nothing to do.
	inForce(ctx context.Context, m Machine) (bool, error)
	// entry is what is needed to take it back. keep keeps a copy of a file and names it.
	entry(ctx context.Context, m Machine, keep func([]byte) (string, error)) (entry, error)
	// do makes the change.
	do(ctx context.Context, m Machine) error
}

// file is a file with a text.
type file struct {
	name, what string
	text       []byte
	mode       fs.FileMode
	owner      string // user:group; empty leaves it
	once       bool   // a file that is there stays as it is
	// later makes the text where it is not known before; then there is no text.
	later func() ([]byte, error)
}

func (f file) String() string { return fmt.Sprintf("write %s: %s", f.name, f.what) }

func (f file) inForce(_ context.Context, m Machine) (bool, error) {
	text, err := os.ReadFile(m.Path(f.name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if f.later != nil && !f.once && err == nil {
		want, err := f.later()
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil // it is made meanwhile
		}
		return err == nil && bytes.Equal(text, want), err
	}
	return err == nil && (f.once || bytes.Equal(text, f.text)), err
}

func (f file) entry(_ context.Context, m Machine, keep func([]byte) (string, error)) (entry, error) {
	e := entry{Kind: kindFile, Name: f.name}
	info, err := os.Stat(m.Path(f.name))
	if errors.Is(err, fs.ErrNotExist) {
		return e, nil
	}
	if err != nil {
		return e, err
	}
	text, err := os.ReadFile(m.Path(f.name))
	if err != nil {
		return e, err
	}
	e.Mode = info.Mode().Perm()
	e.Backup, err = keep(text)
	return e, err
}

func (f file) do(_ context.Context, m Machine) error {
	path := m.Path(f.name)
	if f.later != nil {
		var err error
		if f.text, err = f.later(); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	// On disk before it has its name; a file that is there keeps its owner.
	options := []renameio.Option{renameio.WithPermissions(f.mode), renameio.IgnoreUmask()}
	if err := renameio.WriteFile(path, f.text, f.mode, options...); err != nil {
		return err
	}
	if f.owner == "" {
		return nil
	}
	return m.Own(f.name, f.owner)
}

// directory is a directory that setup makes, with all that comes to be in it.
type directory struct {
	name, owner string
	mode        fs.FileMode
}

func (d directory) String() string { return "make " + d.name }

func (d directory) inForce(_ context.Context, m Machine) (bool, error) {
	return exists(m, d.name), nil
}

func (d directory) entry(context.Context, Machine, func([]byte) (string, error)) (entry, error) {
	return entry{Kind: kindDirectory, Name: d.name}, nil
}

func (d directory) do(_ context.Context, m Machine) error {
	if err := os.MkdirAll(m.Path(d.name), d.mode); err != nil {
		return err
	}
	return m.Own(d.name, d.owner)
}

// unit is a service that runs, now and after each start of the machine.
type unit struct {
	name, what string
	// because is files: where one of them is changed, the service is started anew.
	because []change
	noWait  bool // it is ready only when it is on air
	// ready waits until it can be used; nil is when it was started.
	ready func(context.Context, Machine) error
}

func (u unit) String() string { return fmt.Sprintf("start %s: %s", u.name, u.what) }

func (u unit) inForce(ctx context.Context, m Machine) (bool, error) {
	for _, c := range u.because {
		if is, err := c.inForce(ctx, m); err != nil || !is {
			return false, err
		}
	}
	e, err := u.entry(ctx, m, nil)
	return e.Enabled && e.Active, err
}

// entry asks the service manager. A word such as "inactive" comes with an error, which
// says no more.
func (u unit) entry(ctx context.Context, m Machine, _ func([]byte) (string, error)) (entry, error) {
	enabled, _ := m.Run(ctx, "systemctl", "is-enabled", u.name)
	active, _ := m.Run(ctx, "systemctl", "is-active", u.name)
	return entry{Kind: kindUnit, Name: u.name, Enabled: enabled == "enabled",
		Active: slices.Contains([]string{"active", "activating", "reloading"}, active)}, ctx.Err()
}

func (u unit) do(ctx context.Context, m Machine) error {
	if _, err := m.Run(ctx, "systemctl", "enable", u.name); err != nil {
		return err
	}
	args := []string{"restart", u.name}
	if u.noWait {
		args = []string{"--no-block", "restart", u.name}
	}
	if _, err := m.Run(ctx, "systemctl", args...); err != nil {
		return fmt.Errorf("%w; 'journalctl -u %s' says why", err, u.name)
	}
	return nil
}

// lines joins lines to a text.
func lines(all ...string) []byte { return []byte(strings.Join(all, "\n") + "\n") }
