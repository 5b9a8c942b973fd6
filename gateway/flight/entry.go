package flight

import (
	"encoding/binary"
	"encoding/json"
	"time"

	"github.com/talkgate/talkgate/media"
)

// Kind tells entries apart.
type Kind uint8

const (
	// Event is something that happened: what a port logged.
	Event Kind = iota + 1
	// Sent is a frame that was handed to the link.
	Sent
	// Unsent is a frame that the link refused.
	Unsent
	// Heard is a packet that arrived.
	Heard
)

// String names the kind in text and JSON.
func (k Kind) String() string {
	switch k {
	case Event:
		return "event"
	case Sent:
		return "sent"
	case Unsent:
		return "unsent"
	case Heard:
		return "heard"
	}
	return "unknown"
}

// Entry is one thing that was recorded.
type Entry struct {
	// At is when, since the start of the recording's process.
	At   time.Duration
	Kind Kind
	// Frame belongs to Sent, Unsent and Heard.
	Frame Frame
	// Text is the JSON object of an Event, on one line: level, msg and whatever
	// else was logged.
	Text json.RawMessage
}

// Frame is one Opus packet, of any length.
type Frame struct {
	Timestamp uint32 // samples, as RTP counts them (RFC 7587 section 4.1)
	Seq       uint16 // of RTP; 0 for Sent
	First     bool   // the first of a talk spurt
	Opus      []byte
}

const frameHead = 7

func (f Frame) head() (b [frameHead]byte) {
	binary.LittleEndian.PutUint32(b[:], f.Timestamp)
	binary.LittleEndian.PutUint16(b[4:], f.Seq)
	if f.First {
		b[6] = 1
	}
	return b
}

// decode is false for what cannot have been written.
func (e *Entry) decode(k Kind, payload []byte) bool {
	e.Kind = k
	switch k {
	case Event:
		if !json.Valid(payload) {
			// It was cut, being long.
			payload, _ = json.Marshal(map[string]string{"msg": string(payload)})
		}
		e.Text = payload
		return true
	case Sent, Unsent, Heard:
		if len(payload) <= frameHead || len(payload) > frameHead+media.MaxOpusPacket {
			return false
		}
		e.Frame = Frame{
			Timestamp: binary.LittleEndian.Uint32(payload),
			Seq:       binary.LittleEndian.Uint16(payload[4:]),
			First:     payload[6] == 1,
			Opus:      payload[frameHead:],
		}
		return true
	}
	return false
}
