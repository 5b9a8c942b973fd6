package enroll

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
)

const (
	// JoinPath is where a hub takes those who join, TokenPath where it gives out tokens.
	JoinPath, TokenPath = "/api/join", "/api/token"
	// MaxMessage bounds every message of both protocols, bytes of JSON.
	MaxMessage = 32 << 10
)

// Start begins a join.
type Start struct {
	ID    string `json:"id"` // of the code
	Share []byte `json:"share"`
}

// Started answers it. Confirm proves that the hub knows the code.
type Started struct {
	Session string `json:"session"`
	Share   []byte `json:"share"`
	Confirm []byte `json:"confirm"`
}

// Step is what a board sends after that. Confirm proves that it knows the code; Box is a
// sealed Request.
type Step struct {
	Confirm []byte `json:"confirm"`
	Box     []byte `json:"box"`
}

// Stepped answers it with a sealed Reply.
type Stepped struct {
	Box []byte `json:"box"`
}

// Request is what a board asks for. It may be sent again.
type Request struct {
	// Key is the board's public key (Ed25519), Proof its signature of the session.
	Key   []byte `json:"key"`
	Proof []byte `json:"proof"`
	// Host is the board's own name, for whoever approves it.
	Host string `json:"host"`
	// Hub is the URL by which the board reaches the hub.
	Hub string `json:"hub"`
	// Commit says that the board has kept the grant and only renames files.
	Commit bool `json:"commit,omitempty"`
}

// State is how far a join is.
type State string

// The states of a join.
const (
	Pending   State = "pending"   // somebody has to approve it
	Granted   State = "granted"   // the reply has the grant; nothing is in force yet
	Committed State = "committed" // all of it is in force
	Refused   State = "refused"   // for the reply's reason
)

// Reply is how a hub answers a Request.
type Reply struct {
	State  State  `json:"state"`
	Reason string `json:"reason,omitempty"`
	Grant  *Grant `json:"grant,omitempty"`
}

// Grant is what a board receives: all that it needs, and nothing to be copied by hand.
// It has secrets.
type Grant struct {
	UserID   string `json:"userId"`
	UserName string `json:"userName"`
	Role     string `json:"role"`
	// Channels are those that it may talk on; the first is its own.
	Channels []string   `json:"channels"`
	Hub      HubGrant   `json:"hub"`
	Redis    RedisGrant `json:"redis"`
	// FleetKey is the public key of those who may configure the board; empty is nobody's.
	FleetKey string `json:"fleetKey,omitempty"`
}

// HubGrant is how the board reaches its hub.
type HubGrant struct {
	URL string `json:"url"`
	// CA are the PEM certificates that HTTPS trusts; empty is the system's.
	CA string `json:"ca,omitempty"`
}

// RedisGrant is how the board reaches Redis, as a user of its own.
type RedisGrant struct {
	URL      string `json:"url"`
	Username string `json:"username"`
	Password string `json:"password"`
	CA       string `json:"ca,omitempty"`
}

// Failure is the body of an answer that is no success.
type Failure struct {
	Error string `json:"error"`
}

// Channel seals what board and hub say to each other once both have shown that they
// know the code.
type Channel struct {
	out, in     cipher.AEAD
	own, theirs []byte
	session     string
}

// Answer is the hub's side of the exchange that start begins; session names it.
func Answer(code Code, start Start, session string) (Started, *Channel, error) {
	e, err := newExchange(false, code)
	if err != nil {
		return Started{}, nil, err
	}
	k, err := e.finish(start.Share)
	if err != nil {
		return Started{}, nil, err
	}
	c, err := newChannel(false, k, session)
	return Started{Session: session, Share: e.share, Confirm: k.own}, c, err
}

func newChannel(board bool, k keys, session string) (*Channel, error) {
	c := &Channel{own: k.own, theirs: k.theirs, session: session}
	var err error
	if c.out, err = sealer(k.key, boardName); err != nil {
		return nil, err
	}
	if c.in, err = sealer(k.key, hubName); err != nil {
		return nil, err
	}
	if !board {
		c.out, c.in = c.in, c.out
	}
	return c, nil
}

func sealer(key []byte, name string) (cipher.AEAD, error) {
	k, err := hkdf.Key(sha256.New, key, nil, name, 16)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(k)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// Confirmed reports whether the other side has shown that it knows the code.
func (c *Channel) Confirmed(confirm []byte) bool { return hmac.Equal(confirm, c.theirs) }

// Seal seals a message.
func (c *Channel) Seal(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, c.out.NonceSize())
	_, _ = rand.Read(nonce) // it never fails
	return c.out.Seal(nonce, nonce, text, []byte(c.session)), nil
}

// errSealed says that a message was not sealed by the other side.
var errSealed = errors.New("a message was changed on its way")

// Open opens a message into v.
func (c *Channel) Open(box []byte, v any) error {
	n := c.in.NonceSize()
	if len(box) < n {
		return errSealed
	}
	text, err := c.in.Open(nil, box[:n], box[n:], []byte(c.session))
	if err != nil || json.Unmarshal(text, v) != nil {
		return errSealed
	}
	return nil
}

// proofText is what a board signs to show that the key in a Request is its own.
func (c *Channel) proofText() []byte { return []byte("talkgate join 1 " + c.session) }

// Key returns the public key of a request whose proof is good.
func (c *Channel) Key(r Request) (ed25519.PublicKey, error) {
	if len(r.Key) != ed25519.PublicKeySize || !ed25519.Verify(r.Key, c.proofText(), r.Proof) {
		return nil, errors.New("the board's key is not its own")
	}
	return r.Key, nil
}
