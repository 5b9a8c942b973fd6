package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// root is the top of the repository, seen from this package.
const root = "../.."

// documents are all Markdown files, by path.
func documents(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() && d.Name() == "node_modules" {
			return filepath.SkipDir
		}
		if err != nil || d.IsDir() || filepath.Ext(path) != ".md" {
			return err
		}
		text, err := os.ReadFile(path)
		all[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if all[filepath.Join(root, "README.md")] == "" {
		t.Fatal("README.md is not found")
	}
	return all
}

func TestLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#\s]+)`)
	for path, text := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), m[1])); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
}

// TestEveryPageIsListed wants the README beside a page to lead to it.
func TestEveryPageIsListed(t *testing.T) {
	all := documents(t)
	for path := range all {
		dir, name := filepath.Split(path)
		if index := filepath.Join(dir, "README.md"); path != index && !strings.Contains(all[index], "]("+name+")") {
			t.Errorf("%s does not link to %s", index, name)
		}
	}
}

// TestDocumentedCommandsExist checks each make target, and each talkgate command
// line of a block of shell, in the documents.
func TestDocumentedCommandsExist(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	targets := regexp.MustCompile("(?m)(?:^|`)make ([a-z0-9-]+)")
	shell := regexp.MustCompile("(?s)```sh\n(.*?)```")
	commands := regexp.MustCompile(`(?m)(?:^|; |/)talkgate ([^>|&)#\n]*)`)
	lines := 0
	for path, text := range documents(t) {
		for _, m := range targets.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(string(makefile), "\n"+m[1]+": ") {
				t.Errorf("%s: make has no target %s", path, m[1])
			}
			lines++
		}
		for _, block := range shell.FindAllStringSubmatch(text, -1) {
			for _, m := range commands.FindAllStringSubmatch(block[1], -1) {
				checkExample(t, strings.Fields(m[1]))
				lines++
			}
		}
	}
	if lines < 15 {
		t.Errorf("only %d commands are found in the documents", lines)
	}
}
