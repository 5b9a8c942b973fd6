package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Schema is the JSON Schema (draft 2020-12) of the file, for editors. It cannot
// say all that Parse checks: limits of durations, decibels and percentages, and
// what one key demands of another, stand in its descriptions only.
func Schema() ([]byte, error) {
	c := Default()
	s := schemaOf(reflect.ValueOf(c))
	s.Dialect = "https://json-schema.org/draft/2020-12/schema"
	s.Title = "talkgate port"
	return json.MarshalIndent(s, "", "  ")
}

// schemaOf describes the section v, whose values are the defaults.
func schemaOf(v reflect.Value) *schema {
	fields, variants := fieldsOf(v)
	if variants == nil {
		return object(fields)
	}
	s := &schema{}
	for _, variant := range variants {
		word := fields[0]
		word.words, word.doc = []string{variant.key}, variant.doc
		chosen, _ := choose([]field{variant}, variant.key)
		s.OneOf = append(s.OneOf, object(append([]field{word}, chosen...)))
	}
	return s
}

func object(fields []field) *schema {
	s := &schema{Type: "object", AdditionalProperties: new(bool)}
	for _, f := range fields {
		p := property(f)
		s.Properties = append(s.Properties, namedSchema{f.key, p})
		if f.need || len(p.Required) > 0 || len(p.OneOf) > 0 {
			s.Required = append(s.Required, f.key)
		}
	}
	return s
}

func property(f field) *schema {
	kind, isScalar := scalarOf(f)
	if !isScalar {
		s := schemaOf(f.value)
		s.Description = f.doc
		return s
	}
	s := &schema{
		Type:        kind.json,
		Pattern:     kind.pattern,
		Description: fmt.Sprintf("%s (%s)", f.doc, kind.noun),
	}
	s.Enum = append(s.Enum, f.words...)
	switch low, high, limited := strings.Cut(f.Tag.Get("within"), ".."); {
	case limited && kind.json == "integer":
		s.Minimum, s.Maximum = json.Number(low), json.Number(high)
	case limited && f.Type.Kind() == reflect.String:
		s.MinLength, s.MaxLength = characters(low), characters(high)
	}
	if !f.need {
		s.Default = written(f.value)
	}
	return s
}

// written is a value as the file would give it.
func written(v reflect.Value) any {
	if s, ok := v.Interface().(fmt.Stringer); ok {
		return s.String()
	}
	return v.Interface()
}

// characters is a limit of a text's length.
func characters(limit string) *uint64 {
	n, _ := strconv.ParseUint(limit, 10, 64)
	return &n
}
