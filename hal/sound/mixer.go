package sound

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gen2brain/alsa"
)

// Mixer is the controls of a card.
type Mixer struct {
	cfg   Config
	mixer *alsa.Mixer
}

// Control is one control of a card.
type Control struct {
	Name string
	// Value is "on" or "off", a number, or one of Choices. Where the channels differ
	// it is that of the first.
	Value string
	// Min and Max bound a number; both are 0 for other controls.
	Min, Max int
	// Choices are the values of a control that is no number.
	Choices []string
}

// Setting is the value that a control is to have.
type Setting struct{ Control, Value string }

// OpenMixer opens the controls of a card. The error wraps hal.ErrGone when the card
// is not there.
func OpenMixer(cfg Config) (*Mixer, error) {
	card, err := cfg.find(sysfs, "?")
	if err != nil {
		return nil, err
	}
	m, err := alsa.MixerOpen(uint(card.number))
	if err != nil {
		return nil, cfg.openError(err)
	}
	return &Mixer{cfg, m}, nil
}

// Close ends the use of the controls. They keep their values.
func (m *Mixer) Close() error { return m.mixer.Close() }

// Controls lists the controls that are switches, numbers or choices, in the card's
// order.
func (m *Mixer) Controls() ([]Control, error) {
	var all []Control
	for _, ctl := range m.mixer.Ctls {
		c, err := m.control(ctl)
		if errors.Is(err, errors.ErrUnsupported) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%v: control %q: %w", m.cfg, ctl.Name(), err)
		}
		all = append(all, c)
	}
	return all, nil
}

func (m *Mixer) control(ctl *alsa.MixerCtl) (c Control, err error) {
	c.Name = ctl.Name()
	const readable = uint32(alsa.SNDRV_CTL_ELEM_ACCESS_READ)
	if ctl.NumValues() == 0 || ctl.Access()&readable == 0 {
		return c, errors.ErrUnsupported
	}
	switch ctl.Type() {
	case alsa.SNDRV_CTL_ELEM_TYPE_BOOLEAN:
		c.Choices = []string{"off", "on"}
	case alsa.SNDRV_CTL_ELEM_TYPE_INTEGER:
		c.Min, _ = ctl.RangeMin() // it is an integer
		c.Max, _ = ctl.RangeMax()
	case alsa.SNDRV_CTL_ELEM_TYPE_ENUMERATED:
		if c.Choices, err = ctl.AllEnumStrings(); err != nil {
			return c, err
		}
	default:
		return c, errors.ErrUnsupported
	}
	values, err := readValues(m.mixer, ctl)
	if err != nil {
		return c, err
	}
	c.Value = strconv.Itoa(values[0])
	if c.Choices != nil {
		if values[0] < 0 || values[0] >= len(c.Choices) {
			return c, fmt.Errorf("expected one of %d values, found %d", len(c.Choices), values[0])
		}
		c.Value = c.Choices[values[0]]
	}
	return c, nil
}

// ErrNoControl says that a card has no control of a name.
var ErrNoControl = errors.New("no such control")

// Set gives all channels of a control a value: one of its choices, a number, or a
// percentage of its range ("80%").
func (m *Mixer) Set(s Setting) error {
	ctl, err := m.mixer.CtlByName(s.Control)
	if err != nil {
		return fmt.Errorf("%v: control %q: %w", m.cfg, s.Control, ErrNoControl)
	}
	c, err := m.control(ctl)
	if err != nil {
		return fmt.Errorf("%v: control %q: %w", m.cfg, s.Control, err)
	}
	value, err := c.parse(s.Value)
	if err != nil {
		return fmt.Errorf("%v: control %q: %w", m.cfg, s.Control, err)
	}
	if err := writeValues(m.mixer, ctl, slices.Repeat([]int{value}, int(ctl.NumValues()))); err != nil {
		return fmt.Errorf("%v: control %q cannot be set to %s: %w", m.cfg, s.Control, s.Value, err)
	}
	return nil
}

