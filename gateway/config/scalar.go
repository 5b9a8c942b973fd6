package config

import (
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
)

// Decibel is a gain or a level, written "-18 dB".
type Decibel float64

// String is the notation of the file.
func (d Decibel) String() string { return strconv.FormatFloat(float64(d), 'g', -1, 64) + " dB" }

// Percent is a share in whole hundredths, written "10%".
type Percent int

// String is the notation of the file.
func (p Percent) String() string { return strconv.Itoa(int(p)) + "%" }

// URL is where a server is. It holds no user and no password.
type URL string

// ParseURL reads a URL of one of the schemes. The error does not show text,
// which may hold a password.
func ParseURL(text string, schemes ...string) (URL, error) {
	u, err := url.Parse(text)
	if err != nil || !slices.Contains(schemes, u.Scheme) || u.Host == "" || u.User != nil {
		return "", fmt.Errorf("expected %s", urlNoun(schemes))
	}
	return URL(text), nil
}

// hintURL says what is wrong with a URL, as far as that shows nothing of it.
func hintURL(text string, schemes []string) string {
	scheme, _, ok := strings.Cut(text, "://")
	switch {
	case !ok:
		return "one without a scheme; write " + schemes[0] + ":// before it"
	case !slices.Contains(schemes, scheme):
		return "one of another scheme"
	}
	return "something else"
}

func urlNoun(schemes []string) string {
	return "a URL " + strings.Join(schemes, ":// or ") + ":// with a host and without user or password"
}

// scalar is one value of the file: how it is written and what is allowed.
type scalar struct {
	noun    string                        // what is expected, in words
	json    string                        // its type in JSON
	pattern string                        // of the text, for the schema
	unit    string                        // what follows a bare number; empty where none does
	secret  bool                          // what is found may hold a secret by mistake
	hint    func(text string) string      // what is wrong with a text, without showing it; may be nil
	parse   func(text string) (any, bool) // the value, of the field's type
}

// scalarOf describes a field; ok is false for one that is a section.
func scalarOf(f field) (s scalar, ok bool) {
	switch reflect.Zero(f.Type).Interface().(type) {
	case time.Duration:
		s = scalar{noun: "a duration such as 1s or 250ms", json: "string", pattern: `^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`, unit: "s", parse: parseDuration}
	case Decibel:
		s = scalar{noun: "decibels such as -18 dB", json: "string", pattern: `^[-+]?[0-9]+(\.[0-9]+)? ?dB$`, unit: " dB", parse: parseDecibel}
	case Percent:
		s = scalar{noun: "a percentage such as 10%", json: "string", pattern: `^[0-9]+ ?%$`, unit: "%", parse: parsePercent}
	case int:
		s = scalar{noun: "a whole number", json: "integer",
			parse: func(text string) (any, bool) { v, err := strconv.Atoi(text); return v, err == nil }}
	case bool:
		s = scalar{noun: "true or false", json: "boolean",
			parse: func(text string) (any, bool) { v, err := strconv.ParseBool(text); return v, err == nil }}
	case URL:
		schemes := strings.Fields(f.Tag.Get("schemes"))
		s = scalar{noun: urlNoun(schemes), json: "string", pattern: "^(" + strings.Join(schemes, "|") + ")://[^@]+$", secret: true,
			hint:  func(text string) string { return hintURL(text, schemes) },
			parse: func(text string) (any, bool) { return parseURL(text, schemes) }}
	case File:
		s = scalar{noun: "the path of a file, or credential:NAME", json: "string", secret: true,
			parse: func(text string) (any, bool) { return File(text), text != "" || !f.need }}
	case string:
		s = text(f)
	default:
		return scalar{}, false
	}
	return s.limited(f), true
}

// text is a scalar of type string: one of some words, or what a pattern allows.
func text(f field) scalar {
	if len(f.words) > 0 {
		return scalar{noun: "one of " + strings.Join(f.words, ", "), json: "string",
			parse: func(text string) (any, bool) { return text, slices.Contains(f.words, text) }}
	}
	pattern := regexp.MustCompile(f.Tag.Get("match"))
	return scalar{noun: f.Tag.Get("as"), json: "string", pattern: pattern.String(),
		parse: func(text string) (any, bool) { return text, pattern.MatchString(text) }}
}

// limited adds the limits of the field's "within".
func (s scalar) limited(f field) scalar {
	low, high, ok := strings.Cut(f.Tag.Get("within"), "..")
	if !ok {
		return s
	}
	unit := ""
	limit := func(text string) float64 {
		v, _ := s.parse(text)
		return size(v)
	}
	if f.Type.Kind() == reflect.String {
		unit = " characters"
		limit = func(text string) float64 {
			n, _ := strconv.Atoi(text)
			return float64(n)
		}
	}
	least, most, parse := limit(low), limit(high), s.parse
	s.parse = func(text string) (any, bool) {
		v, ok := parse(text)
		return v, ok && least <= size(v) && size(v) <= most
	}
	s.noun = fmt.Sprintf("%s, %s to %s%s", s.noun, low, high, unit)
	if low == high {
		s.noun = low
	}
	return s
}

// accepts says whether YAML gave the node the type that the scalar has.
func (s scalar) accepts(n ast.Node) bool {
	switch s.json {
	case "integer":
		return n.Type() == ast.IntegerType
	case "boolean":
		return n.Type() == ast.BoolType
	default:
		return n.Type() == ast.StringType
	}
}

func parseDuration(text string) (any, bool) {
	d, err := time.ParseDuration(text)
	return d, err == nil
}

func parseDecibel(text string) (any, bool) {
	number, hasUnit := strings.CutSuffix(text, "dB")
	v, err := strconv.ParseFloat(strings.TrimSuffix(number, " "), 64)
	return Decibel(v), hasUnit && err == nil
}

func parsePercent(text string) (any, bool) {
	number, hasUnit := strings.CutSuffix(text, "%")
	v, err := strconv.Atoi(strings.TrimSuffix(number, " "))
	return Percent(v), hasUnit && err == nil
}

func parseURL(text string, schemes []string) (any, bool) {
	u, err := ParseURL(text, schemes...)
	return u, err == nil
}

// size is what a limit applies to.
func size(value any) float64 {
	switch v := reflect.ValueOf(value); {
	case v.CanInt():
		return float64(v.Int())
	case v.CanFloat():
		return v.Float()
	default:
		return float64(utf8.RuneCountInString(v.String()))
	}
}
