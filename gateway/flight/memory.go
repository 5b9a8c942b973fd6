package flight

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// memory is where a Ring lives: mapped, so that what is written is there for
// whoever looks after this process has ended.
type memory struct {
	bytes []byte
	file  *os.File // nil for memory of this process only
}

// openFile opens the file at path for the one process that records there; flags are
// os.O_CREATE or none. A symbolic link is refused, and a file that is no recorder's.
func openFile(path string, flags int) (_ *os.File, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK|flags, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: expected a file, found %v", path, info.Mode())
	}
	// The lock goes with the process, however it ends.
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, fmt.Errorf("%s: another process records there: %w", path, err)
	}
	start := make([]byte, len(magic))
	if n, err := f.ReadAt(start, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	} else if n > 0 && string(start) != magic && !bytes.Equal(start, make([]byte, len(magic))) {
		return nil, fmt.Errorf("%s: holds something else than recordings; name another file, or remove it", path)
	}
	return f, nil
}

// mapFile maps size bytes of the file at path for the one process that writes
// there, and creates the file if it is missing. A file of another size is begun anew.
// All of it is reserved: a write to a mapped page that the file system has no room
// for would kill the process (SIGBUS). Other users lose access to a file that they
// could read.
func mapFile(path string, size int) (m memory, err error) {
	f, err := openFile(path, os.O_CREATE)
	if err != nil {
		return memory{}, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	if err := f.Chmod(0o600); err != nil {
		return memory{}, err
	}
	info, err := f.Stat()
	if err != nil {
		return memory{}, err
	}
	if info.Size() != int64(size) {
		if err := errors.Join(f.Truncate(0), f.Truncate(int64(size))); err != nil {
			return memory{}, err
		}
	}
	if err := unix.Fallocate(int(f.Fd()), 0, 0, int64(size)); err != nil {
		return memory{}, fmt.Errorf("%s: no room for %d bytes: %w", path, size, errors.Join(err, f.Truncate(0)))
	}
	mapped, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	return memory{mapped, f}, err
}

// mapNothing is memory of this process only.
func mapNothing(size int) (memory, error) {
	mapped, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANON)
	return memory{bytes: mapped}, err
}

func (m memory) close() error {
	err := unix.Munmap(m.bytes)
	if m.file != nil {
		err = errors.Join(err, m.file.Close())
	}
	return err
}
