package flight

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// timeline is what happened and what sounded, in order.
func (r Recording) timeline(sent, heard []placed) []eventLine {
	var lines []eventLine
	for _, e := range r.Entries {
		if e.Kind == Event {
			lines = append(lines, eventLine{AtMs: ms(e.At), Kind: e.Kind.String(), Event: e.Text})
		}
	}
	for kind, frames := range map[Kind][]placed{Sent: sent, Heard: heard} {
		for _, s := range spurts(frames) {
			lines = append(lines, eventLine{AtMs: ms(s.From), Kind: kind.String(), Ms: ms(s.To - s.From), Frames: s.Frames})
		}
	}
	slices.SortStableFunc(lines, func(a, b eventLine) int {
		return cmp.Or(cmp.Compare(a.AtMs, b.AtMs), cmp.Compare(a.Kind, b.Kind))
	})
	return lines
}

// WriteText writes the timeline for people to read: a line an event.
func (a Archive) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s on channel %s, talkgate %s, kept for: %s\n", a.UserID, a.Channel, a.Version, a.Reason)
	for _, l := range a.Lines {
		fmt.Fprintf(&b, "%s  %+10.3f s  %-5s  %s\n", a.wall(l).Format("15:04:05.000"), (l.AtMs-a.FromMs)/1000, l.Kind, l.words())
	}
	_, err := io.WriteString(w, printable(b.String()))
	return err
}

// printable escapes the control characters of text that others wrote, such as user
// names, so that none of them reaches a terminal.
func printable(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) || r == '\n' {
			b.WriteRune(r)
		} else {
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return b.String()
}

// WriteJSON writes it for machines: a JSON object a line.
func (a Archive) WriteJSON(w io.Writer) error { return writeLines(w, a.Lines) }

func (a Archive) wall(l eventLine) time.Time {
	return a.Start.Add(time.Duration(l.AtMs * float64(time.Millisecond)))
}

// words is what a line says.
func (l eventLine) words() string {
	if l.Kind != Event.String() {
		return fmt.Sprintf("%.2f s of sound, %d frames", l.Ms/1000, l.Frames)
	}
	var event map[string]any
	if json.Unmarshal(l.Event, &event) != nil {
		return string(l.Event)
	}
	words := []string{fmt.Sprint(event["msg"])}
	if level, ok := event["level"].(string); ok && level != "INFO" && level != "DEBUG" {
		words = []string{level + ": " + words[0]}
	}
	for _, key := range slices.Sorted(maps.Keys(event)) {
		if key != "msg" && key != "level" {
			words = append(words, fmt.Sprintf("%s=%v", key, event[key]))
		}
	}
	return strings.Join(words, "  ")
}
