package hub

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"testing"

	"github.com/talkgate/talkgate/state/redis"
)

// flakyStore counts what is put into it, while it is up.
type flakyStore struct {
	down bool
	room int // it goes down after so many; 0 is never
	put  map[string]int
}

func (f *flakyStore) PutSession(_ context.Context, s redis.Session) error {
	if f.down {
		return errors.New("down")
	}
	f.put[s.UserID]++
	if f.room--; f.room == 0 {
		f.down = true
	}
	return nil
}

func (f *flakyStore) RemoveSession(context.Context, string) error { return nil }

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
	if got := sessions[0]; got.UserID != "a" || got.DeviceID != deviceID || got.ConnectedAt == 0 || !slices.Equal(got.Channels, []string{channelID}) {
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

// What could not be written while Redis was away is written when it is back.
func TestAttendanceIsWrittenLater(t *testing.T) {
	store := &flakyStore{down: true, put: map[string]int{}}
	a := newAttendance(store, slog.New(slog.DiscardHandler))
	a.arrive(&session{userID: "a", channel: "c"})
	if a.write() == nil {
		t.Fatal("no error while the store is down")
	}
	store.down = false
	if err := a.write(); err != nil || store.put["a"] != 1 {
		t.Errorf("written %v, %v", store.put, err)
	}
	if err := a.write(); err != nil || store.put["a"] != 1 {
		t.Errorf("written again without need: %v, %v", store.put, err)
	}
}

// A time too short for everybody is not spent on the same ones again.
func TestAttendanceGoesOnWhereItStopped(t *testing.T) {
	store := &flakyStore{put: map[string]int{}}
	a := newAttendance(store, slog.New(slog.DiscardHandler))
	for _, user := range []string{"a", "b", "c", "d", "e"} {
		a.arrive(&session{userID: user, channel: "c"})
	}
	for _, room := range []int{2, 2} {
		store.down, store.room = false, room
		if a.write() == nil {
			t.Fatal("no error though the store went down")
		}
	}
	store.down = false
	if err := a.write(); err != nil {
		t.Fatal(err)
	}
	for user, n := range store.put {
		if n != 1 {
			t.Errorf("%s was written %d times", user, n)
		}
	}
	if len(store.put) != 5 {
		t.Errorf("written %v, want all five", store.put)
	}
}