// parse converts a value to the card's number for it.
func (c Control) parse(value string) (int, error) {
	if c.Choices != nil {
		if i := slices.Index(c.Choices, value); i >= 0 {
			return i, nil
		}
		return 0, fmt.Errorf("expected one of %s, found %q", strings.Join(c.Choices, ", "), value)
	}
	number, isPercent := strings.CutSuffix(value, "%")
	n, err := strconv.Atoi(number)
	if err == nil && isPercent && n >= 0 && n <= 100 {
		return c.Min + ((c.Max-c.Min)*n+50)/100, nil
	}
	if err != nil || isPercent || n < c.Min || n > c.Max {
		return 0, fmt.Errorf("expected %d to %d, or a percentage of it such as 80%%, found %q", c.Min, c.Max, value)
	}
	return n, nil
}

// String is the control as doctor shows it.
func (c Control) String() string {
	if c.Choices != nil {
		return fmt.Sprintf("%s=%s (%s)", c.Name, c.Value, strings.Join(c.Choices, ", "))
	}
	return fmt.Sprintf("%s=%s (%d to %d)", c.Name, c.Value, c.Min, c.Max)
}

// ParseSettings reads settings as the configuration has them: NAME=VALUE, divided by
// semicolons.
func ParseSettings(text string) (all []Setting, err error) {
	for part := range strings.SplitSeq(text, ";") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		control, value, ok := strings.Cut(part, "=")
		s := Setting{strings.TrimSpace(control), strings.TrimSpace(value)}
		if !ok || s.Control == "" || s.Value == "" {
			return nil, fmt.Errorf("expected controls as NAME=VALUE, divided by semicolons, found %q", strings.TrimSpace(part))
		}
		all = append(all, s)
	}
	return all, nil
}

// KnownSettings is the text that stands for the settings of Known.
const KnownSettings = "known"

// SetMixer gives controls the values that text has, of whichever of the cards has
// the control. Text is empty, KnownSettings, or what ParseSettings reads.
func SetMixer(text string, cards ...Config) error {
	var settings []Setting
	if text != KnownSettings {
		var err error
		if settings, err = ParseSettings(text); err != nil || settings == nil {
			return err
		}
	}
	found := make([]bool, len(settings))
	names := map[string]bool{}
	for _, cfg := range cards {
		if names[cfg.Card] {
			continue
		}
		names[cfg.Card] = true
		if err := setCard(cfg, text, settings, found); err != nil {
			return err
		}
	}
	for i, s := range settings {
		if !found[i] {
			return fmt.Errorf("%v: control %q: %w: 'talkgate doctor' lists those it has", cards[0], s.Control, ErrNoControl)
		}
	}
	return nil
}

func setCard(cfg Config, text string, settings []Setting, found []bool) (err error) {
	m, err := OpenMixer(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	if text == KnownSettings {
		controls, err := m.Controls()
		if err != nil {
			return err
		}
		_, settings = Known(controls)
		found = make([]bool, len(settings))
	}
	for i, s := range settings {
		switch err := m.Set(s); {
		case err == nil:
			found[i] = true
		case !errors.Is(err, ErrNoControl):
			return err
		}
	}
	return nil
}

// DescribeMixer lists the controls of the cards as "NAME=VALUE (range)", and names
// the first card that is known.
func DescribeMixer(cards ...Config) (controls []string, known string, err error) {
	names := map[string]bool{}
	for _, cfg := range cards {
		if names[cfg.Card] {
			continue
		}
		names[cfg.Card] = true
		m, err := OpenMixer(cfg)
		if err != nil {
			return nil, "", err
		}
		all, err := m.Controls()
		if err := errors.Join(err, m.Close()); err != nil {
			return nil, "", err
		}
		for _, c := range all {
			controls = append(controls, c.String())
		}
		if name, _ := Known(all); known == "" {
			known = name
		}
	}
	return controls, known, nil
}
