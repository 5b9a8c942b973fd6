package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/gateway/config"
)

// FuzzParse wants of any text: no panic, an *Error whose problems all have a
// line of the file and say what was expected and found, or a configuration that
// keeps the promises the port relies on.
func FuzzParse(f *testing.F) {
	example, err := config.Example()
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{minimal, example, "", "{", "a: &a [*a]", "<<: {version: 1}", "? {a: b}\n: c", "!!binary x: 1", "- 1", "---\n---\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := config.Parse("f", text)
		if err != nil {
			e, ok := errors.AsType[*config.Error](err)
			if !ok || len(e.Problems) == 0 {
				t.Fatalf("got %v", err)
			}
			for _, p := range e.Problems {
				if p.Line < 1 || p.Line > 1+strings.Count(string(text), "\n")+strings.Count(string(text), "\r") || p.Expected == "" || p.Found == "" {
					t.Fatalf("got %+v", p)
				}
			}
			return
		}
		if c.Channel == "" || (c.Link.Hub == nil) == (c.Link.VoicePing == nil) || c.Hardware.Sim == nil || c.Talk.LockTTL < 2*c.Talk.Lease {
			t.Fatalf("got %+v", c)
		}
	})
}
