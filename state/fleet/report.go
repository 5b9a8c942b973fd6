package fleet

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	// ReportVersion is the version of a report's layout. A reader takes a later
	// one too: what it does not know it leaves out.
	ReportVersion = 1
	// MaxReport bounds a report, bytes of JSON.
	MaxReport = 8 << 10
	// maxID bounds IDs, as the configuration does; maxText what is for people.
	maxID   = 128
	maxText = 512
	// maxLine is what Line leaves of a text, bytes: some comes before it.
	maxLine = 400
)

// Report is one gateway as it reports itself, its heartbeat.
type Report struct {
	V int `json:"v"`
	// Gateway is the gateway's ID: the user ID it talks as. Group may be empty.
	Gateway string `json:"gateway"`
	Group   string `json:"group,omitempty"`
	Name    string `json:"name,omitempty"`
	Channel string `json:"channel"`
	// Monitor is the channels that it listens on besides, the most important first.
	Monitor []string `json:"monitor,omitempty"`
	// Version is talkgate's.
	Version string `json:"version"`
	// At is the gateway's own clock, which may be wrong: a Sighting has the time
	// of Redis. Up is for how many seconds it has been running.
	At time.Time `json:"at"`
	Up int64     `json:"up"`

	Applied Applied `json:"applied"`
	Health  Health  `json:"health"`
	Lamps   Lamps   `json:"lamps"`
	Floor   Floor   `json:"floor"`
	Levels  Levels  `json:"levels"`
	Link    Link    `json:"link"`
	Board   Board   `json:"board"`
}

// Applied is what became of the last desired configuration that the gateway got.
type Applied struct {
	// Version is that of the document in force; zero is the local file alone.
	Version uint64 `json:"version"`
	// Result is of the last document that came, which is in force only if it was
	// applied. Error says why it is not, Restart which keys wait for a restart.
	Result  Result   `json:"result,omitempty"`
	Error   string   `json:"error,omitempty"`
	Restart []string `json:"restart,omitempty"`
	// Refused is the version of a document that was refused or rolled back.
	Refused uint64 `json:"refused,omitempty"`
}

// Result is what became of a document.
type Result string

// The results; empty is that none came yet.
const (
	ResultApplied    Result = "applied"
	ResultRefused    Result = "refused"     // not signed, not newer, not for this gateway, or not valid
	ResultRolledBack Result = "rolled-back" // applied, and taken back
	ResultPending    Result = "pending"     // being applied
)

// Health is whether the gateway can do its work.
type Health struct {
	// OnAir is whether link, Redis and talk rights are there; Summary says the
	// same in words.
	OnAir   bool   `json:"onAir"`
	Summary string `json:"summary,omitempty"`
	Redis   bool   `json:"redis"`
	Rights  bool   `json:"rights"`
	// Stalled names loops that stand still.
	Stalled []string `json:"stalled,omitempty"`
	// Xruns is how often the sound card ran full or empty.
	Xruns uint64 `json:"xruns"`
}

// Lamps is what the gateway's panel shows.
type Lamps struct {
	Talk  bool `json:"talk"`
	Busy  bool `json:"busy"`
	Alert bool `json:"alert"`
	Link  bool `json:"link"`

	Emergency bool `json:"emergency"`
}

// Floor is the floor as the gateway sees it.
type Floor struct {
	// State is idle, requesting, talking, draining or refused, Why the reason of
	// a refusal in words.
	State  string `json:"state"`
	Why    string `json:"why,omitempty"`
	Holder string `json:"holder,omitempty"`
	// Sent is how many frames of 20 ms the gateway has sent, Heard how many talk
	// spurts of others it has heard.
	Sent  uint64 `json:"sent"`
	Heard uint64 `json:"heard"`
}

// Levels are in dBFS, RMS.
type Levels struct {
	Mic     float64 `json:"mic"`
	Speaker float64 `json:"speaker"`
}

// Link is the media connection.
type Link struct {
	Up bool `json:"up"`
	// RTT is in milliseconds, zero while it is not known.
	RTT float64 `json:"rttMs,omitempty"`
	// In is of what is heard, Out of what is sent, as the far end tells; nil
	// while nothing was measured.
	In  *Quality `json:"in,omitempty"`
	Out *Quality `json:"out,omitempty"`
	// Token is how long the gateway gets in; nil if it does not know.
	Token *Token `json:"token,omitempty"`
}

// Token is a gateway's token at its channel server.
type Token struct {
	// Until is when it ends, Renews whether the gateway gets another by itself.
	Until  time.Time `json:"until"`
	Renews bool      `json:"renews"`
}

