package main

import "testing"

// TestQueueAcrossPorts: ports in processes of their own wait in one line, told
// their place, and talk in its order.
func TestQueueAcrossPorts(t *testing.T) {
	s := newSite(t)
	port := func(user string) *process {
		config := s.prepare(user)
		s.write(user+".yaml", s.read(user+".yaml")+"talk: {queue: 1m}\n")
		s.grant(user)
		p := start(t, user, "run", "--config", config)
		p.until(`^state=idle lamps=link `)
		return p
	}
	north, south, east := port("north"), port("south"), port("east")
	north.say("press")
	north.until(`^state=talking`)
	south.say("press")
	south.until(`^state=waiting lamps=busy,link .*why="the channel is in use by The north gate; number 1 in the queue"`)
	east.say("press")
	east.until(`^state=waiting .*number 2 in the queue"`)
	north.say("release")
	south.until(`^state=talking`)
	east.until(`^state=waiting .*by The south gate; number 1 in the queue"`)
	south.say("release")
	east.until(`^state=talking`)
	east.say("release")
	east.until(`^state=idle`)
}
