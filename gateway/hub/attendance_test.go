package hub

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"github.com/talkgate/talkgate/gateway/hub/whip"
)

// Who has a session on a channel is in the shared state, as the servers write it,
// and is gone from it with the last session, or with the hub.
func TestAttendanceIsInTheSharedState(t *testing.T) {
	s := newSite(t)
	s.allow("a", "b")
	users := func() []string {
		users, err := s.state.ChannelUsers(context.Background(), channelID)
		if err != nil {
			t.Fatal(err)
		}
		return users
	}
	a, e := s.talker("a"), s.ear("a")
	s.talker("b")
	eventually(t, "both are there", func() bool { return slices.Equal(users(), []string{"a", "b"}) })
	sessions, err := s.state.Sessions(context.Background())
	if err != nil || len(sessions) != 2 {
		t.Fatalf("sessions %+v, %v", sessions, err)
	}
	if got := sessions[0]; got.UserID != "a" || got.DeviceID != whip.DeviceID || got.ConnectedAt == 0 || !slices.Equal(got.Channels, []string{channelID}) {
		t.Errorf("session %+v", got)
	}

	s.as("a", http.MethodDelete, a.path)
	s.ear("c")
	eventually(t, "c is there", func() bool { return slices.Contains(users(), "c") })
	if !slices.Contains(users(), "a") {
		t.Error("a is gone though it still listens")
	}
	s.as("a", http.MethodDelete, e.path)
	eventually(t, "a is gone", func() bool { return !slices.Contains(users(), "a") })

	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if left := users(); len(left) > 0 {
		t.Errorf("after the hub ended %v are still there", left)
	}
}
