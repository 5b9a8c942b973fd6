package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one mistake in a file.
type Problem struct {
	Key      string // dotted, such as talk.lease; empty for the file as a whole
	Line     int    // counted from 1
	Expected string // in words
	Found    string // in words; never the content of what might be a secret
}

// String is the problem without its line.
func (p Problem) String() string {
	s := fmt.Sprintf("expected %s, found %s", p.Expected, p.Found)
	if p.Key == "" {
		return s
	}
	return p.Key + ": " + s
}

// Error is everything wrong with one file, in the order of its lines.
type Error struct {
	File     string
	Problems []Problem
}

// Error is one line a problem, each starting with file and line number.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = fmt.Sprintf("%s:%d: %s", e.File, p.Line, p)
	}
	return strings.Join(lines, "\n")
}

func newError(file string, problems []Problem) error {
	if len(problems) == 0 {
		return nil
	}
	slices.SortStableFunc(problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return &Error{File: file, Problems: problems}
}
