package config

import (
	"fmt"
	"time"
)

// Squelch is how a radio's squelch (hardware.cor) talks.
type Squelch struct {
	OpenDelay   time.Duration `yaml:"open_delay" live:"true" within:"0s..1s" doc:"how long it has to be open to talk, against kerchunks; what was said meanwhile is sent all the same. With talk.request_timeout at most 1.25s, as a hub holds no more back"`
	Hang        time.Duration `yaml:"hang" live:"true" within:"0s..5s" doc:"how long after it has closed the floor is kept, should it open again"`
	Tail        time.Duration `yaml:"tail" within:"0s..500ms" doc:"how much before it closes, or before talk.ctcss tells that its tone is gone, is not sent, against the noise at the end; not with talk.vox. All speech is sent so much later, and 20ms"`
	Deaf        time.Duration `yaml:"deaf" live:"true" within:"0s..2s" doc:"how long it is not listened to after the transmitter was let go, where key.interlock is not off"`
	Chatter     int           `yaml:"chatter" live:"true" within:"0..100" doc:"how many openings in a row that are shorter than chatter_time are taken for noise; 0 is none"`
	Loop        time.Duration `yaml:"loop" within:"0s..10m" doc:"how long it is not listened to once what the channel says came back by it, as another gateway transmits on its frequency; each time twice as long as before, up to 10m. 0s never looks"`
	ChatterTime time.Duration `yaml:"chatter_time" live:"true" within:"50ms..1s" doc:"how long it has to be open to talk while it chatters; with talk.request_timeout at most 1.25s"`
}

// longestBurst is what a hub holds back of what was said before the grant.
const longestBurst = 1250 * time.Millisecond

func (s Squelch) relations(d *decoder, request time.Duration) {
	most := longestBurst - request
	if s.OpenDelay > most {
		d.relation("squelch.open_delay", "talk.request_timeout", fmt.Sprint("at most 1.25s less talk.request_timeout, ", most), s.OpenDelay)
	}
	if s.Chatter > 0 && s.ChatterTime > most {
		d.relation("squelch.chatter_time", "talk.request_timeout", fmt.Sprint("at most 1.25s less talk.request_timeout, ", most), s.ChatterTime)
	}
}
