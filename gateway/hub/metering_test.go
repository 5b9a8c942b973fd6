package hub

import "testing"

// Levels cost nothing while nobody watches.
func TestMeterRunsWhileSomebodyWatches(t *testing.T) {
	s := newSite(t)
	s.talker("a")
	ch := s.hub.channels.Find(channelID)
	if ch.Forwarder.Observed() {
		t.Error("metered with nobody watching")
	}
	one, two := s.stream("a"), s.stream("b")
	one.close()
	if !ch.Forwarder.Observed() {
		t.Error("not metered with somebody watching")
	}
	two.close()
	eventually(t, "metering ends", func() bool { return !ch.Forwarder.Observed() })
}
