package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// testsByPackage are the names of tests, fuzz targets and benchmarks, by the
// package's directory below the top of the repository.
func testsByPackage(t *testing.T) map[string][]string {
	t.Helper()
	name := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark|Example)\w*)\(`)
	all := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() && d.Name() == "node_modules" {
			return filepath.SkipDir
		}
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		dir = filepath.ToSlash(dir)
		all[dir] = append(all[dir], "")
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		for _, m := range name.FindAllSubmatch(text, -1) {
			all[dir] = append(all[dir], string(m[1]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestDocumentedTestsExist checks each `go test` in the documents: its packages
// exist, each has a test that its pattern matches, and each alternative of the
// pattern matches a test in one of them.
func TestDocumentedTestsExist(t *testing.T) {
	tests := testsByPackage(t)
	command := regexp.MustCompile("(?m)`go test ([^`]*)`|^go test ([^#\n]*)")
	found := 0
	for path, text := range documents(t) {
		for _, m := range command.FindAllStringSubmatch(text, -1) {
			found++
			for _, fault := range checkGoTest(tests, m[1]+m[2]) {
				t.Errorf("%s: go test %s: %s", path, m[1]+m[2], fault)
			}
		}
	}
	if found < 50 {
		t.Errorf("only %d commands are found in the documents", found)
	}
}

// checkGoTest returns what is wrong with the arguments of a `go test`.
func checkGoTest(tests map[string][]string, arguments string) (faults []string) {
	pattern := regexp.MustCompile(`-(run|bench|fuzz)[ =]('[^']*'|"[^"]*"|\S+)`)
	kinds := map[string]string{"run": "^(Test|Fuzz|Example)", "bench": "^Benchmark", "fuzz": "^Fuzz"}
	var packages [][]string
	for _, word := range strings.Fields(pattern.ReplaceAllString(arguments, "")) {
		if !strings.HasPrefix(word, "./") {
			continue
		}
		dir, below := strings.CutSuffix(strings.TrimPrefix(word, "./"), "...")
		dir = strings.TrimSuffix(dir, "/")
		var names []string
		for d, n := range tests {
			if d == dir || below && strings.HasPrefix(d+"/", dir+"/") {
				names = append(names, n...)
			}
		}
		if names == nil {
			faults = append(faults, "no package "+word)
		}
		packages = append(packages, names)
	}
	for _, m := range pattern.FindAllStringSubmatch(arguments, -1) {
		// A table of Markdown has a backslash before each |.
		expression := strings.ReplaceAll(strings.Trim(m[2], `'"`), `\|`, "|")
		expression, _, _ = strings.Cut(expression, "/")
		if expression == "^$" {
			continue
		}
		kind := regexp.MustCompile(kinds[m[1]])
		matches := func(names []string, e string) bool {
			re := regexp.MustCompile(e)
			for _, n := range names {
				if kind.MatchString(n) && re.MatchString(n) {
					return true
				}
			}
			return false
		}
		var all []string
		for _, names := range packages {
			all = append(all, names...)
			if !matches(names, expression) {
				faults = append(faults, "a package has no test that "+expression+" matches")
			}
		}
		if strings.Contains(expression, "(") {
			continue
		}
		for e := range strings.SplitSeq(expression, "|") {
			if len(packages) > 0 && !matches(all, e) {
				faults = append(faults, "nothing matches "+e)
			}
		}
	}
	return faults
}

// TestNamedPathsExist checks the directories and Go files of this repository that
// documents name, and those that the linter's exclusions are for.
func TestNamedPathsExist(t *testing.T) {
	named := regexp.MustCompile("`((?:cmd|gateway|hal|media|state)/[\\w/.-]+)`")
	found := 0
	for path, text := range documents(t) {
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			found++
			if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
	if found < 50 {
		t.Errorf("only %d paths are found in the documents", found)
	}

	lint, err := os.ReadFile(filepath.Join(root, ".golangci.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() && d.Name() == "node_modules" {
			return filepath.SkipDir
		}
		files = append(files, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^ *- path: (.*)`).FindAllSubmatch(lint, -1) {
		if re := regexp.MustCompile(string(m[1])); !slices.ContainsFunc(files, re.MatchString) {
			t.Errorf(".golangci.yml: no file matches %s", m[1])
		}
	}
}
