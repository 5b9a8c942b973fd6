package wire

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Entry is one line of a recorded session.
type Entry struct {
	// At is in milliseconds since the session began.
	At float64
	// Who is the member; "----" is a remark.
	Who string
	// Sent is whether the member sent it; otherwise it was received.
	Sent bool
	// Text is the frame, or the remark.
	Text string
}

// Remark reports whether e is a word about the session, not part of it.
func (e Entry) Remark() bool { return e.Who == "----" || strings.HasPrefix(e.Text, "CLOSE ") }

// ReadSession reads a recorded session: "ms who direction text" a line, where
// direction is -> or <- and the text is a frame as it was on the wire.
func ReadSession(r io.Reader) ([]Entry, error) {
	var entries []Entry
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, MaxFrame)
	for lines.Scan() {
		at, rest, _ := strings.Cut(strings.TrimLeft(lines.Text(), " "), " ")
		who, rest, _ := strings.Cut(rest, " ")
		way, text, ok := strings.Cut(strings.TrimLeft(rest, " "), " ")
		ms, err := strconv.ParseFloat(at, 64)
		if !ok || err != nil {
			return nil, fmt.Errorf("line %d: want ms, who, direction and text", len(entries)+1)
		}
		if who == "----" {
			way, text = "", rest
		}
		entries = append(entries, Entry{At: ms, Who: who, Sent: way == "->", Text: text})
	}
	return entries, lines.Err()
}
