package voiceping

import "github.com/talkgate/talkgate/gateway/port"

// Quality is how well what the port says arrives; any goroutine may ask. What is
// heard comes as one stream of each member, and is not counted.
func (l *Link) Quality() port.LinkQuality {
	var q port.LinkQuality
	q.Out, q.RTT = l.out.Read()
	return q
}
