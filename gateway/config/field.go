package config

import (
	"reflect"
	"strings"
)

// field is one key of a section.
type field struct {
	reflect.StructField
	key   string
	doc   string
	need  bool     // the file must give it
	words []string // all that are allowed; nil for a value of another kind
	value reflect.Value
}

// fieldsOf are the keys of the section that the struct v is. Where it has
// variants, its only field is a word that names one of them, and the chosen
// one's keys follow in the same section.
func fieldsOf(v reflect.Value) (fields, variants []field) {
	for t, value := range v.Fields() {
		f := field{
			StructField: t,
			key:         t.Tag.Get("yaml"),
			doc:         t.Tag.Get("doc"),
			need:        t.Tag.Get("need") != "",
			words:       strings.Fields(t.Tag.Get("oneof")),
			value:       value,
		}
		if t.Type.Kind() == reflect.Pointer {
			variants = append(variants, f)
		} else {
			fields = append(fields, f)
		}
	}
	if variants != nil {
		fields[0].words = keys(variants)
	}
	return fields, variants
}

// choose keeps the variant called word and returns its fields; it clears the
// others. Without such a variant it clears all.
func choose(variants []field, word string) (fields []field, ok bool) {
	for _, f := range variants {
		if f.key == word {
			fields, _ = fieldsOf(f.value.Elem())
			ok = true
		} else {
			f.value.SetZero()
		}
	}
	return fields, ok
}

func keys(fields []field) []string {
	keys := make([]string, len(fields))
	for i, f := range fields {
		keys[i] = f.key
	}
	return keys
}
