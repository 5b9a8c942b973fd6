package redis

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"
)

// Role is the role of a member in its token, as the servers spell it.
type Role string

// The roles that matter to the floor: Dispatch pre-empts General and User, and
// nobody else pre-empts anybody.
const (
	RoleAdmin    Role = "ADMIN"
	RoleDispatch Role = "DISPATCH"
	RoleGeneral  Role = "GENERAL"
	RoleUser     Role = "USER"
)

// Claim is one request for the floor. It is made new for every press: its token
// tells this talk spurt's lock from every other, even of the same user.
type Claim struct {
	Channel, UserID, UserName string
	// Role is written into the lock and decides about pre-emption. Empty is a
	// member without priority that cannot be pre-empted either.
	Role Role
	// Token is 128 random bits in hexadecimal.
	Token string
	// At is when the request was made; it becomes the lock's timestamp.
	At time.Time
	// TTL is how long the lock outlives its holder; whole milliseconds.
	TTL time.Duration
	// Wait is how long its place in the queue is kept unless it asks again, where
	// another has the floor; whole milliseconds. 0 does not queue.
	Wait time.Duration
	// Budget limits how much the user talks, on whatever port. An Emergency has none.
	Budget Budget
	// Emergency is for the floors of all channels of the event that Channel belongs
	// to, whoever has them; Role has to be Dispatch. Channel is where it is said.
	Emergency bool
}

// NewClaim returns a request for the floor of a channel with a fresh token.
func NewClaim(channel, userID, userName string, now time.Time, ttl time.Duration) Claim {
	token := make([]byte, 16)
	rand.Read(token)
	return Claim{Channel: channel, UserID: userID, UserName: userName, Token: fmt.Sprintf("%x", token), At: now, TTL: ttl}
}

// prefix is the lock's value up to its epoch, which only the script learns. It
// holds the token, so that a value that begins with it is this claim's alone;
// that is how a request nobody answered can still be released.
func (cl Claim) prefix() (string, error) {
	emergency := ""
	if cl.Emergency {
		emergency = cl.Channel
	}
	b, err := json.Marshal(struct {
		UserID    string `json:"userId"`
		UserName  string `json:"userName"`
		Timestamp int64  `json:"timestamp"`
		Token     string `json:"token"`
		Role      Role   `json:"role,omitempty"`
		Emergency string `json:"emergency,omitempty"`
	}{cl.UserID, cl.UserName, cl.At.UnixMilli(), cl.Token, cl.Role, emergency})
	if err != nil {
		return "", fmt.Errorf("claim of channel %q: %w", cl.Channel, err)
	}
	return string(b[:len(b)-1]) + `,"epoch":`, nil
}

func (cl Claim) validate() error {
	switch {
	case cl.Channel == "":
		return fmt.Errorf("claim: channel is empty")
	case cl.UserID == "":
		return fmt.Errorf("claim of channel %q: user ID is empty", cl.Channel)
	case cl.Token == "":
		return fmt.Errorf("claim of channel %q: token is empty; make claims with NewClaim", cl.Channel)
	case cl.Budget.Limit < 0 || cl.Budget.Limit > cl.Budget.Window || cl.Budget.Limit > 0 && cl.Budget.Window < time.Second:
		return fmt.Errorf("claim of channel %q: budget is %v in %v, expected at most the window, of 1s at least", cl.Channel, cl.Budget.Limit, cl.Budget.Window)
	case cl.TTL < time.Millisecond:
		return fmt.Errorf("claim of channel %q: TTL is %v, expected at least 1ms", cl.Channel, cl.TTL)
	}
	return nil
}
