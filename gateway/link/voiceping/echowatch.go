package voiceping

import (
	"fmt"
	"time"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/media/rtc"
)

const (
	// lookAtVoice is how often it is checked.
	lookAtVoice = 250 * time.Millisecond
	// maxUnheard is how many frames may be said without hearing oneself: 4 s.
	maxUnheard = 200
	// maxUnacknowledged is how many, where the server does not send us our own
	// voice, may be said without a receiver report; one comes every 4 to 6 s.
	maxUnacknowledged = 320
)

// echoWatch checks that the server forwards what the port says. A server whose
// grant resumes nothing, as after it reaped an older connection of the same user,
// reports no error. The port consumes its own producer: what comes back is what
// the others hear.
type echoWatch struct {
	echoes uint64 // so far
	at     uint64 // sent, when the latest came
}

func (a *echoWatch) check(said *rtc.Publication, hears *rtc.MultiReceiver) error {
	sent := said.Sent()
	if n := hears.Echoes(); n != a.echoes {
		a.echoes, a.at = n, sent
	}
	silent, most := said.Unacknowledged(), uint64(maxUnacknowledged)
	if hears.HasOwn() {
		silent, most = sent-a.at, maxUnheard
	}
	if silent > most {
		return fmt.Errorf("%w: the server takes no notice of the port's voice", port.LinkUnheard)
	}
	return nil
}
