package config

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxFile is more than any configuration needs, in bytes.
const maxFile = 64 << 10

// decoder collects what is wrong while it fills in what is right.
type decoder struct {
	resolve  func(File) (File, bool)
	lines    map[string]int // of each key that was given
	problems []Problem
	// optional says of a key that must be given whether it may be missing
	// though: it is said elsewhere. nil is none.
	optional func(key string) bool
}

func parse(name string, text []byte, resolve func(File) (File, bool)) (Config, error) {
	d := &decoder{resolve: resolve, lines: map[string]int{}}
	c := Default()
	if root, ok := d.root(text); ok {
		d.section(root, "", 1, reflect.ValueOf(&c).Elem())
		d.relations(c)
	}
	if err := newError(name, d.problems); err != nil {
		return Config{}, err
	}
	return c, nil
}

// root is the content of the file, nil for an empty one.
func (d *decoder) root(text []byte) (root ast.Node, ok bool) {
	if len(text) > maxFile {
		d.problem("", 1, fmt.Sprintf("at most %d bytes", maxFile), fmt.Sprint(len(text)))
		return nil, false
	}
	text, encoding := decodeText(text)
	if encoding != "" {
		d.problem("", 1, "text in UTF-8", encoding)
		return nil, false
	}
	// Duplicates are ours to report, with the line of the first.
	file, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		line, message := 1, err.Error()
		if e, ok := errors.AsType[yaml.Error](err); ok {
			// Error() would quote the lines around the mistake.
			line, message = e.GetToken().Position.Line, e.GetMessage()
		}
		d.problem("", line, "YAML", "a mistake: "+message)
		return nil, false
	}
	switch len(file.Docs) {
	case 0:
		return nil, true
	case 1:
		return file.Docs[0].Body, true
	default:
		d.problem("", 1, "one YAML document", fmt.Sprint(len(file.Docs)))
		return nil, false
	}
}

// section fills the struct v from a mapping; a nil one has no keys.
func (d *decoder) section(n ast.Node, key string, line int, v reflect.Value) {
	entries, ok := d.entries(n, key, line)
	if !ok {
		return
	}
	fields, variants := fieldsOf(v)
	for _, f := range fields {
		d.field(entries, key, line, f)
	}
	if variants != nil {
		chosen, ok := choose(variants, fields[0].value.String())
		if !ok {
			return // reported; which keys may follow is not known
		}
		for _, f := range chosen {
			d.field(entries, key, line, f)
		}
		fields = append(fields, chosen...)
	}
	for _, e := range entries {
		d.problem(join(key, e.Key.String()), lineOf(e.Key), "one of "+strings.Join(keys(fields), ", "), "an unknown key"+DidYouMean(e.Key.String(), keys(fields)))
	}
}

// field takes the entry of f out of a section's entries.
func (d *decoder) field(entries map[string]*ast.MappingValueNode, section string, line int, f field) {
	key := join(section, f.key)
	entry, given := entries[f.key]
	delete(entries, f.key)
	var value ast.Node
	if given {
		value, line = entry.Value, lineOf(entry.Key)
		d.lines[key] = line
	}
	s, isScalar := scalarOf(f)
	switch {
	case !isScalar:
		d.section(value, key, line, f.value)
	case given:
		d.scalar(value, key, line, s, f.value)
	case f.need && (d.optional == nil || !d.optional(key)):
		d.problem(key, line, s.noun, "no such key")
	}
}

// scalar sets v.
func (d *decoder) scalar(n ast.Node, key string, line int, s scalar, v reflect.Value) {
	if !s.accepts(n) {
		found := kindOf(n)
		if _, bare := n.(*ast.IntegerNode); bare && s.unit != "" {
			found = fmt.Sprintf("a number without a unit; write %s%s", n.GetToken().Value, s.unit)
		}
		d.problem(key, line, s.noun, found)
		return
	}
	text := n.GetToken().Value
	value, ok := s.parse(text)
	if f, isFile := value.(File); ok && isFile {
		value, ok = d.resolve(f)
	}
	switch {
	case ok:
		v.Set(reflect.ValueOf(value))
	case s.secret:
		found := "something else"
		if s.hint != nil {
			found = s.hint(text)
		}
		d.problem(key, line, s.noun, found+" (not shown, it might hold a secret)")
	default:
		d.problem(key, line, s.noun, excerpt(text))
	}
}

// entries are those of a mapping by key. Of a key given twice the first counts.
func (d *decoder) entries(n ast.Node, key string, line int) (map[string]*ast.MappingValueNode, bool) {
	entries := map[string]*ast.MappingValueNode{}
	if n == nil {
		return entries, true
	}
	mapping, ok := n.(ast.MapNode)
	if !ok {
		d.problem(key, line, "keys with values", kindOf(n))
		return nil, false
	}
	for all := mapping.MapRange(); all.Next(); {
		e := all.KeyValue()
		name, isText := e.Key.(*ast.StringNode)
		if !isText {
			d.problem(key, lineOf(e.Key), "a key that is a word", kindOf(e.Key))
			continue
		}
		if first, twice := entries[name.Value]; twice {
			d.problem(join(key, name.Value), lineOf(e.Key), "the key once", fmt.Sprint("it again after line ", lineOf(first.Key)))
			continue
		}
		entries[name.Value] = e
	}
	return entries, true
}

func (d *decoder) problem(key string, line int, expected, found string) {
	d.problems = append(d.problems, Problem{Key: key, Line: line, Expected: expected, Found: found})
}

func join(section, key string) string {
	if section == "" {
		return key
	}
	return section + "." + key
}

func lineOf(n ast.Node) int {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 1
}
