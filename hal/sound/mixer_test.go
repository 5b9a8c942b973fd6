package sound

import (
	"slices"
	"strings"
	"testing"
)

func TestControlValues(t *testing.T) {
	volume := Control{Name: "Mic Capture Volume", Min: -10, Max: 40}
	route := Control{Name: "Input Select", Choices: []string{"Line In", "Mic"}}
	for _, tc := range []struct {
		control Control
		value   string
		want    int
		refused string
	}{
		{volume, "7", 7, ""}, {volume, "-10", -10, ""}, {volume, "0%", -10, ""}, {volume, "100%", 40, ""}, {volume, "50%", 15, ""},
		{volume, "41", 0, "-10 to 40"}, {volume, "101%", 0, "-10 to 40"}, {volume, "loud", 0, "-10 to 40"}, {volume, "5x%", 0, "-10 to 40"},
		{route, "Mic", 1, ""}, {route, "mic", 0, "Line In, Mic"}, {route, "1", 0, "Line In, Mic"},
	} {
		got, err := tc.control.parse(tc.value)
		if tc.refused == "" && (err != nil || got != tc.want) {
			t.Errorf("%s: %d, %v", tc.value, got, err)
		}
		if tc.refused != "" && (err == nil || !strings.Contains(err.Error(), tc.refused)) {
			t.Errorf("%s: %d, %v", tc.value, got, err)
		}
	}
}

// TestKnownCardsAreToldApart gives each card its own controls and some more.
func TestKnownCardsAreToldApart(t *testing.T) {
	for _, k := range knownCards() {
		controls := []Control{{Name: "Something Else"}}
		for _, s := range k.settings {
			controls = append(controls, Control{Name: s.Control})
		}
		if name, settings := Known(controls); name != k.name || !slices.Equal(settings, k.settings) {
			t.Errorf("%s counts as %q", k.name, name)
		}
		if name, _ := Known(controls[:len(controls)-1]); name == k.name {
			t.Errorf("%s is known without its last control", k.name)
		}
	}
	if name, settings := Known(nil); name != "" || settings != nil {
		t.Errorf("a card without controls counts as %q", name)
	}
}

func TestSettingsAreParsed(t *testing.T) {
	got, err := ParseSettings(" Mic Capture Volume = 80% ;Auto Gain Control=off;")
	if want := []Setting{{"Mic Capture Volume", "80%"}, {"Auto Gain Control", "off"}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v", got, err)
	}
	for _, text := range []string{"Mic", "=3", "Mic=", "Mic=1;x"} {
		if got, err := ParseSettings(text); err == nil {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}

func FuzzParseSettings(f *testing.F) {
	f.Add("Mic Capture Volume=80%; Auto Gain Control=off")
	f.Fuzz(func(t *testing.T, text string) {
		all, err := ParseSettings(text)
		for _, s := range all {
			if err == nil && (s.Control == "" || s.Value == "" || strings.ContainsAny(s.Control, "=;")) {
				t.Errorf("%q becomes %q", text, all)
			}
		}
	})
}
