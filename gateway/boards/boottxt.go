package boards

import (
	"fmt"
	"strings"
)

// Begin and end of what we add to a config.txt.
const (
	ownBegin = "# Added by talkgate setup"
	ownEnd   = "# End of what talkgate setup added"
)

// WithOverlay is the text of a config.txt that loads the card's overlay, and which lines
// that changes. A text that has the overlay comes back as it is. An overlay of another
// card for the same pins is an error: both would claim them.
func (c Card) WithOverlay(text string) (string, error) {
	if c.Overlay == "" {
		return text, nil
	}
	own, _, _ := strings.Cut(strings.TrimPrefix(c.Overlay, "dtoverlay="), ",")
	for line := range strings.Lines(text) {
		name, is := strings.CutPrefix(strings.TrimSpace(line), "dtoverlay=")
		if name, _, _ = strings.Cut(name, ","); !is {
			continue
		}
		if name == own {
			return text, nil
		}
		for _, other := range Cards() {
			if other.Overlay != "" && name == strings.TrimPrefix(other.Overlay, "dtoverlay=") {
				return "", fmt.Errorf("config.txt loads the %s (%s), which uses the same pins as the %s: remove one of them", other.Title, other.Overlay, c.Title)
			}
		}
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	// [all] ends whatever section of other boards the file ended in.
	return text + "\n" + ownBegin + "\n[all]\n" + c.Overlay + "\n" + ownEnd + "\n", nil
}
