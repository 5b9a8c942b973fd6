package voiceping

import "github.com/talkgate/talkgate/gateway/port"

// Quality returns how well the port's own voice reaches the server. It does not count
// received streams. Any goroutine may call it.
func (l *Link) Quality() port.LinkQuality {
	var q port.LinkQuality
	q.Out, q.RTT = l.out.Read()
	return q
}
