package processes

import (
	"testing"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
)

// TestQueueAcrossPorts: ports in processes of their own wait in one line, told
// their place, and talk in its order.
func TestQueueAcrossPorts(t *testing.T) {
	s := talkgatetest.NewSite(t)
	port := func(user string) *talkgatetest.Process {
		config := s.Prepare(user)
		s.Write(user+".yaml", s.Read(user+".yaml")+"talk: {queue: 1m}\n")
		s.Grant(user)
		p := talkgatetest.Start(t, user, "run", "--config", config)
		p.Until(`^state=idle lamps=link `)
		return p
	}
	north, south, east := port("north"), port("south"), port("east")
	north.Say("press")
	north.Until(`^state=talking`)
	south.Say("press")
	south.Until(`^state=waiting lamps=busy,link .*why="the channel is in use by The north gate; number 1 in the queue"`)
	east.Say("press")
	east.Until(`^state=waiting .*number 2 in the queue"`)
	north.Say("release")
	south.Until(`^state=talking`)
	east.Until(`^state=waiting .*by The south gate; number 1 in the queue"`)
	south.Say("release")
	east.Until(`^state=talking`)
	east.Say("release")
	east.Until(`^state=idle`)
}
