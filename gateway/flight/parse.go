package flight

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"
)

// errNoRing: the memory is not a ring.
var errNoRing = errors.New("not a flight recorder's memory")

// ReadRing reads the ring in the file at path while its process runs, or after.
func ReadRing(path string) (Recording, error) {
	mem, err := os.ReadFile(path)
	if err != nil {
		return Recording{}, err
	}
	rec, err := parseRing(mem)
	if err != nil {
		return Recording{}, fmt.Errorf("%s: %w", path, err)
	}
	return rec, nil
}

// parseRing reads what a ring held while mem was copied from it. Others may have
// been writing.
func parseRing(mem []byte) (Recording, error) {
	if len(mem) < MinSize || string(mem[:len(magic)]) != magic {
		return Recording{}, errNoRing
	}
	rec := Recording{Start: time.Unix(0, int64(binary.LittleEndian.Uint64(mem[atStart:]))).UTC()}
	about := mem[atAbout+4 : headerSize]
	if n := binary.LittleEndian.Uint32(mem[atAbout:]); uint64(n) > uint64(len(about)) || json.Unmarshal(about[:n], &rec.About) != nil {
		return Recording{}, errNoRing
	}
	ring := mem[headerSize:]
	cells := uint64(len(ring)) / cellSize
	head := binary.LittleEndian.Uint64(mem[atHead:])
	for at := head - min(head, cells); at < head; {
		e, n, ok := entryAt(ring, cells, at)
		if !ok {
			at++
			continue
		}
		rec.Entries = append(rec.Entries, e)
		at += n
	}
	// Positions are claimed in order, times are read right after.
	slices.SortStableFunc(rec.Entries, func(a, b Entry) int { return cmp.Compare(a.At, b.At) })
	return rec, nil
}

// entryAt reads the entry that begins at a position, and how many cells it takes.
func entryAt(ring []byte, cells, at uint64) (e Entry, n uint64, ok bool) {
	first := ring[at%cells*cellSize:][:cellSize]
	if binary.LittleEndian.Uint64(first) != at+1 {
		return Entry{}, 0, false
	}
	e.At = time.Duration(binary.LittleEndian.Uint64(first[8:]))
	length := int(binary.LittleEndian.Uint16(first[16:]))
	n = cellsOf(length)
	if length > maxPayload || n > cells || e.At < 0 {
		return Entry{}, 0, false
	}
	var payload bytes.Buffer
	for i := range n {
		payload.Write(ring[(at+i)%cells*cellSize:][:cellSize])
	}
	b := payload.Bytes()[:entryHead+length]
	sum := xxhash.Sum64(slices.Concat(b[:atSum], b[entryHead:]))
	if binary.LittleEndian.Uint32(b[atSum:]) != uint32(sum) {
		return Entry{}, 0, false
	}
	ok = e.decode(Kind(b[18]), b[entryHead:])
	return e, n, ok
}
