package voiceping

import (
	"fmt"
	"time"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/media/rtc"
)

const (
	// lookAtVoice is how often it is looked at.
	lookAtVoice = 250 * time.Millisecond
	// maxUnheard is how many frames may be said without hearing oneself: 4 s.
	maxUnheard = 200
	// maxUnacknowledged is how many, where the server does not send us our own
	// voice, may be said without a receiver report; one comes every 4 to 6 s.
	maxUnacknowledged = 320
)

// attention watches that the server takes notice of what is said. A server whose
// grant resumes nothing, as after it reaped an older connection of the same user,
// tells nobody; but the port consumes its own producer, and what comes back of it
// is what the others hear.
type attention struct {
	echoes uint64 // so far
	at     uint64 // sent, when the latest came
}

func (a *attention) look(said *rtc.Publication, ear *rtc.Chorus) error {
	sent := said.Sent()
	if n := ear.Echoes(); n != a.echoes {
		a.echoes, a.at = n, sent
	}
	silent, most := said.Unacknowledged(), uint64(maxUnacknowledged)
	if ear.HasOwn() {
		silent, most = sent-a.at, maxUnheard
	}
	if silent > most {
		return fmt.Errorf("%w: the server takes no notice of the port's voice", port.LinkUnheard)
	}
	return nil
}
