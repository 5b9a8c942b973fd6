package setup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Machine is the board that is set up.
type Machine interface {
	// Path is where a file of the machine is for this process.
	Path(name string) string
	// Run runs a command and returns what it said. The error has its last line.
	Run(ctx context.Context, name string, args ...string) (string, error)
	// Own gives a file to "user:group".
	Own(name, owner string) error
	// Free is how many bytes are free on the file system of a file, which need not exist.
	Free(name string) (uint64, error)
}

// Local is this machine, or one whose files lie below Root, which has no users of its own.
type Local struct{ Root string }

// Path implements Machine.
func (l Local) Path(name string) string { return filepath.Join("/", l.Root, name) }

// Run implements Machine.
func (l Local) Run(ctx context.Context, name string, args ...string) (string, error) {
	var out, complaints bytes.Buffer
	c := exec.CommandContext(ctx, name, args...)
	c.Stdout, c.Stderr = &out, &complaints
	err := c.Run()
	if err != nil {
		lines := strings.Split(strings.TrimSpace(complaints.String()), "\n")
		err = fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, lines[len(lines)-1])
	}
	return strings.TrimSpace(out.String()), err
}

// Own implements Machine.
func (l Local) Own(name, owner string) error {
	if l.Root != "" {
		return nil
	}
	who, group, _ := strings.Cut(owner, ":")
	u, err := user.Lookup(who)
	if err != nil {
		return fmt.Errorf("%w: the package that brings this user is not installed wholly", err)
	}
	g, err := user.LookupGroup(group)
	if err != nil {
		return fmt.Errorf("%w: the package that brings this group is not installed wholly", err)
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(g.Gid)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	return os.Chown(l.Path(name), uid, gid)
}

// Free implements Machine.
func (l Local) Free(name string) (uint64, error) {
	path := l.Path(name)
	for {
		var s unix.Statfs_t
		err := unix.Statfs(path, &s)
		if errors.Is(err, unix.ENOENT) && path != "/" {
			path = filepath.Dir(path)
			continue
		}
		return s.Bavail * uint64(s.Bsize), err
	}
}

// exists reports whether a file of the machine is there.
func exists(m Machine, name string) bool {
	_, err := os.Lstat(m.Path(name))
	return err == nil
}
