package hub

import (
	"strings"
	"testing"

	"github.com/talkgate/talkgate/gateway/hub/channel"
	"github.com/talkgate/talkgate/gateway/hub/whip"
)

// A member whose session is open elsewhere takes it over when it says so.
func TestSessionIsTakenOver(t *testing.T) {
	s := newSite(t)
	s.allow("a")
	first := s.talker("a")
	if _, err := s.port.Publish(t.Context(), s.exchangeOn(channelID+"?takeover=1", whip.KindWHIP, claims("a"), nil)); err != nil {
		t.Fatalf("not taken over: %v", err)
	}
	<-first.Done()
	_, err := s.port.Publish(t.Context(), s.exchange(whip.KindWHIP, "a", nil))
	if err == nil || !strings.Contains(err.Error(), "409") {
		t.Errorf("the first takes it back unasked: %v", err)
	}
}

// A pause is told as one, with who paused, however it came about.
func TestPauseIsToldAsOne(t *testing.T) {
	s := newSite(t)
	s.state.SetChannelEvent(t.Context(), channelID, "marathon")
	s.allow("a")
	watch := s.stream("w")
	s.take("a")
	watch.see(t, "a has the floor", func() bool { return len(watch.states) > 0 && watch.holder() == "a" })
	if _, err := s.state.PauseAllSpeakers(t.Context(), "marathon", "boss"); err != nil {
		t.Fatal(err)
	}
	watch.see(t, "the pause", func() bool {
		for _, n := range watch.notices {
			if n.Kind == channel.ReasonPaused && n.UserID == "a" && strings.HasPrefix(n.Text, "boss paused the event") {
				return true
			}
		}
		return false
	})
}
