//go:build hil

package hil

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Chip is a simulated GPIO chip: a real one to everybody but us, who move what
// is wired to its inputs and see what its outputs drive.
type Chip struct {
	t      testing.TB
	config string // its directory in configfs
	sysfs  string // of its lines
}

// NewChip makes a chip with a label and named lines; one named "" has no name.
// It goes with the test.
func NewChip(t testing.TB, label string, lines ...string) *Chip {
	t.Helper()
	c := &Chip{t: t, config: filepath.Join("/sys/kernel/config/gpio-sim", label)}
	c.make(c.config, "bank")
	c.write(c.path("bank", "label"), label)
	c.write(c.path("bank", "num_lines"), fmt.Sprint(len(lines)))
	for i, name := range lines {
		if name == "" {
			continue
		}
		c.make(c.path("bank", fmt.Sprint("line", i)))
		c.write(c.path("bank", fmt.Sprint("line", i), "name"), name)
	}
	c.Plug()
	t.Cleanup(func() {
		c.Unplug()
		for i, name := range lines {
			if name != "" {
				_ = os.Remove(c.path("bank", fmt.Sprint("line", i)))
			}
		}
		_ = os.Remove(c.path("bank"))
		_ = os.Remove(c.config)
	})
	return c
}

// Plug makes the chip appear.
func (c *Chip) Plug() {
	c.t.Helper()
	c.write(c.path("live"), "1")
	c.sysfs = filepath.Join("/sys/devices/platform", c.read(c.path("dev_name")), c.read(c.path("bank", "chip_name")))
}

// Unplug makes it vanish.
func (c *Chip) Unplug() {
	c.t.Helper()
	if c.read(c.path("live")) == "1" {
		c.write(c.path("live"), "0")
	}
}

// Pull drives an input high or low.
func (c *Chip) Pull(line int, high bool) {
	c.t.Helper()
	level := "pull-down"
	if high {
		level = "pull-up"
	}
	c.write(c.line(line, "pull"), level)
}

// High is the level of a line.
func (c *Chip) High(line int) bool {
	c.t.Helper()
	return c.read(c.line(line, "value")) == "1"
}

func (c *Chip) line(line int, file string) string {
	return filepath.Join(c.sysfs, fmt.Sprint("sim_gpio", line), file)
}

func (c *Chip) path(elem ...string) string {
	return filepath.Join(append([]string{c.config}, elem...)...)
}

func (c *Chip) make(elem ...string) {
	c.t.Helper()
	if err := os.MkdirAll(filepath.Join(elem...), 0o755); err != nil {
		c.t.Fatal(err)
	}
}

func (c *Chip) write(path, text string) {
	c.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0); err != nil {
		c.t.Fatal(err)
	}
}

func (c *Chip) read(path string) string {
	c.t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		c.t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}
