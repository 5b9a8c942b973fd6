package display

import (
	"image"
	"image/color"
	"math"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"

	"github.com/talkgate/talkgate/hal"
)

// View is what there is to show. The zero value is a port that has not started.
type View struct {
	// Channel is the one the port is on.
	Channel string
	// Talker is who has the floor; empty is nobody. Ours says that it is this port.
	Talker string
	Ours   bool
	// Emergency is whether the floor is an emergency's.
	Emergency bool
	// State is how the port is, or why it does not talk; Missing is what keeps it from the
	// air and is shown in its place.
	State, Missing string
	// Level is that of the sound that is said or heard, in dBFS.
	Level float64
}

// live reports whether somebody talks.
func (v View) live() bool { return v.Talker != "" || v.Ours || v.Emergency }

// words are v without what changes all the time.
func (v View) words() View {
	v.Level = 0
	return v
}

const (
	letterWidth  = 7
	letterHeight = 13
	ascent       = 11
	columns      = 18 // letters in a line
	barTop       = 4 * letterHeight
	barHeight    = 5
	barWidth     = columns * letterWidth
	floorLevel   = -60 // dBFS, an empty bar
	// shiftX and shiftY are how far a picture may be shifted and still show everything.
	shiftX = hal.PictureWidth - barWidth
	shiftY = hal.PictureHeight - barTop - barHeight
)

// Render draws v, shifted to the right and down by so many points.
func Render(v View, right, down int) hal.Picture {
	gray := image.NewAlpha(image.Rect(0, 0, hal.PictureWidth, hal.PictureHeight))
	line := func(n int, text string) {
		d := font.Drawer{Dst: gray, Src: image.NewUniform(color.Opaque), Face: basicfont.Face7x13,
			Dot: fixed.P(right, down+n*letterHeight+ascent)}
		d.DrawString(cut(text))
	}
	line(0, v.Channel)
	line(1, talkerLine(v))
	first, second := wrap(v.stateLine())
	line(2, first)
	line(3, second)
	var p hal.Picture
	for y := range hal.PictureHeight {
		for x := range hal.PictureWidth {
			if gray.AlphaAt(x, y).A >= 128 {
				p.Set(x, y)
			}
		}
	}
	if v.live() {
		bar(&p, v.Level, right, barTop+down)
	}
	return p
}

func (v View) stateLine() string {
	if v.Missing != "" {
		return v.Missing
	}
	return v.State
}

func talkerLine(v View) string {
	switch {
	case v.Emergency:
		return "! EMERGENCY " + v.Talker
	case v.Ours:
		return "> ON AIR"
	case v.Talker != "":
		return "< " + v.Talker
	}
	return ""
}

// bar is a frame that is filled by a level.
func bar(p *hal.Picture, level float64, x, y int) {
	filled := int(math.Round((level - floorLevel) / -floorLevel * barWidth))
	for i := range barWidth {
		for j := range barHeight {
			edge := i == 0 || i == barWidth-1 || j == 0 || j == barHeight-1
			if edge || i < filled {
				p.Set(x+i, y+j)
			}
		}
	}
}

// cut leaves as many letters as fit.
func cut(text string) string {
	r := []rune(text)
	if len(r) > columns {
		r = r[:columns]
	}
	return string(r)
}

// wrap divides a text into two lines, between words where it can.
func wrap(text string) (first, second string) {
	r := []rune(text)
	if len(r) <= columns {
		return text, ""
	}
	at := strings.LastIndexByte(string(r[:columns+1]), ' ')
	if at <= 0 {
		return string(r[:columns]), string(r[columns:])
	}
	return string(r[:columns+1])[:at], text[at+1:]
}
