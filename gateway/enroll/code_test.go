package enroll

import (
	"strings"
	"testing"
)

func TestCodesAreReadAsPeopleTypeThem(t *testing.T) {
	for range 1000 {
		c := NewCode()
		for _, text := range []string{c.Secret(), strings.ToLower(c.Secret()), " " + string(c), strings.ReplaceAll(strings.ReplaceAll(c.Secret(), "0", "o"), "1", "l")} {
			if got, err := ParseCode(text); err != nil || got != c {
				t.Fatalf("%q is read as %q, %v", text, string(got), err)
			}
		}
	}
}

// TestATypingErrorIsTold before it costs an attempt: any wrong symbol, and neighbors that
// changed places but for two pairs.
func TestATypingErrorIsTold(t *testing.T) {
	c := string(NewCode())
	for i := range c {
		for _, symbol := range alphabet {
			if other := c[:i] + string(symbol) + c[i+1:]; other != c {
				if _, err := ParseCode(other); err == nil {
					t.Errorf("%s passes for %s", other, c)
				}
			}
		}
	}
}

func TestACodeDoesNotShowItsSecret(t *testing.T) {
	if c := Code("K7M2Q9XDR"); strings.Contains(c.String(), "2Q9") {
		t.Error(c)
	}
}

func TestInvitationsNameTheHub(t *testing.T) {
	c := NewCode()
	for _, hub := range []string{"", "https://hub.example:8443", "http://[fd00::1]:8080/ptt"} {
		code, at, err := ParseInvitation(c.URI(hub))
		if err != nil || code != c || at != hub {
			t.Errorf("%s: %q %q %v", c.URI(hub), string(code), at, err)
		}
	}
	if got, err := HubURL("hub.example"); got != "https://hub.example" || err != nil {
		t.Error(got, err)
	}
	for _, bad := range []string{"ftp://x", "https://u:p@x", "https://x?y", "https://"} {
		if _, err := HubURL(bad); err == nil {
			t.Errorf("%s is taken for a hub's", bad)
		}
	}
}

func FuzzParseInvitation(f *testing.F) {
	for _, seed := range []string{"K7M-2Q9-XDR", "talkgate:K7M-2Q9-XDR?hub=https%3A%2F%2Fhub", "talkgate:", "talkgate:%", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		code, hub, err := ParseInvitation(text)
		if err != nil {
			return
		}
		again, at, err := ParseInvitation(code.URI(hub))
		if err != nil || again != code || at != hub {
			t.Errorf("%q: %q %q, again %q %q, %v", text, string(code), hub, string(again), at, err)
		}
	})
}

// FuzzChannel opens what is not sealed.
func FuzzChannel(f *testing.F) {
	board, err := newExchange(true, "K7M2Q9XDR")
	if err != nil {
		f.Fatal(err)
	}
	_, channel, err := Answer("K7M2Q9XDR", Start{ID: "K7M", Share: board.share}, "s")
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{}, board.share)
	f.Add(make([]byte, 40), []byte{4})
	f.Fuzz(func(t *testing.T, box, share []byte) {
		var r Request
		if channel.Open(box, &r) == nil {
			t.Error("opened what was not sealed")
		}
		_, _, _ = Answer("K7M2Q9XDR", Start{Share: share}, "s")
		if _, err := ParseKey(box); err == nil && len(box) < 32 {
			t.Error("a key of nothing")
		}
	})
}
