package config

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/talkgate/talkgate/state/fleet"
)

// Local is a port's own file, over which a fleet's documents are laid.
type Local struct {
	// Config is what the file says by itself. With Fleet.PublicKey it may lack
	// what documents have to say.
	Config
	settings fleet.Settings
	resolve  func(File) (File, bool)
}

// LoadLocal is Load for a port that may be in a fleet.
func LoadLocal(path, credentials string) (Local, error) {
	text, err := readConfig(path)
	if err != nil {
		return Local{}, err
	}
	l := Local{resolve: func(f File) (File, bool) { return f.resolve(path, credentials) }}
	l.Config, l.settings, err = parseLocal(path, text, l.resolve)
	return l, err
}

// ParseLocal is LoadLocal for text that was read already. The files it names are
// left as they are written.
func ParseLocal(name string, text []byte) (Local, error) {
	l := Local{resolve: func(f File) (File, bool) { return f, true }}
	var err error
	l.Config, l.settings, err = parseLocal(name, text, l.resolve)
	return l, err
}

// InFleet reports whether documents configure the port.
func (l Local) InFleet() bool { return strings.TrimSpace(l.Fleet.PublicKey) != "" }

// With is the configuration with what merged documents say laid over the file.
func (l Local) With(s fleet.Settings) (Config, error) {
	const name = "merged configuration"
	if err := CheckSettings("document", s); err != nil {
		return Config{}, err
	}
	text, err := nested(fleet.Merge(Choices(), l.settings, s))
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", name, err)
	}
	return parse(name, text, l.resolve)
}

// parseLocal parses a file wholly or, with a fleet's key in it, as far as it goes.
func parseLocal(name string, text []byte, resolve func(File) (File, bool)) (Config, fleet.Settings, error) {
	d := &decoder{resolve: resolve, lines: map[string]int{}, optional: func(key string) bool { return !isOwn(key) }}
	c := Default()
	root, ok := d.root(text)
	if !ok {
		return Config{}, nil, newError(name, d.problems)
	}
	d.section(root, "", 1, reflect.ValueOf(&c).Elem())
	err := newError(name, d.problems)
	if mistaken := err != nil && d.lines["fleet.public_key"] > 0; c.Fleet.PublicKey == "" && !mistaken {
		c, err := parse(name, text, resolve)
		return c, nil, err
	}
	if err != nil {
		return Config{}, nil, err
	}
	settings := fleet.Settings{}
	d.flatten(root, "", 1, "", settings)
	return c, settings, newError(name, d.problems)
}
