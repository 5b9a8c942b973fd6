package boards

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestPinMap: no two roles share a pin, and none is on a pin that a card has for itself.
func TestPinMap(t *testing.T) {
	used := map[int]string{}
	for _, p := range Pins() {
		if other := used[p.GPIO]; other != "" {
			t.Errorf("GPIO%d is %s and %s", p.GPIO, other, p.Role)
		}
		used[p.GPIO] = p.Role
		for _, c := range Cards() {
			if p.Role == "ptt" && c.Button != 0 && c.Button != p.GPIO {
				continue // its own button takes the place of ours
			}
			if why := c.Conflict(p.Role, Line(p.Role)); why != "" {
				t.Errorf("%s: %s", p.Role, why)
			}
		}
	}
}

// TestPagesAndDrawingsUseThePinMap reads every GPIO of the wiring pages and drawings.
func TestPagesAndDrawingsUseThePinMap(t *testing.T) {
	var ours []string
	for _, p := range Pins() {
		ours = append(ours, fmt.Sprintf("GPIO%d", p.GPIO))
	}
	hats := []string{"GPIO2", "GPIO18"} // begin a list of what every HAT uses
	for _, path := range []string{"../../docs/wiring-button.svg", "../../docs/wiring-mobile.svg"} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(`GPIO ?(\d+)`).FindAllString(string(text), -1)
		for _, line := range found {
			if line = strings.ReplaceAll(line, " ", ""); !slices.Contains(ours, line) && !slices.Contains(hats, line) {
				t.Errorf("%s shows %s, which has no role", path, line)
			}
		}
	}
	// Lines of a page that give a role a pin give it ours.
	for _, page := range []string{"../../docs/lines.md", "../../docs/install.md", "../../docs/radio.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^ +(?:lamps: \{)?([a-z_]+): \{chip: [a-z0-9-]+, line: (GPIO\d+)`).FindAllStringSubmatch(string(text), -1) {
			if !slices.ContainsFunc(Pins(), func(p Pin) bool {
				return (p.Role == m[1] || p.Role == "lamps."+m[1]) && fmt.Sprintf("GPIO%d", p.GPIO) == m[2]
			}) {
				t.Errorf("%s has %s on %s; the pin map says %v", page, m[1], m[2], Pins())
			}
		}
	}
}

// TestDrawingsNeedNoBrowser: renderers other than browsers know no variables of CSS, and
// draw black boxes.
func TestDrawingsNeedNoBrowser(t *testing.T) {
	drawings, err := filepath.Glob("../../docs/*.svg")
	if err != nil || len(drawings) == 0 {
		t.Fatalf("%d drawings, %v", len(drawings), err)
	}
	for _, path := range drawings {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "var(") {
			t.Errorf("%s uses variables of CSS", path)
		}
	}
}

// TestTablesAreThePinMap: docs/install.md has every pin and every card.
func TestTablesAreThePinMap(t *testing.T) {
	text, err := os.ReadFile("../../docs/install.md")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, p := range Pins() {
		want = append(want, fmt.Sprintf("| `%s` | GPIO%d |", p.Role, p.GPIO))
	}
	for _, c := range Cards() {
		want = append(want, "`"+c.Name+"`", "`"+c.IDs[0]+"`")
		if c.Overlay != "" {
			want = append(want, "| `"+c.Name+"` | `"+strings.TrimPrefix(c.Overlay, "dtoverlay=")+"`")
		}
	}
	for _, w := range want {
		if !strings.Contains(string(text), w) {
			t.Errorf("docs/install.md lacks %s", w)
		}
	}
}

func TestByModel(t *testing.T) {
	for model, want := range map[string]string{
		"Raspberry Pi 4 Model B Rev 1.4": "pi4", "Raspberry Pi Zero 2 W Rev 1.0": "zero2", "Raspberry Pi Zero W Rev 1.1": "zero",
		"Raspberry Pi 5 Model B Rev 1.0": "pi5", "Raspberry Pi 3 Model B Plus Rev 1.3": "pi3", "Raspberry Pi Compute Module 4 Rev 1.0": "pi4",
		"Raspberry Pi Model B Plus Rev 1.2": "zero", "Rockchip RK3566": "",
	} {
		if b, _ := ByModel(model); b.Name != want {
			t.Errorf("%s is %q, want %q", model, b.Name, want)
		}
	}
}

// TestConflicts: the Codec Zero's button is on GPIO27, where nothing else may be.
func TestConflicts(t *testing.T) {
	zero, ok := CardByID("IQaudIOCODEC")
	if !ok || zero.Name != "codec-zero" {
		t.Fatalf("%+v", zero)
	}
	if zero.Conflict("ptt", "GPIO27") != "" || zero.ButtonLine() != "GPIO27" {
		t.Error("its own button cannot be the push-to-talk")
	}
	if why := zero.Conflict("ptt_out", "GPIO27"); !strings.Contains(why, "its button") {
		t.Errorf("PTT-out on its button: %q", why)
	}
	if slices.Contains(zero.Free(), "GPIO18") || !slices.Contains(zero.Free(), "GPIO17") {
		t.Errorf("%v", zero.Free())
	}
}

func TestWithOverlay(t *testing.T) {
	zero, _ := CardByName("codec-zero")
	text, err := zero.WithOverlay("[pi4]\narm_boost=1")
	if err != nil || !strings.Contains(text, "arm_boost=1\n\n"+ownBegin+"\n[all]\ndtoverlay=rpi-codeczero\n") {
		t.Errorf("%q, %v", text, err)
	}
	if again, err := zero.WithOverlay(text); again != text || err != nil {
		t.Errorf("again: %q, %v", again, err)
	}
	if set, err := zero.WithOverlay("dtoverlay=rpi-codeczero,x=1\n"); set != "dtoverlay=rpi-codeczero,x=1\n" || err != nil {
		t.Errorf("%q, %v", set, err)
	}
	if _, err := zero.WithOverlay("dtoverlay=wm8960-soundcard\n"); err == nil || !strings.Contains(err.Error(), "WM8960") {
		t.Errorf("%v", err)
	}
	cable, _ := CardByName("aioc")
	if text, err := cable.WithOverlay("x"); text != "x" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}
