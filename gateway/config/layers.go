package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/talkgate/talkgate/state/fleet"
)

// ParseFleet reads a fleet's file: what defaults, groups and gateways are told.
//
//	version: 1
//	defaults: {talk: {max_talk: 2m}}
//	groups: {gates: {channel: gates}}
//	gateways: {north-gate: {audio: {tones: {gain: 3 dB}}}}
//
// The keys in each are those of a port's configuration. What is wrong by itself is
// an *Error; what depends on what else is merged shows in Local.With.
func ParseFleet(name string, text []byte) (map[fleet.Scope]fleet.Settings, error) {
	d := &decoder{
		resolve:  func(f File) (File, bool) { return f, true },
		lines:    map[string]int{},
		optional: func(string) bool { return true },
	}
	layers := map[fleet.Scope]fleet.Settings{}
	if root, ok := d.root(text); ok {
		d.fleet(root, layers)
	}
	return layers, newError(name, d.problems)
}

func (d *decoder) fleet(root ast.Node, layers map[fleet.Scope]fleet.Settings) {
	entries, ok := d.entries(root, "", 1)
	if !ok {
		return
	}
	version, given := entries["version"]
	if !given {
		d.problem("version", 1, fmt.Sprint(Version), "no such key")
	} else if version.Value.GetToken().Value != strconv.Itoa(Version) {
		d.problem("version", lineOf(version.Key), fmt.Sprint(Version), excerpt(version.Value.GetToken().Value))
	}
	delete(entries, "version")
	if e, given := entries["defaults"]; given {
		d.layer(e, "defaults", fleet.Defaults, layers)
		delete(entries, "defaults")
	}
	for key, scope := range map[string]func(string) fleet.Scope{"groups": fleet.Group, "gateways": fleet.Gateway} {
		e, given := entries[key]
		delete(entries, key)
		if !given {
			continue
		}
		named, _ := d.entries(notNull(e.Value), key, lineOf(e.Key))
		for name, e := range named {
			if _, err := fleet.ParseScope(string(scope(name))); err != nil {
				d.problem(join(key, name), lineOf(e.Key), "an ID without blanks, slashes or braces", excerpt(name))
				continue
			}
			d.layer(e, join(key, name), scope(name), layers)
		}
	}
	for _, e := range entries {
		d.problem(e.Key.String(), lineOf(e.Key), "one of version, defaults, groups, gateways", "an unknown key")
	}
}

// layer checks what a scope is told and keeps it as settings.
func (d *decoder) layer(e *ast.MappingValueNode, path string, scope fleet.Scope, layers map[fleet.Scope]fleet.Settings) {
	node, line := notNull(e.Value), lineOf(e.Key)
	before := len(d.problems)
	c := Default()
	d.section(node, path, line, reflect.ValueOf(&c).Elem())
	settings := fleet.Settings{}
	if len(d.problems) == before {
		d.flatten(node, path, line, "", settings)
	}
	all := everyKey()
	for key, value := range settings {
		if p, bad := settingProblem(all, key, value); bad {
			d.problem(join(path, key), max(d.lines[join(path, key)], line), p.Expected, p.Found)
		}
	}
	layers[scope] = settings
}

// flatten adds to settings what the mapping n says: path is where it is in the
// file, section where in the configuration.
func (d *decoder) flatten(n ast.Node, path string, line int, section string, settings fleet.Settings) {
	entries, _ := d.entries(n, path, line)
	for name, e := range entries {
		at, key := join(path, name), join(section, name)
		d.lines[at] = lineOf(e.Key)
		text := e.Value.GetToken().Value
		switch v := e.Value.(type) {
		case *ast.MappingNode, *ast.MappingValueNode:
			d.flatten(v, at, lineOf(e.Key), key, settings)
		case *ast.StringNode:
			settings[key] = v.Value
		case *ast.BoolNode:
			settings[key] = v.Value
		case *ast.IntegerNode:
			if i, err := strconv.ParseInt(text, 10, 64); err == nil {
				settings[key] = json.Number(strconv.FormatInt(i, 10))
				continue
			}
			d.problem(at, lineOf(e.Key), "a whole number in decimal digits", excerpt(text))
		case *ast.NullNode:
		default:
			d.problem(at, lineOf(e.Key), "text, a whole number, true or false", kindOf(v))
		}
	}
}

func notNull(n ast.Node) ast.Node {
	if n.Type() == ast.NullType {
		return nil
	}
	return n
}

// FleetYAML is a fleet's file that says what layers say.
func FleetYAML(layers map[fleet.Scope]fleet.Settings) (string, error) {
	file := yaml.MapSlice{{Key: "version", Value: Version}}
	groups, gateways := yaml.MapSlice{}, yaml.MapSlice{}
	for _, scope := range slices.Sorted(maps.Keys(layers)) {
		tree, err := treeOf(layers[scope])
		if err != nil {
			return "", fmt.Errorf("%s: %w", scope, err)
		}
		switch kind, name, _ := strings.Cut(string(scope), "/"); kind {
		case "group":
			groups = append(groups, yaml.MapItem{Key: name, Value: tree})
		case "gateway":
			gateways = append(gateways, yaml.MapItem{Key: name, Value: tree})
		default:
			file = append(file, yaml.MapItem{Key: kind, Value: tree})
		}
	}
	for key, of := range map[string]yaml.MapSlice{"groups": groups, "gateways": gateways} {
		if len(of) > 0 {
			file = append(file, yaml.MapItem{Key: key, Value: of})
		}
	}
	slices.SortStableFunc(file[1:], func(a, b yaml.MapItem) int { return strings.Compare(a.Key.(string), b.Key.(string)) })
	text, err := yaml.Marshal(file)
	return string(text), err
}

// nested is settings as a file that the parser reads: JSON is YAML.
func nested(s fleet.Settings) ([]byte, error) {
	tree, err := treeOf(s)
	if err != nil {
		return nil, err
	}
	return json.MarshalIndent(tree, "", "  ")
}

// treeOf makes sections of dotted keys.
func treeOf(s fleet.Settings) (map[string]any, error) {
	root := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(s)) {
		section := root
		words := strings.Split(key, ".")
		for _, word := range words[:len(words)-1] {
			next, isSection := section[word].(map[string]any)
			if !isSection {
				if _, taken := section[word]; taken {
					return nil, fmt.Errorf("%s: expected a section, found a value for it", key)
				}
				next = map[string]any{}
				section[word] = next
			}
			section = next
		}
		value := s[key]
		if n, isNumber := value.(json.Number); isNumber {
			i, err := n.Int64()
			if err != nil {
				return nil, fmt.Errorf("%s: expected a whole number: %w", key, err)
			}
			value = i
		}
		section[words[len(words)-1]] = value
	}
	return root, nil
}
