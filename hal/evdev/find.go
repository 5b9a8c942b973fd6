package evdev

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/talkgate/talkgate/hal"
)

// dirs is where the kernel and udev list the input devices.
type dirs struct {
	sysfs string // /sys/class/input
	dev   string // /dev/input
}

func system() dirs { return dirs{"/sys/class/input", "/dev/input"} }

// Device is an input device with keys.
type Device struct {
	// Name is the kernel's.
	Name string
	// Path is the one below by-id or by-path that stays the same from start to start;
	// empty if there is none, as with Bluetooth.
	Path string
	// Keys are the names of its keys.
	Keys []string

	node string // such as "event3"
	keys keySet
}

// Use is what to put into the configuration: the path if there is one, else the name.
func (d Device) Use() string { return cmp.Or(d.Path, d.Name) }

// List lists the input devices that have keys.
func List() ([]Device, error) { return system().list() }

func (d dirs) list() ([]Device, error) {
	nodes, err := filepath.Glob(filepath.Join(d.sysfs, "event*"))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(nodes, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) })
	stable := d.stablePaths()
	var all []Device
	for _, path := range nodes {
		name, err := os.ReadFile(filepath.Join(path, "device", "name"))
		if err != nil {
			continue // it is just vanishing
		}
		text, err := os.ReadFile(filepath.Join(path, "device", "capabilities", "key"))
		if err != nil {
			continue
		}
		keys, err := parseCapabilities(string(text), strconv.IntSize)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		node := filepath.Base(path)
		dev := Device{Name: strings.TrimSpace(string(name)), Path: stable[node], node: node, keys: keys}
		for _, code := range keys.codes() {
			dev.Keys = append(dev.Keys, KeyName(code))
		}
		if dev.Keys != nil {
			all = append(all, dev)
		}
	}
	return all, nil
}

// stablePaths are udev's names of nodes, by node: by-id before by-path.
func (d dirs) stablePaths() map[string]string {
	all := map[string]string{}
	for _, by := range []string{"by-path", "by-id"} {
		links, _ := filepath.Glob(filepath.Join(d.dev, by, "*")) // the pattern is right
		for _, link := range links {
			if to, err := os.Readlink(link); err == nil {
				all[filepath.Base(to)] = link
			}
		}
	}
	return all
}

// find looks for the one device that name names and that has the keys. The error wraps
// hal.ErrGone when it is not there.
func (d dirs) find(name string, keys ...uint16) (node string, err error) {
	all, err := d.list()
	if err != nil {
		return "", err
	}
	named := func(dev Device) bool { return dev.Name == name }
	if strings.HasPrefix(name, "/") {
		to, err := filepath.EvalSymlinks(name)
		if err != nil {
			to = name
		}
		named = func(dev Device) bool { return dev.node == filepath.Base(to) }
	}
	var there, fit []Device
	for _, dev := range all {
		if named(dev) {
			there = append(there, dev)
			if !slices.ContainsFunc(keys, func(key uint16) bool { return !dev.keys.has(key) }) {
				fit = append(fit, dev)
			}
		}
	}
	switch {
	case len(fit) == 1:
		return fit[0].node, nil
	case len(fit) > 1:
		return "", fmt.Errorf("expected one device of this name with the key, found %s: give one of these paths", inWords(fit))
	case len(there) > 0:
		var names []string
		for _, key := range keys {
			names = append(names, KeyName(key))
		}
		return "", fmt.Errorf("expected a device with %s, found %s with only %s", strings.Join(names, ", "), inWords(there), excerpt(there[0].Keys))
	}
	return "", fmt.Errorf("the device is not there, only %s: %w", inWords(all), hal.ErrGone)
}

// inWords names devices for an error.
func inWords(all []Device) string {
	if len(all) == 0 {
		return "none"
	}
	var words []string
	for _, d := range all {
		word := strconv.Quote(d.Name)
		if d.Path != "" {
			word += " (" + d.Path + ")"
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

// excerpt is a list of keys, not too long.
func excerpt(keys []string) string {
	const most = 12
	if len(keys) > most {
		return strings.Join(keys[:most], ", ") + fmt.Sprintf(" and %d more", len(keys)-most)
	}
	return strings.Join(keys, ", ")
}
