package main

import (
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

var manDir = flag.String("man", "", "write the manual pages into this directory, for a package")

// TestManualPages writes a manual page for each command. They carry the date of
// SOURCE_DATE_EPOCH, so that the same source always gives the same pages. The command
// itself does not write them: a board needs no Markdown parser.
func TestManualPages(t *testing.T) {
	dir := *manDir
	if dir == "" {
		dir = t.TempDir()
	}
	seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64)
	if err != nil && *manDir != "" {
		t.Fatalf("SOURCE_DATE_EPOCH: expected seconds since 1970: %v", err)
	}
	date := time.Unix(seconds, 0).UTC()
	root := newRoot()
	root.DisableAutoGenTag = true
	if err := doc.GenManTree(root, &doc.GenManHeader{Section: "1", Source: "talkgate", Manual: "talkgate", Date: &date}, dir); err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if want := commands(root); err != nil || len(pages) != want {
		t.Errorf("%d pages of %d commands: %v", len(pages), want, err)
	}
}

// commands counts what has a page.
func commands(c *cobra.Command) int {
	n := 1
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() && !sub.IsAdditionalHelpTopicCommand() {
			n += commands(sub)
		}
	}
	return n
}
