package status

import (
	"strings"
	"testing"
	"time"
)

func TestATokenIsWarnedOfLongBeforeItEnds(t *testing.T) {
	now := time.Date(2026, 12, 1, 4, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		token Token
		want  string
	}{
		{Token{Until: now.Add(365 * 24 * time.Hour)}, ""},
		{Token{Until: now.Add(10 * 24 * time.Hour)}, "ends in 10 days"},
		{Token{Until: now.Add(5 * time.Hour)}, "ends in 5 hours"},
		{Token{Until: now.Add(90 * time.Second)}, "ends in 2 minutes"},
		{Token{Until: now.Add(-time.Second)}, "has expired"},
		{Token{Until: now.Add(10 * time.Minute), Renews: true}, ""},
		{Token{Until: now.Add(10 * time.Minute), Renews: true, Err: "no route"}, "is not renewed: no route"},
		{Token{}, ""},
	} {
		found, do := tc.token.Finding(now)
		if !strings.HasPrefix(found, tc.want) || (found == "") != (tc.want == "") || (do == "") != (found == "") {
			t.Errorf("%+v: %q, %q", tc.token, found, do)
		}
	}
}
