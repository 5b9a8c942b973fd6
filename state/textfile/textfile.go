// Package textfile reads files that people name in configurations: secrets, certificates.
package textfile

import (
	"fmt"
	"io"
	"os"
)

// Max is more than any such file needs, in bytes.
const Max = 1 << 20

// Read returns the content of a regular file of at most Max bytes. A device or a pipe,
// which may have no end, is refused. Errors do not show the content.
func Read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: expected a file, found %v", path, info.Mode())
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, Max+1))
	if err != nil {
		return nil, err
	}
	if len(text) > Max {
		return nil, fmt.Errorf("%s: expected at most %d bytes, found more", path, Max)
	}
	return text, nil
}
