package flight

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// timelineHTML is a page that draws itself from the recording in it.
//
//go:embed timeline.html
var timelineHTML string

// recordingHere is where in timelineHTML the recording goes. html/template would
// keep the linker from leaving out any method of any type, a third of the binary.
const recordingHere = "{{recording}}"

// row is a line of the page's table.
type row struct {
	Seconds float64 `json:"seconds"` // since the sound begins
	Length  float64 `json:"length"`  // of sound, in seconds
	Wall    string  `json:"wall"`
	Kind    string  `json:"kind"`
	Words   string  `json:"words"`
}

// WriteHTML writes the timeline as a page of its own, with the sound in it.
func (a Archive) WriteHTML(w io.Writer) error {
	view := struct {
		About
		Reason  string            `json:"reason"`
		Began   string            `json:"began"`
		Seconds float64           `json:"seconds"`
		Sound   map[string][]byte `json:"sound"` // Ogg Opus
		Rows    []row             `json:"rows"`
	}{
		About: a.About, Reason: a.Reason, Began: a.Start.Format("2006-01-02 15:04:05 MST"), Seconds: max(a.ToMs-a.FromMs, 1) / 1000,
		Sound: map[string][]byte{Sent.String(): a.Sent, Heard.String(): a.Heard},
	}
	for _, l := range a.Lines {
		view.Rows = append(view.Rows, row{(l.AtMs - a.FromMs) / 1000, l.Ms / 1000, a.wall(l).Format("15:04:05.000"), l.Kind, l.words()})
	}
	before, after, _ := strings.Cut(timelineHTML, recordingHere)
	recording, err := json.Marshal(view) // with every < escaped, so that it cannot end its element
	for _, part := range [][]byte{[]byte(before), recording, []byte(after)} {
		if err == nil {
			_, err = w.Write(part)
		}
	}
	if err != nil {
		return fmt.Errorf("timeline: %w", err)
	}
	return nil
}
