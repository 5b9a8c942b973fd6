package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/talkgate/talkgate/"

// below says which parts of the module a part may import besides itself. The
// longest name that fits a package counts.
var below = map[string][]string{
	"cmd":          {"gateway", "hal", "media", "state"},
	"gateway":      {"hal", "media", "state"},
	"gateway/link": {"gateway/port", "gateway/redact", "media", "state"},
	"gateway/hub":  {"gateway/enroll", "gateway/metrics", "media", "state"},
	"hal":          {},
	"media":        {},
	"state":        {},
	"systemd":      {},
}

// rooms says who may import a module that is not ours. What is not listed here
// nobody may, but the standard library: a new module gets its room first.
var rooms = map[string][]string{
	"filippo.io/nistec":                   {"gateway/enroll"},
	"github.com/agnivade/levenshtein":     {"gateway/config"},
	"github.com/alicebob/miniredis":       {"cmd/talkgate-demo/demo"},
	"github.com/coreos/go-systemd":        {"gateway/daemon"},
	"github.com/cespare/xxhash":           {"gateway/flight"},
	"github.com/chromedp":                 {"gateway/hub/web/webtest"},
	"github.com/coder/websocket":          {"gateway/link", "gateway/hub/web/webtest"},
	"github.com/go-chi/httprate":          {"gateway/hub"},
	"github.com/google/renameio":          {"gateway"},
	"github.com/google/uuid":              {"state/redis"},
	"github.com/goccy/go-yaml":            {"gateway/config"},
	"github.com/golang-jwt/jwt":           {"gateway/hub", "gateway/link", "cmd"},
	"github.com/holoplot/go-evdev":        {"hal/evdev", "hal/hil"},
	"github.com/pion/opus":                {"media", "gateway/hub", "cmd/talkgate-demo/demo"},
	"github.com/pion/logging":             {"media/rtc", "media/icelite", "gateway/link", "gateway/enroll"},
	"github.com/pion/mdns":                {"gateway/enroll"},
	"github.com/pion/rtp":                 {"media/rtc", "media/icelite", "gateway/hub", "gateway/link", "gateway/flight", "gateway/guard"},
	"github.com/pion/webrtc/v4/pkg/media": {"gateway/flight", "gateway/hub/recall"},
	"github.com/pion/dtls":                {"media/sdp", "media/icelite", "gateway/link"},
	"github.com/pion/sdp":                 {"media/sdp"},
	"github.com/pion":                     {"media/rtc", "media/icelite", "gateway/link"},
	"github.com/redis/go-redis":           {"state/redis", "gateway/link/voiceping/standin"},
	"github.com/rs/zerolog":               {"state/redis/redistest"},
	"github.com/Shopify/toxiproxy":        {"state/redis/redistest"},
	"github.com/skip2/go-qrcode":          {"gateway/hub/devices", "cmd"},
	"github.com/spf13/cobra":              {"cmd"},
	"github.com/spf13/pflag":              {"cmd"},
	"github.com/thesyncim/gopus":          {"media"},
	"github.com/warthog618/go-gpiocdev":   {"hal/gpio"},
	"golang.org/x/crypto":                 {"gateway/hub/certs"},
	"golang.org/x/image":                  {"gateway/display"},
	"golang.org/x/net":                    {"media/icelite", "gateway/enroll"},
	"golang.org/x/sync":                   {"cmd", "gateway", "hal", "media", "state"},
	"golang.org/x/sys":                    {"hal", "cmd", "systemd", "gateway/flight", "gateway/doctor", "gateway/port", "gateway/setup"},
	"github.com/aperturerobotics":         {"gateway/link/livekit/wire"},
	"periph.io":                           {"hal/gpio", "hal/oled"},
	"github.com/ebitengine/oto":           {"hal/sound"},
	"github.com/gen2brain/alsa":           {"hal/sound"},
	"github.com/jfreymuth/pulse":          {"hal/sound"},
}

// pkg is what 'go list' says about a package; imports of tests are not in it.
type pkg struct {
	ImportPath string
	Imports    []string
}

