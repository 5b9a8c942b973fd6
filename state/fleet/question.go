package fleet

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Question is what somebody wants a gateway to try, from afar. It changes nothing, so
// whoever may publish in Redis may ask.
type Question struct {
	ID   string `json:"id"` // of the answer's topic
	What What   `json:"what"`
}

// What is asked.
type What string

// Parrot is a tone through codec, link and server and back; the channel hears nothing
// of it.
const Parrot What = "parrot"

// Answer is what a gateway found.
type Answer struct {
	Gateway string `json:"gateway"`
	// Error is why it found nothing, and what to do.
	Error string `json:"error,omitempty"`
	Echo  *Echo  `json:"echo,omitempty"`
}

// Echo is how a tone came back.
type Echo struct {
	// Delay is in milliseconds, from the sample that goes into the encoder to the one
	// that the card is given: without the cards' own.
	Delay float64 `json:"delayMs"`
	// Level is by how many dB it came back louder.
	Level float64 `json:"levelDB"`
	// Sent and Heard are packets.
	Sent  int `json:"sent"`
	Heard int `json:"heard"`
}

// maxQuestion bounds questions and answers, bytes of JSON.
const maxQuestion = 2 << 10

// ErrBadQuestion is wrapped by every error of ParseQuestion and ParseAnswer.
var ErrBadQuestion = errors.New("not a question, nor an answer, as talkgate writes it")

// ParseQuestion reads a question.
func ParseQuestion(text string) (q Question, err error) {
	if err := parseShort(text, &q); err != nil {
		return Question{}, err
	}
	if !ValidID(q.ID) {
		return Question{}, fmt.Errorf("%w: its id is %q", ErrBadQuestion, Line(q.ID))
	}
	return q, nil
}

// ParseAnswer reads an answer.
func ParseAnswer(text string) (a Answer, err error) {
	if err := parseShort(text, &a); err != nil {
		return Answer{}, err
	}
	if !ValidID(a.Gateway) || !printable(a.Error) || a.Error == "" && a.Echo == nil {
		return Answer{}, fmt.Errorf("%w: gateway, error or echo", ErrBadQuestion)
	}
	return a, nil
}

func parseShort(text string, v any) error {
	if len(text) > maxQuestion {
		return fmt.Errorf("%w: %d bytes, expected at most %d", ErrBadQuestion, len(text), maxQuestion)
	}
	if err := json.Unmarshal([]byte(text), v); err != nil {
		return fmt.Errorf("%w: %w", ErrBadQuestion, err)
	}
	return nil
}
