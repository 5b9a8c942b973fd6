package flight

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// memory is where a Ring lives: mapped, so that what is written is there for
// whoever looks after this process has ended.
type memory struct {
	bytes []byte
	file  *os.File // nil for memory of this process only
}

// mapFile maps size bytes of the file at path for the one process that writes
// there, and creates the file if it is missing. A file of another size is begun anew.
// All of it is reserved: a write to a mapped page that the file system has no room
// for would kill the process (SIGBUS). A symbolic link is refused, and other users
// lose access to a file that they could read.
func mapFile(path string, size int) (m memory, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return memory{}, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	// The lock goes with the process, however it ends.
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return memory{}, fmt.Errorf("%s: another process records there: %w", path, err)
	}
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
	bytes, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	return memory{bytes, f}, err
}

// mapNothing is memory of this process only.
func mapNothing(size int) (memory, error) {
	bytes, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANON)
	return memory{bytes: bytes}, err
}

func (m memory) close() error {
	err := unix.Munmap(m.bytes)
	if m.file != nil {
		err = errors.Join(err, m.file.Close())
	}
	return err
}