func TestImportsKeepTheirDirection(t *testing.T) {
	packages := listPackages(t)
	if len(packages) < 10 {
		t.Fatalf("go list found only %d packages", len(packages))
	}
	for _, p := range packages {
		from, ours := strings.CutPrefix(p.ImportPath, module)
		if !ours {
			t.Fatalf("go list found %s", p.ImportPath)
		}
		for _, imported := range p.Imports {
			if problem := judge(from, imported); problem != "" {
				t.Errorf("%s imports %s: %s", from, imported, problem)
			}
		}
	}
}

// TestTheJudgeJudges keeps the test above from passing because it sees nothing.
func TestTheJudgeJudges(t *testing.T) {
	for _, tc := range []struct {
		from, imported string
		allowed        bool
	}{
		{"gateway/port", module + "hal", true},
		{"gateway/port", module + "hal/sim", false},
		{"gateway/port", module + "gateway/hub", false},
		{"gateway/port", module + "gateway/link/hub", false},
		{"gateway/daemon", module + "gateway/link/hub", false},
		{"gateway/daemon", module + "hal/gpio", false},
		{"gateway/guard", module + "gateway/link/livekit/room", true},
		{"gateway/guard", module + "gateway/link/retry", true},
		{"gateway", module + "gateway/config", true},
		{"gateway/link/hub", module + "gateway/port", true},
		{"gateway/hub", module + "media/rtc", true},
		{"gateway/hub", module + "gateway/hub/channel", true},
		{"gateway/hub/channel", module + "gateway/hub", false},
		{"gateway/hub", module + "gateway/port", false},
		{"hal/sim", module + "hal", true},
		{"hal/sim", module + "media", false},
		{"media/rtc", module + "state", false},
		{"state/redis", module + "gateway", false},
		{"cmd/talkgate", module + "hal/sim", true},
		{"cmd/talkgate", "github.com/redis/go-redis/v9", false},
		{"state/redis", "github.com/redis/go-redis/v9", true},
		{"gateway/hub", "github.com/pion/webrtc/v4", false},
		{"gateway/hub", "github.com/pion/rtp", true},
		{"gateway/link/voiceping", "github.com/pion/webrtc/v4", true},
		{"gateway", "github.com/nobody/knows", false},
		{"hal", "time", true},
		{"gateway/flight", "html/template", false},
	} {
		if problem := judge(tc.from, tc.imported); (problem == "") != tc.allowed {
			t.Errorf("%s imports %s: %q", tc.from, tc.imported, problem)
		}
	}
}

// judge says what is wrong with an import; nothing, if it is empty.
func judge(from, imported string) string {
	if to, ours := strings.CutPrefix(imported, module); ours {
		part, fits := longest(below, from)
		switch {
		case !fits:
			return "the importing package has no place in the layout"
		case from == "gateway/port" && within(to, "gateway/hub"),
			within(from, "gateway") && !within(from, "gateway/link") && within(to, "gateway/link") && to != "gateway/link/livekit/room" && to != "gateway/link/retry":
			return "gateway declares what it needs, cmd picks the drivers"
		case strings.HasPrefix(from, "gateway") && strings.HasPrefix(to, "hal/"):
			return "gateway knows the hardware contract only, cmd picks the drivers"
		case within(from, "gateway/hub") && to == "gateway/hub":
			return "the hub puts its parts together: no part imports it"
		case within(to, part), slices.ContainsFunc(below[part], func(p string) bool { return within(to, p) }):
			return ""
		}
		return "that direction is closed"
	}
	if imported == "text/template" || imported == "html/template" {
		return "it calls methods by name: the linker would keep all there are, a third of the binary"
	}
	if host, _, _ := strings.Cut(imported, "/"); !strings.Contains(host, ".") {
		return "" // the standard library
	}
	vendor, known := longest(rooms, imported)
	if !known {
		return "the module has no room yet"
	}
	if !slices.ContainsFunc(rooms[vendor], func(room string) bool { return within(from, room) }) {
		return "that module stays in " + strings.Join(rooms[vendor], ", ")
	}
	return ""
}

// longest is the longest key that path lies within.
func longest(m map[string][]string, path string) (key string, ok bool) {
	for k := range m {
		if within(path, k) && len(k) >= len(key) {
			key, ok = k, true
		}
	}
	return key, ok
}

func within(path, root string) bool {
	return path == root || strings.HasPrefix(path, root+"/")
}

func listPackages(t *testing.T) []pkg {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", module+"...")
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
