package enroll

import (
	"crypto/rand"
	"errors"
	"net/url"
	"strings"
)

// alphabet is Crockford's base 32: no I, L, O and U, which are misread.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

const (
	idLen = 3
	// secretLen symbols are 25 bits: with MaxTries attempts, one chance in ten million.
	secretLen = 5
	codeLen   = idLen + secretLen + 1
	// MaxTries is how often an exchange may be begun with one code.
	MaxTries = 3
	// uriScheme is of the text of a QR code.
	uriScheme = "talkgate"
	maxURI    = 512
)

// Code is what an invitation is given by, nine symbols such as "K7M-2Q9-XDR": an ID that
// is sent in the clear, a secret that is never sent, and a check symbol that tells a
// typing error before it costs an attempt.
type Code string

// ErrCode says that a text is no code.
var ErrCode = errors.New("not a code as a hub gives them: nine letters and digits such as K7M-2Q9-XDR; check the typing")

// NewCode makes a random code.
func NewCode() Code {
	var b [idLen + secretLen]byte
	_, _ = rand.Read(b[:]) // it never fails
	for i := range b {
		b[i] = alphabet[b[i]%32]
	}
	return Code(b[:]) + Code(check(string(b[:])))
}

// ParseCode reads a code as a person types it: in either case, with or without dashes
// and blanks, with O for 0 and I or L for 1.
func ParseCode(text string) (Code, error) {
	var b strings.Builder
	for _, r := range strings.ToUpper(text) {
		switch r {
		case '-', ' ', '\t':
			continue
		case 'O':
			r = '0'
		case 'I', 'L':
			r = '1'
		}
		if !strings.ContainsRune(alphabet, r) || b.Len() == codeLen {
			return "", ErrCode
		}
		b.WriteRune(r)
	}
	code := b.String()
	if len(code) != codeLen || check(code[:codeLen-1]) != code[codeLen-1:] {
		return "", ErrCode
	}
	return Code(code), nil
}

// ID is the part that names the invitation.
func (c Code) ID() string { return string(c[:idLen]) }

// Secret is the code as it is typed. It is called so wherever it is meant to be shown.
func (c Code) Secret() string { return string(c[:3]) + "-" + string(c[3:6]) + "-" + string(c[6:]) }

// String does not show the secret.
func (c Code) String() string { return c.ID() + "-***-***" }

// URI is the text of an invitation's QR code. hub is the URL of the hub; empty leaves
// the board to look for it.
func (c Code) URI(hub string) string {
	u := url.URL{Scheme: uriScheme, Opaque: c.Secret()}
	if hub != "" {
		u.RawQuery = url.Values{"hub": {hub}}.Encode()
	}
	return u.String()
}

// ParseInvitation reads a code, or the text of a QR code, which may name the hub.
func ParseInvitation(text string) (code Code, hub string, err error) {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, uriScheme+":") {
		code, err = ParseCode(text)
		return code, "", err
	}
	u, err := url.Parse(text)
	if err != nil || len(text) > maxURI {
		return "", "", ErrCode
	}
	if code, err = ParseCode(u.Opaque); err != nil {
		return "", "", err
	}
	if hub = u.Query().Get("hub"); hub != "" {
		if hub, err = HubURL(hub); err != nil {
			return "", "", err
		}
	}
	return code, hub, nil
}

// HubURL reads the URL of a hub, without the slash at its end. A name or address alone
// is one by HTTPS.
func HubURL(text string) (string, error) {
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("the hub's URL: expected https://HOST:PORT")
	}
	return strings.TrimSuffix(u.String(), "/"), nil
}

// check is the check symbol of a text, by Luhn's algorithm to the base of 32: it tells
// any one wrong symbol, and nearly all pairs that changed places.
func check(text string) string {
	sum := 0
	for i := range len(text) {
		n := strings.IndexByte(alphabet, text[i])
		if (len(text)-i)%2 == 1 {
			n *= 2
		}
		sum += n/32 + n%32
	}
	return string(alphabet[(32-sum%32)%32])
}
