// Package boards is what talkgate knows of boards and of the sound hardware on their
// headers: GPIO chips, device tree overlays, cards, and the pins that each uses. It is
// the one place where the pin of a role is written: configuration, set-up, drawings and
// pages take it from here, and a test compares them.
package boards

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Board is a single-board computer.
type Board struct {
	// Name is what flags and questions call it, Title what its maker does.
	Name, Title string
	// Models begin the model in its device tree.
	Models []string
	// Chip is the label of its header's GPIO chip.
	Chip string
	// Config lists the files that may be its boot configuration (config.txt), the
	// newest place first; none where overlays are not chosen by such a file.
	Config []string
}

func raspberryConfig() []string { return []string{"/boot/firmware/config.txt", "/boot/config.txt"} }

// All are the boards that we know.
func All() []Board {
	return []Board{
		{"pi3", "Raspberry Pi 3", []string{"Raspberry Pi 3"}, "pinctrl-bcm2835", raspberryConfig()},
		{"zero2", "Raspberry Pi Zero 2 W", []string{"Raspberry Pi Zero 2"}, "pinctrl-bcm2835", raspberryConfig()},
		{"zero", "Raspberry Pi Zero, 1 or 2 (ARMv6, ARMv7)", []string{"Raspberry Pi Zero W", "Raspberry Pi Zero Rev", "Raspberry Pi Model", "Raspberry Pi 2"}, "pinctrl-bcm2835", raspberryConfig()},
		{"pi4", "Raspberry Pi 4, 400", []string{"Raspberry Pi 4", "Raspberry Pi 400", "Raspberry Pi Compute Module 4"}, "pinctrl-bcm2711", raspberryConfig()},
		{"pi5", "Raspberry Pi 5, 500", []string{"Raspberry Pi 5", "Raspberry Pi Compute Module 5"}, "pinctrl-rp1", raspberryConfig()},
	}
}

// ByModel is the board whose device tree has a model.
func ByModel(model string) (Board, bool) {
	for _, b := range All() {
		for _, begin := range b.Models {
			if strings.HasPrefix(model, begin) {
				return b, true
			}
		}
	}
	return Board{}, false
}

// ByName is the board of a name.
func ByName(name string) (Board, bool) {
	i := slices.IndexFunc(All(), func(b Board) bool { return b.Name == name })
	if i < 0 {
		return Board{}, false
	}
	return All()[i], true
}

// Chips are the labels of the header's GPIO chip, by the name of the board.
func Chips() map[string]string {
	chips := map[string]string{}
	for _, b := range All() {
		chips[b.Name] = b.Chip
	}
	return chips
}

// Card is sound hardware: a HAT on the header, or a USB interface.
type Card struct {
	Name, Title string
	// IDs are what ALSA calls the card, by age of its driver; the first is today's.
	IDs []string
	// Overlay is the line of config.txt that makes it appear; empty for USB. Without
	// names those on-board cards and overlays that it replaces.
	Overlay string
	// Uses are the GPIOs of the header that it has for itself, with what for.
	Uses map[int]string
	// Button is the GPIO of its own button, to ground; 0 is none.
	Button int
	// Mixer is whether hal/sound has good settings for its controls.
	Mixer bool
	// Radio is whether squelch and PTT of a radio are on its USB interface.
	Radio bool
}

