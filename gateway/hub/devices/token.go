package devices

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/talkgate/talkgate/gateway/enroll"
	"github.com/talkgate/talkgate/state/redis/devices"
)

const (
	// challengeLife is how long a challenge may be answered.
	challengeLife = time.Minute
	// A challenge is a time in seconds, random bytes, and their proof.
	challengeTime, challengeRandom, challengeProof = 8, 16, 16
	challengeLen                                   = challengeTime + challengeRandom + challengeProof
)

// Challenge answers GET of enroll.TokenPath. Nothing is kept of a challenge until it is
// answered.
func (s *Server) Challenge(w http.ResponseWriter, r *http.Request) {
	if s.limits.tokens.RespondOnLimit(w, r, clientIP(r)) {
		return
	}
	send(w, http.StatusOK, enroll.Challenge{Challenge: s.newChallenge(time.Now())})
}

// Token answers POST of enroll.TokenPath.
func (s *Server) Token(w http.ResponseWriter, r *http.Request) {
	var signed enroll.Signed
	if s.limits.tokens.RespondOnLimit(w, r, clientIP(r)) || !receive(w, r, &signed) {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), stateTime)
	defer cancel()
	d, status, err := s.known(ctx, signed, time.Now())
	if err != nil {
		if status == http.StatusServiceUnavailable {
			s.log.Error("a device gets no token", "user", signed.UserID, "err", err)
			err = errors.New("Redis does not answer: try again") //nolint:staticcheck // a name
		}
		fail(w, status, err.Error())
		return
	}
	token, err := s.cfg.Sign(d, s.cfg.Life)
	if err != nil {
		s.log.Error("a device gets no token", "user", d.UserID, "err", err)
		fail(w, http.StatusInternalServerError, "the token could not be made: see the hub's log")
		return
	}
	send(w, http.StatusOK, enroll.Access{Token: token, ExpiresIn: int64(s.cfg.Life.Seconds())})
}

// known is the device that signed a challenge.
func (s *Server) known(ctx context.Context, signed enroll.Signed, now time.Time) (d devices.Device, status int, err error) {
	if !s.ours(signed.Challenge, now) {
		return d, http.StatusUnauthorized, errors.New("the challenge is not this hub's, or older than a minute: ask for another")
	}
	d, err = s.cfg.Store.Device(ctx, signed.UserID)
	switch {
	case err != nil && !errors.Is(err, devices.ErrNoDevice):
		return d, http.StatusServiceUnavailable, err
	case err != nil || !signed.Verify(d.Key):
		return d, http.StatusUnauthorized, fmt.Errorf("no device with this key is enrolled as %.100q: ask for an invitation ('talkgate invite' on the hub) and join", signed.UserID)
	case d.Revoked():
		return d, http.StatusUnauthorized, revoked(d)
	}
	switch first, err := s.cfg.Store.Spend(ctx, signed.Challenge, 2*challengeLife); {
	case err != nil:
		return d, http.StatusServiceUnavailable, err
	case !first:
		return d, http.StatusUnauthorized, errors.New("the challenge was answered before: ask for another")
	}
	return d, 0, nil
}

func (s *Server) newChallenge(now time.Time) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(now.Unix()))
	random := make([]byte, challengeRandom)
	_, _ = rand.Read(random) // it never fails
	b = append(b, random...)
	return base64.RawURLEncoding.EncodeToString(append(b, s.proof(b)...))
}

// ours reports whether a challenge is a hub's of this site and not too old.
func (s *Server) ours(challenge string, now time.Time) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(challenge)
	if err != nil || len(b) != challengeLen {
		return false
	}
	text, proof := b[:challengeLen-challengeProof], b[challengeLen-challengeProof:]
	age := now.Sub(time.Unix(int64(binary.BigEndian.Uint64(text)), 0))
	return hmac.Equal(proof, s.proof(text)) && age > -challengeLife && age <= challengeLife
}

func (s *Server) proof(text []byte) []byte {
	h := hmac.New(sha256.New, s.cfg.Secret)
	h.Write([]byte("talkgate challenge 1"))
	h.Write(text)
	return h.Sum(nil)[:challengeProof]
}
