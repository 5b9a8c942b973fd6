package hub

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/gateway/hub/channel"
	"github.com/talkgate/talkgate/gateway/hub/console"
	"github.com/talkgate/talkgate/gateway/hub/emergency"
	"github.com/talkgate/talkgate/gateway/hub/recall"
)

// The pages' types have the names that the hub gives, no more and no less.
func TestPagesUseTheSameWords(t *testing.T) {
	source, err := os.ReadFile("web/api.d.ts")
	if err != nil {
		t.Fatal(err)
	}
	for name, of := range map[string]any{
		"Holder": channel.Holder{}, "Member": channel.MemberSnapshot{}, "State": channel.Snapshot{}, "Notice": channel.Notice{}, "FloorAnswer": channel.Answer{},
		"Acknowledgment": emergency.Acknowledgment{}, "Emergency": emergency.Emergency{}, "Spurt": recall.PastSpurt{}, "OverviewChannel": console.ChannelSnapshot{}, "Overview": console.Snapshot{},
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
