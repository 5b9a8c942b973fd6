package hub

import (
	"net/http"
	"slices"
	"testing"

	"github.com/talkgate/talkgate/media/rtc"
)

func TestRelaysOfLinkHeaders(t *testing.T) {
	const good = `<turn:turn.example:3478?transport=tcp>; rel="ice-server"; username="1:a"; credential="b+c/d="; credential-type="password"`
	want := rtc.Relay{URL: "turn:turn.example:3478?transport=tcp", Username: "1:a", Credential: "b+c/d="}
	for name, tc := range map[string]struct {
		links []string
		want  []rtc.Relay
	}{
		"none":             {nil, nil},
		"one":              {[]string{good}, []rtc.Relay{want}},
		"two":              {[]string{good, good}, []rtc.Relay{want, want}},
		"STUN":             {[]string{`<stun:stun.example>; rel="ice-server"`}, nil},
		"another relation": {[]string{`<turn:a>; rel="next"; username="a"; credential="b"`}, nil},
		"no credential":    {[]string{`<turn:a>; rel="ice-server"; username="a"`}, nil},
		"broken":           {[]string{"", "<", ">", "<turn:a", `<turn:a>; rel="ice-server`, `turn:a>; rel="ice-server"; username="a"; credential="b"`}, nil},
		"too many":         {slices.Repeat([]string{good}, 100), slices.Repeat([]rtc.Relay{want}, maxRelays)},
	} {
		if got := relaysOf(http.Header{"Link": tc.links}); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}
