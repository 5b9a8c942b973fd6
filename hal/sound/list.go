package sound

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Found is a card that is there.
type Found struct {
	ID string
	// Captures and Plays are whether it has a microphone and a loudspeaker side.
	Captures, Plays bool
}

// List lists the cards, in the kernel's order.
func List() ([]Found, error) { return listCards(sysfs) }

func listCards(dir string) (all []Found, err error) {
	cards, err := filepath.Glob(filepath.Join(dir, "card[0-9]*"))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(cards, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) })
	for _, path := range cards {
		id, err := os.ReadFile(filepath.Join(path, "id"))
		if err != nil {
			continue // it is just vanishing
		}
		has := func(side string) bool {
			number := strings.TrimPrefix(filepath.Base(path), "card")
			pcms, _ := filepath.Glob(filepath.Join(dir, fmt.Sprintf("pcmC%sD*%s", number, side))) // the pattern is right
			return len(pcms) > 0
		}
		all = append(all, Found{ID: strings.TrimSpace(string(id)), Captures: has("c"), Plays: has("p")})
	}
	return all, nil
}
