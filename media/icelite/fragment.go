package icelite

import (
	"fmt"
	"strings"

	"github.com/talkgate/talkgate/media/rtc"
)

// maxFragment bounds an SDP fragment, bytes.
const maxFragment = 16 << 10

// parseFragment reads the credentials of an SDP fragment (RFC 8840 section 9);
// they are empty where it has none. The candidates in it are of no use to us: an
// ICE-lite agent answers checks and sends none.
func parseFragment(text string) (credentials, error) {
	if len(text) > maxFragment {
		return credentials{}, fmt.Errorf("%w: fragment of %d bytes, expected at most %d", rtc.ErrBadSDP, len(text), maxFragment)
	}
	var c credentials
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			continue
		}
		if len(line) < 2 || line[1] != '=' {
			return credentials{}, fmt.Errorf("%w: a line of the fragment is not of the form x=value", rtc.ErrBadSDP)
		}
		if v, ok := strings.CutPrefix(line, "a=ice-ufrag:"); ok && c.ufrag == "" {
			c.ufrag = strings.TrimSpace(v)
		}
		if v, ok := strings.CutPrefix(line, "a=ice-pwd:"); ok && c.password == "" {
			c.password = strings.TrimSpace(v)
		}
	}
	if c == (credentials{}) {
		return c, nil
	}
	if err := c.check(); err != nil {
		return credentials{}, fmt.Errorf("%w: %w", rtc.ErrBadSDP, err)
	}
	return c, nil
}

// fragment answers an ICE restart.
func (o *offer) fragment(l local) string {
	var b strings.Builder
	line := func(format string, a ...any) { fmt.Fprintf(&b, format+"\r\n", a...) }
	s := o.sections[o.accepted]
	line("a=ice-lite")
	if o.bundled {
		line("a=group:BUNDLE %s", s.mid)
	}
	line("m=audio 9 %s %s", s.protos, o.formats())
	if s.mid != "" {
		line("a=mid:%s", s.mid)
	}
	l.transport(line)
	return b.String()
}
