package hub

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The pages' types have the names that the hub gives, no more and no less.
func TestPagesUseTheSameWords(t *testing.T) {
	source, err := os.ReadFile("web/api.d.ts")
	if err != nil {
		t.Fatal(err)
	}
	for name, of := range map[string]any{
		"Holder": floorHolder{}, "Member": memberState{}, "State": channelState{}, "Notice": notice{}, "FloorAnswer": floorAnswer{},
		"Acknowledgment": acknowledgment{}, "Emergency": emergency{}, "Spurt": pastSpurt{}, "DeskChannel": deskChannel{}, "Desk": deskState{},
	} {
		body := regexp.MustCompile(`(?s)interface ` + name + ` \{(.*?)\}`).FindStringSubmatch(string(source))
		if body == nil {
			t.Errorf("web/api.d.ts has no %s", name)
			continue
		}
		var page, here []string
		for _, field := range regexp.MustCompile(`(\w+)\??:`).FindAllStringSubmatch(body[1], -1) {
			page = append(page, field[1])
		}
		for field := range reflect.TypeOf(of).Fields() {
			if tag, _, _ := strings.Cut(field.Tag.Get("json"), ","); tag != "" {
				here = append(here, tag)
			}
		}
		slices.Sort(page)
		slices.Sort(here)
		if !slices.Equal(page, here) {
			t.Errorf("%s: the pages have %q, the hub %q", name, page, here)
		}
	}
}
