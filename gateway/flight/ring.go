package flight

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/cespare/xxhash/v2"
)

// Layout of a ring: a page of header, then cells. An entry takes the cells from
// its position on, as many as it needs; the ring's end is followed by its begin.
const (
	headerSize = 4096
	cellSize   = 64
	entryHead  = 24 // position + 1, time, length, kind, sum
	atSum      = 20 // in an entry's head
	maxPayload = 4096
	magic      = "talkgate flight1"
	// offsets in the header
	atHead  = 16 // cells ever claimed
	atShut  = 24 // 1 once the ring was closed
	atStart = 32 // wall clock of time 0, ns since 1970
	atAbout = 48 // length, then JSON of About
)

// MinSize is the least a ring takes, in bytes.
const MinSize = headerSize + 64*1024

// About is whose recording it is.
type About struct {
	UserID  string `json:"userId"`
	Channel string `json:"channel"`
	Version string `json:"version"` // of talkgate
}

// Ring is the memory of a recorder. Any number of goroutines write to it, none
// waits, nothing is allocated; the newest entries push out the oldest.
type Ring struct {
	mem   memory
	cells uint64
	start time.Time
	head  *atomic.Uint64
}

// Open begins a recording of size bytes in the file at path, best on a tmpfs, or
// in memory of this process only if path is empty. If a process that recorded
// there before did not come to its end, former is what it left; else it is nil.
func Open(path string, size int, about About) (r *Ring, former *Recording, err error) {
	if size < MinSize {
		return nil, nil, fmt.Errorf("flight recorder: %d bytes, expected %d or more", size, MinSize)
	}
	size -= (size - headerSize) % cellSize
	var mem memory
	if path == "" {
		mem, err = mapNothing(size)
	} else {
		mem, err = mapFile(path, size)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("flight recorder: %w", err)
	}
	if rec, err := parseRing(mem.bytes); err == nil && mem.bytes[atShut] == 0 && len(rec.Entries) > 0 {
		former = &rec
	}
	r = &Ring{mem: mem, cells: uint64(size-headerSize) / cellSize, start: time.Now(), head: counter(mem.bytes[atHead:])}
	if err := r.begin(about); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("flight recorder: %w", err), mem.close())
	}
	return r, former, nil
}

// begin writes the header. Without its magic a ring is none.
func (r *Ring) begin(about About) error {
	text, err := json.Marshal(about)
	if err != nil {
		return err
	}
	if len(text) > headerSize-atAbout-4 {
		return fmt.Errorf("%d bytes to say whose it is, expected fewer", len(text))
	}
	b := r.mem.bytes
	clear(b)
	binary.LittleEndian.PutUint64(b[atStart:], uint64(r.start.UnixNano()))
	binary.LittleEndian.PutUint32(b[atAbout:], uint32(len(text)))
	copy(b[atAbout+4:], text)
	copy(b, magic)
	return nil
}

// counter is the 64-bit counter in b, which is in mapped memory and aligned.
func counter(b []byte) *atomic.Uint64 { return (*atomic.Uint64)(unsafe.Pointer(&b[0])) }

// write adds an entry of the payload's parts, one after the other. What is longer
// than an entry may be is cut.
//
// Its sum tells an entry that is whole from one that was not finished, or into
// which somebody wrote who was held up for a whole round.
func (r *Ring) write(kind Kind, parts ...[]byte) {
	length := 0
	for _, p := range parts {
		length += len(p)
	}
	length = min(length, maxPayload)
	n := cellsOf(length)
	at := r.head.Add(n) - n
	var head [entryHead]byte
	binary.LittleEndian.PutUint64(head[:], at+1)
	binary.LittleEndian.PutUint64(head[8:], uint64(time.Since(r.start)))
	binary.LittleEndian.PutUint16(head[16:], uint16(length))
	head[18] = byte(kind)
	var sum xxhash.Digest
	sum.Reset()
	_, _ = sum.Write(head[:atSum]) // it never fails
	to := entryHead
	for _, p := range parts {
		p = p[:min(len(p), length+entryHead-to)]
		_, _ = sum.Write(p)
		for len(p) > 0 {
			k := copy(r.cell(at + uint64(to/cellSize))[to%cellSize:], p)
			p, to = p[k:], to+k
		}
	}
	binary.LittleEndian.PutUint32(head[atSum:], uint32(sum.Sum64()))
	copy(r.cell(at), head[:])
}

// cell is the cell at a position.
func (r *Ring) cell(at uint64) []byte {
	from := headerSize + (at%r.cells)*cellSize
	return r.mem.bytes[from : from+cellSize]
}

func cellsOf(length int) uint64 { return uint64((entryHead + length + cellSize - 1) / cellSize) }

// Snapshot is what the ring holds now. It does not disturb who writes.
func (r *Ring) Snapshot() (Recording, error) {
	return parseRing(bytes.Clone(r.mem.bytes))
}

// Close ends the recording: what is left is nobody's last minutes. The memory
// stays where it is until the process ends, so that who writes late does no harm.
func (r *Ring) Close() { r.mem.bytes[atShut] = 1 }
