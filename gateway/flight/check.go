package flight

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// CheckMemory reports whether Open could record size bytes in the file at path. It
// leaves what is there as it is.
func CheckMemory(path string, size int) error {
	if path == "" {
		return nil
	}
	f, err := openFile(path, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return checkDirectory(filepath.Dir(path), int64(size))
	}
	if err != nil {
		return err
	}
	defer f.Close()
	var there unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &there); err != nil {
		return err
	}
	return checkRoom(filepath.Dir(path), int64(size)-there.Blocks*512)
}

// Check reports whether Save could write archives of size bytes. It makes no directory.
func (s Store) Check(size int) error {
	dir := s.Directory
	for {
		_, err := os.Stat(dir)
		if up := filepath.Dir(dir); errors.Is(err, fs.ErrNotExist) && up != dir {
			dir = up
			continue
		}
		return checkDirectory(dir, int64(size))
	}
}

// checkDirectory reports whether a file of size bytes can be made in dir.
func checkDirectory(dir string, size int64) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s: expected a directory", dir)
	}
	f, err := os.CreateTemp(dir, ".talkgate-*")
	if err != nil {
		return err
	}
	return errors.Join(checkRoom(dir, size), f.Close(), os.Remove(f.Name()))
}

// checkRoom reports whether the file system of dir has room for size bytes.
func checkRoom(dir string, size int64) error {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return &os.PathError{Op: "statfs", Path: dir, Err: err}
	}
	// The types of Statfs_t differ between 32- and 64-bit boards.
	if free := fs.Bavail * uint64(fs.Bsize); free < uint64(size) {
		return fmt.Errorf("%s: expected room for %d bytes, found %d: %w", dir, size, free, unix.ENOSPC)
	}
	return nil
}
