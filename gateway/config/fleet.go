package config

import (
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/talkgate/talkgate/state/fleet"
)

// Fleet is how a port takes part in a fleet. With a public key, this file need
// not say more than version, identity, redis and fleet.
type Fleet struct {
	PublicKey string        `yaml:"public_key" match:"^(ed25519:[A-Za-z0-9+/]{43}=( |$)){0,4}$" as:"what 'talkgate fleet keygen' prints" within:"0..256" doc:"key that signs the documents this port obeys, or several parted by blanks; empty obeys none"`
	Group     string        `yaml:"group" match:"^[^\\s{}/\\p{C}]*$" as:"an ID without blanks, slashes or braces" within:"0..128" doc:"group of the port in the fleet; empty is none"`
	State     File          `yaml:"state" doc:"directory that keeps the last good documents; empty is systemd's $STATE_DIRECTORY"`
	Probation time.Duration `yaml:"probation" within:"5s..1h" doc:"how long a new configuration has to keep link and Redis before it counts as good"`
	Least     Least         `yaml:"least" doc:"versions below which no document is obeyed, for a board whose state directory is new: it does not remember what it obeyed; 'talkgate fleet show' lists the versions"`
}

// Least is the lowest version that counts in each scope.
type Least struct {
	Defaults int `yaml:"defaults" within:"0..9007199254740991" doc:"of the defaults"`
	Group    int `yaml:"group" within:"0..9007199254740991" doc:"of the port's group"`
	Gateway  int `yaml:"gateway" within:"0..9007199254740991" doc:"of the port itself"`
}

// Marks are how far a gateway has come that remembers nothing.
func (l Least) Marks(gateway, group string) map[fleet.Scope]fleet.Mark {
	mark := func(version int) fleet.Mark { return fleet.Mark{Seen: uint64(version), Settled: uint64(version)} }
	return map[fleet.Scope]fleet.Mark{
		fleet.Defaults: mark(l.Defaults), fleet.Group(group): mark(l.Group), fleet.Gateway(gateway): mark(l.Gateway),
	}
}

// ownSections are those that only the port's own file may have: a document that
// changed them could cut off the port from whoever might mend it.
func ownSections() []string { return []string{"version", "identity", "redis", "fleet"} }

func isOwn(key string) bool {
	section, _, _ := strings.Cut(key, ".")
	return slices.Contains(ownSections(), section)
}

// Choices are the keys that choose which others their section has.
func Choices() []string {
	var choices []string
	for key, f := range everyKey() {
		if f.Tag.Get("union") != "" {
			choices = append(choices, key)
		}
	}
	slices.Sort(choices)
	return choices
}

// Live reports whether a change of a key takes effect without a restart.
func Live(key string) bool { return everyKey()[key].Tag.Get("live") != "" }

// everyKey are the keys of all variants, dotted.
func everyKey() map[string]field {
	all := map[string]field{}
	c := Default()
	collect(all, "", reflect.ValueOf(c))
	return all
}

func collect(all map[string]field, section string, v reflect.Value) {
	fields, variants := fieldsOf(v)
	for _, f := range fields {
		if key := join(section, f.key); f.Type.Kind() == reflect.Struct {
			collect(all, key, f.value)
		} else {
			all[key] = f
		}
	}
	for _, variant := range variants {
		collect(all, section, variant.value.Elem())
	}
}

// CheckSettings says what a fleet's document may not say, whatever else is merged
// with it: the error is an *Error with name for its file. Documents name files
// beside the port's own and credentials, and none elsewhere: who may sign
// documents need not therefore be able to read all that the port can.
func CheckSettings(name string, s fleet.Settings) error {
	all := everyKey()
	var problems []Problem
	for _, key := range slices.Sorted(maps.Keys(s)) {
		if p, ok := settingProblem(all, key, s[key]); ok {
			problems = append(problems, p)
		}
	}
	return newError(name, problems)
}

func settingProblem(all map[string]field, key string, value any) (Problem, bool) {
	f, known := all[key]
	switch {
	case isOwn(key):
		return Problem{Key: key, Line: 1, Expected: "it in the port's own file only", Found: "it in a document"}, true
	case !known:
		return Problem{Key: key, Line: 1, Expected: "a key of a port's configuration", Found: "an unknown key"}, true
	case f.Type == reflect.TypeFor[File]():
		text, _ := value.(string)
		credential, isCredential := strings.CutPrefix(text, "credential:")
		if text != "" && !isCredential && !filepath.IsLocal(text) || isCredential && credential != filepath.Base(credential) {
			return Problem{Key: key, Line: 1, Expected: "a file beside the port's own configuration, or credential:NAME", Found: "one elsewhere"}, true
		}
	}
	return Problem{}, false
}
