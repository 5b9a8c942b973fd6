package voiceping

import (
	"fmt"
	"time"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/media/rtc"
)

const (
	// echoCheckEvery is how often it is checked.
	echoCheckEvery = 250 * time.Millisecond
	// maxUnheard is how many frames may be sent before the port hears itself: 4 s.
	maxUnheard = 200
	// maxUnacknowledged is how many frames may be sent without a receiver report, where
	// the server does not return the port's own voice. A report comes every 4 to 6 s.
	maxUnacknowledged = 320
)

// echoWatch checks that the server forwards the port's voice. The port consumes its
// own producer: what comes back is what the others hear. A server can grant the
// floor and resume no producer, for example after it closed an older connection of
// the same user. It reports no error then.
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
