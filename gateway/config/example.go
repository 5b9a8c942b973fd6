package config

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// Example is a file that Parse accepts, with a comment on each key. Keys that
// have a default show it.
func Example() (string, error) { return Commented(Default()) }

// Commented is the file that says c, with a comment on each key. A key that must
// be given, in this way or another, and has no value shows an example.
func Commented(c Config) (string, error) {
	var b strings.Builder
	b.WriteString("# A talkgate port. Keys that show a default may be left out. A change of one\n# that is live takes effect without a restart.\n")
	err := exampleOf(&b, "", reflect.ValueOf(c))
	return b.String(), err
}

// exampleOf writes the section v. Of variants it shows the one that the word
// names, or its example.
func exampleOf(b *strings.Builder, indent string, v reflect.Value) error {
	fields, variants := fieldsOf(v)
	for _, variant := range variants {
		if variant.key == cmp.Or(fields[0].value.String(), fields[0].Tag.Get("example")) {
			chosen, _ := choose([]field{variant}, variant.key)
			fields = append(fields, chosen...)
		}
	}
	for _, f := range fields {
		if other := slices.IndexFunc(fields, func(o field) bool { return o.key == f.Tag.Get("unless") }); other >= 0 && !fields[other].value.IsZero() && f.value.IsZero() {
			continue
		}
		if err := exampleField(b, indent, f); err != nil {
			return err
		}
	}
	return nil
}

func exampleField(b *strings.Builder, indent string, f field) error {
	kind, isScalar := scalarOf(f)
	if !isScalar {
		fmt.Fprintf(b, "\n%s# %s\n%s%s:\n", indent, f.doc, indent, f.key)
		return exampleOf(b, indent+"  ", f.value)
	}
	text := f.Tag.Get("example")
	if text == "" || !f.value.IsZero() {
		plain, err := yaml.Marshal(written(f.value))
		if err != nil {
			return fmt.Errorf("example of %s: %w", f.key, err)
		}
		text = strings.TrimSpace(string(plain))
	}
	live := ""
	if f.Tag.Get("live") != "" {
		live = "; live"
	}
	fmt.Fprintf(b, "%s# %s (%s%s)\n%s%s: %s\n", indent, f.doc, kind.noun, live, indent, f.key, text)
	return nil
}
