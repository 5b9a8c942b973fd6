package flight

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/renameio/v2"
)

// Store keeps recordings as archives in a directory.
type Store struct {
	Directory string // made with mode 0700 if it is missing
	Keep      int    // how many archives stay; the oldest are removed
}

// Save writes rec to a new archive, named after the time and rec.Reason, and removes
// the oldest archives beyond Keep. An archive that cannot be written whole, on a full
// disk for example, leaves no file behind. path is the new archive; it is set even if
// an old one could not be removed.
func (s Store) Save(rec Recording) (path string, err error) {
	if err := os.MkdirAll(s.Directory, 0o700); err != nil {
		return "", err
	}
	path = filepath.Join(s.Directory, time.Now().UTC().Format("20060102T150405.000Z")+"-"+rec.Reason+".zip")
	if err := WriteFile(path, rec.WriteArchive); err != nil {
		return "", err
	}
	return path, s.prune()
}

// prune removes the oldest archives beyond Keep, and what a power cut left of an
// archive that was being written. Names sort by time.
func (s Store) prune() error {
	left, err := filepath.Glob(filepath.Join(s.Directory, ".[0-9]*Z-*.zip*"))
	if err != nil {
		return err
	}
	all, err := filepath.Glob(filepath.Join(s.Directory, "[0-9]*Z-*.zip"))
	if err != nil {
		return err
	}
	slices.Sort(all)
	var errs []error
	for _, old := range slices.Concat(left, all[:max(0, len(all)-s.Keep)]) {
		errs = append(errs, os.Remove(old))
	}
	return errors.Join(errs...)
}

// WriteFile replaces the file at path with what write writes, whole or not at all,
// also if the power fails. The file has mode 0600: only its owner hears the sound.
// A symbolic link at path is replaced, not followed.
func WriteFile(path string, write func(io.Writer) error) (err error) {
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)),
		renameio.WithStaticPermissions(0o600), renameio.WithReplaceOnClose())
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		return errors.Join(err, f.Cleanup())
	}
	return errors.Join(f.Close(), f.Cleanup())
}
