package hub

import (
	"time"

	"github.com/talkgate/talkgate/gateway/port"
)

// Quality is how well the link carries; any goroutine may ask.
func (l *Link) Quality() port.LinkQuality {
	var q port.LinkQuality
	var back time.Duration
	q.Out, q.RTT = l.out.Read()
	if q.In, back = l.in.Read(); q.RTT == 0 {
		q.RTT = back
	}
	return q
}
