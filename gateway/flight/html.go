package flight

import (
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
)

//go:embed timeline.html
var timelineHTML string

// lane is a row of the picture.
type lane struct {
	Name   string
	Y      int
	Spurts []bar
}

// bar is a stretch of sound, in ‰ of the recording.
type bar struct{ X, Width float64 }

// WriteHTML writes the timeline as a page of its own, with the sound in it.
func (a Archive) WriteHTML(w io.Writer) error {
	page, err := template.New("timeline").Parse(timelineHTML)
	if err != nil {
		return err
	}
	type row struct {
		Seconds           float64 // since the sound begins
		Wall, Kind, Words string
	}
	span := max(a.ToMs-a.FromMs, 1)
	view := struct {
		Archive
		Seconds     float64
		Sound       []template.URL
		Names       []string
		Lanes       []lane
		Marks       []float64
		Rows        []row
		Began       string
		LaneHeight  int
		TotalHeight int
	}{
		Archive: a, Seconds: span / 1000, Began: a.Start.Format("2006-01-02 15:04:05 MST"),
		Names: []string{Sent.String(), Heard.String()},
	}
	for i, ogg := range [][]byte{a.Sent, a.Heard} {
		view.Sound = append(view.Sound, template.URL("data:audio/ogg;base64,"+base64.StdEncoding.EncodeToString(ogg)))
		view.Lanes = append(view.Lanes, lane{Name: view.Names[i], Y: 10 + 40*i})
	}
	for _, l := range a.Lines {
		x := (l.AtMs - a.FromMs) / span * 1000
		switch l.Kind {
		case Sent.String():
			view.Lanes[0].Spurts = append(view.Lanes[0].Spurts, bar{x, max(l.Ms/span*1000, 1)})
		case Heard.String():
			view.Lanes[1].Spurts = append(view.Lanes[1].Spurts, bar{x, max(l.Ms/span*1000, 1)})
		default:
			view.Marks = append(view.Marks, x)
		}
		view.Rows = append(view.Rows, row{(l.AtMs - a.FromMs) / 1000, a.wall(l).Format("15:04:05.000"), l.Kind, l.words()})
	}
	if err := page.Execute(w, view); err != nil {
		return fmt.Errorf("timeline: %w", err)
	}
	return nil
}
