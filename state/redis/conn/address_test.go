package conn

import (
	"slices"
	"strings"
	"testing"
)

func TestAddresses(t *testing.T) {
	for raw, want := range map[string]string{
		"redis://h":                               "h:6379 0",
		"redis://h:7000/3":                        "h:7000 3",
		"rediss://me@[::1]:7000":                  "[::1]:7000 0 tls me",
		"redis://a?master_name=x&addr=b&addr=c:9": "a:26379 b:26379 c:9 0 x",
		"redis://a:1?addr=b:2&addr=[fe80::1]:3":   "a:1 b:2 [fe80::1]:3 0 cluster",
		"redis://a:1/2?master_name=x":             "a:1 2 x",
		"":                                        "!begin with redis://",
		"http://h":                                "!begin with redis://",
		"redis://":                                "!host:port",
		"redis://h:0":                             "!host:port",
		"redis://h:99999":                         "!host:port",
		"redis://h/x":                             "!database number",
		"redis://h/-1":                            "!database number",
		"redis://h?db=3":                          "!unknown parameter \"db\"",
		"redis://h?master_name=":                  "!master_name is empty",
		"redis://h/3?addr=b":                      "!database 0 only",
		"redis://h?addr=:1":                       "!host:port",
		"redis://me:sesame@h":                     "!password file",
		"redis://:sesame@h":                       "!password file",
		"redis://h:sesame":                        "!redis URL",
		"redis://me:sesame%zz@h":                  "!redis URL",
		"rediss://me:sesame@h:6379/0?master_name=x\x7f": "!redis URL",
	} {
		a, err := parseAddress(raw)
		got := strings.Join(a.addrs, " ")
		if err == nil {
			got += " " + string(rune('0'+a.db))
			if a.tls {
				got += " tls"
			}
			if a.user != "" {
				got += " " + a.user
			}
			if a.master != "" {
				got += " " + a.master
			}
			if a.cluster() {
				got += " cluster"
			}
		}
		if expected, bad := strings.CutPrefix(want, "!"); bad {
			if err == nil || !strings.Contains(err.Error(), expected) {
				t.Errorf("%s: %v, expected an error with %q", raw, err, expected)
			} else if strings.Contains(err.Error(), "sesame") {
				t.Errorf("%s: the password is in the error: %v", raw, err)
			}
		} else if err != nil || got != want {
			t.Errorf("%s: %q, %v, expected %q", raw, got, err, want)
		}
	}
}

func FuzzAddress(f *testing.F) {
	f.Add("redis://127.0.0.1:6379/0")
	f.Add("rediss://me@[::1]:1?master_name=x&addr=b")
	f.Fuzz(func(t *testing.T, raw string) {
		a, err := parseAddress(raw)
		if err == nil && (len(a.addrs) == 0 || slices.Contains(a.addrs, "") || a.db < 0) {
			t.Errorf("%q was read as %+v", raw, a)
		}
	})
}