// tokenWarning is how long before its end a token counts as ending that nothing renews.
const tokenWarning = 14 * 24 * time.Hour

// Ends reports whether the token ends soon and nothing renews it; a nil token does not.
func (t *Token) Ends(now time.Time) bool {
	return t != nil && !t.Renews && t.Until.Sub(now) < tokenWarning
}

// Quality is that of one direction since the report before (RFC 3550 section 6.4.1).
type Quality struct {
	// Loss is a fraction, 0 to 1; Jitter is in milliseconds.
	Loss   float64 `json:"loss"`
	Jitter float64 `json:"jitterMs"`
}

// ErrBadReport is wrapped by every error of ParseReport.
var ErrBadReport = errors.New("not a gateway's report")

// ParseReport reads a report. Unknown fields are left out; what is not whole, too
// long or out of range is an error that names the field.
func ParseReport(text []byte) (Report, error) {
	if len(text) > MaxReport {
		return Report{}, fmt.Errorf("%w: %d bytes, expected at most %d", ErrBadReport, len(text), MaxReport)
	}
	var r Report
	if err := json.Unmarshal(text, &r); err != nil {
		return Report{}, fmt.Errorf("%w: %w", ErrBadReport, err)
	}
	if err := r.Validate(); err != nil {
		return Report{}, fmt.Errorf("%w: %w", ErrBadReport, err)
	}
	return r, nil
}

// Validate says what of a report is missing or out of range.
func (r *Report) Validate() error {
	if r.V < ReportVersion {
		return fmt.Errorf("v is %d, expected %d or more", r.V, ReportVersion)
	}
	if !ValidID(r.Gateway) {
		return fmt.Errorf("gateway is %q, expected an ID without blanks, slashes or braces of at most %d characters", r.Gateway, maxID)
	}
	if r.Group != "" && !ValidID(r.Group) {
		return fmt.Errorf("group is %q, expected an ID without blanks, slashes or braces of at most %d characters", r.Group, maxID)
	}
	for _, t := range []struct{ name, text string }{
		{"name", r.Name}, {"channel", r.Channel}, {"version", r.Version}, {"applied.result", string(r.Applied.Result)},
		{"applied.error", r.Applied.Error}, {"health.summary", r.Health.Summary}, {"floor.state", r.Floor.State},
		{"floor.why", r.Floor.Why}, {"floor.holder", r.Floor.Holder},
	} {
		if !printable(t.text) {
			return fmt.Errorf("%s is not printable or longer than %d bytes", t.name, maxText)
		}
	}
	for name, list := range map[string][]string{"health.stalled": r.Health.Stalled, "applied.restart": r.Applied.Restart, "monitor": r.Monitor} {
		for _, s := range list {
			if !printable(s) {
				return fmt.Errorf("%s is not printable or longer than %d bytes", name, maxText)
			}
		}
	}
	return r.validateNumbers()
}

func (r *Report) validateNumbers() error {
	type number struct {
		name           string
		is, from, till float64
	}
	all := []number{
		{"up", float64(r.Up), 0, math.MaxInt64},
		{"levels.mic", r.Levels.Mic, -200, 200},
		{"levels.speaker", r.Levels.Speaker, -200, 200},
		{"link.rttMs", r.Link.RTT, 0, math.MaxFloat64},
	}
	for name, q := range map[string]*Quality{"link.in": r.Link.In, "link.out": r.Link.Out} {
		if q != nil {
			all = append(all, number{name + ".loss", q.Loss, 0, 1}, number{name + ".jitterMs", q.Jitter, 0, math.MaxFloat64})
		}
	}
	if c := r.Board.Celsius; c != nil {
		all = append(all, number{"board.celsius", *c, -273.15, 1000})
	}
	for _, n := range all {
		if !(n.is >= n.from && n.is <= n.till) {
			return fmt.Errorf("%s is %v, expected %v to %v", n.name, n.is, n.from, n.till)
		}
	}
	return nil
}

// ValidID says whether s may be the ID of a gateway or a group: it stands in
// names of Redis keys.
func ValidID(s string) bool {
	return s != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= maxID && strings.IndexFunc(s, func(c rune) bool {
		return unicode.IsSpace(c) || unicode.In(c, unicode.C) || strings.ContainsRune("{}/", c)
	}) < 0
}

// Line is a text, an error's as a rule, as a report takes it: one line, not too long.
func Line(text string) string {
	text = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > maxLine {
		return strings.ToValidUTF8(text[:maxLine], "") + "…"
	}
	return text
}

func printable(s string) bool {
	return len(s) <= maxText && utf8.ValidString(s) && strings.IndexFunc(s, unicode.IsControl) < 0
}