// Cards are the cards that we know. Every HAT uses I2S and, to set it up, I2C.
func Cards() []Card {
	hat := func(more map[int]string) map[int]string {
		uses := map[int]string{2: "I2C data", 3: "I2C clock", 18: "I2S clock", 19: "I2S frame", 20: "I2S in", 21: "I2S out"}
		maps.Copy(uses, more)
		return uses
	}
	return []Card{
		{Name: "codec-zero", Title: "Raspberry Pi Codec Zero", IDs: []string{"Zero", "IQaudIOCODEC"}, Overlay: "dtoverlay=rpi-codeczero", Mixer: true,
			Uses: hat(map[int]string{23: "its green LED", 24: "its red LED", 27: "its button"}), Button: 27},
		{Name: "wm8960", Title: "Waveshare WM8960 Audio HAT", IDs: []string{"wm8960soundcard"}, Overlay: "dtoverlay=wm8960-soundcard", Mixer: true,
			Uses: hat(map[int]string{17: "its button"}), Button: 17},
		{Name: "respeaker-2mic", Title: "ReSpeaker 2-Mics Pi HAT", IDs: []string{"seeed2micvoicec"}, Overlay: "dtoverlay=seeed-2mic-voicecard", Mixer: true,
			Uses: hat(map[int]string{17: "its button", 10: "its LEDs (SPI)", 11: "its LEDs (SPI)"}), Button: 17},
		{Name: "audioinjector", Title: "Audio Injector Stereo", IDs: []string{"audioinjectorpi"}, Overlay: "dtoverlay=audioinjector-wm8731-audio", Mixer: true, Uses: hat(nil)},
		{Name: "hifiberry", Title: "HiFiBerry DAC+ ADC", IDs: []string{"sndrpihifiberry"}, Overlay: "dtoverlay=hifiberry-dacplusadc", Mixer: true, Uses: hat(nil)},
		{Name: "aioc", Title: "All-In-One-Cable", IDs: []string{"AllInOneCable"}, Radio: true},
		{Name: "cm108", Title: "USB interface with CM108 or CM119", IDs: []string{"Device"}, Mixer: true, Radio: true},
	}
}

// CardIDs are today's ALSA IDs, by the name of the card.
func CardIDs() map[string]string {
	ids := map[string]string{}
	for _, c := range Cards() {
		ids[c.Name] = c.IDs[0]
	}
	return ids
}

// Radios are the names of the cards that squelch and PTT of a radio are on.
func Radios() (names []string) {
	for _, c := range Cards() {
		if c.Radio {
			names = append(names, c.Name)
		}
	}
	return names
}

// CardByName is the card of a name.
func CardByName(name string) (Card, bool) {
	i := slices.IndexFunc(Cards(), func(c Card) bool { return c.Name == name })
	if i < 0 {
		return Card{}, false
	}
	return Cards()[i], true
}

// CardByID is the card that ALSA calls by an ID.
func CardByID(id string) (Card, bool) {
	i := slices.IndexFunc(Cards(), func(c Card) bool { return slices.Contains(c.IDs, id) })
	if i < 0 {
		return Card{}, false
	}
	return Cards()[i], true
}

// Pin is the GPIO that a role is on unless somebody chooses another.
type Pin struct {
	Role string // as the configuration's key
	GPIO int
}

// Pins is the pin map. No two roles share a pin, none is one that a card of Cards uses
// for something else, and the button's is that of two HATs' own button.
func Pins() []Pin {
	return []Pin{
		{"ptt", 17}, {"cor", 5}, {"ptt_out", 22}, {"ptt_readback", 12}, {"amplifier", 13}, {"heartbeat", 6},
		{"lamps.talk", 25}, {"lamps.busy", 26}, {"lamps.alert", 16}, {"lamps.link", 4}, {"lamps.emergency", 9},
		{"emergency", 8}, {"record", 7},
	}
}

// Line is the name of the line of a role.
func Line(role string) string {
	i := slices.IndexFunc(Pins(), func(p Pin) bool { return p.Role == role })
	return fmt.Sprintf("GPIO%d", Pins()[i].GPIO)
}

// ButtonLine is the line of the push-to-talk button beside a card: its own, if it has one.
func (c Card) ButtonLine() string {
	return fmt.Sprintf("GPIO%d", cmp.Or(c.Button, Pins()[0].GPIO))
}

// Conflict says what on the card has a line for itself; empty is nothing. The card's own
// button is none for push-to-talk.
func (c Card) Conflict(role, line string) string {
	for gpio, what := range c.Uses {
		if line == fmt.Sprintf("GPIO%d", gpio) && (role != "ptt" || gpio != c.Button) {
			return fmt.Sprintf("%s is %s on the %s", line, what, c.Title)
		}
	}
	return ""
}

// Free are the lines of the header on which a button may be beside the card.
func (c Card) Free() (lines []string) {
	for gpio := 2; gpio <= 27; gpio++ {
		if line := fmt.Sprintf("GPIO%d", gpio); c.Conflict("ptt", line) == "" {
			lines = append(lines, line)
		}
	}
	return lines
}
