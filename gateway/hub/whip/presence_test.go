package whip

import (
	"context"
	"errors"
	"log/slog"
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

// What could not be written while Redis was away is written when it is back.
func TestAttendanceIsWrittenLater(t *testing.T) {
	store := &flakyStore{down: true, put: map[string]int{}}
	a := newPresence(store, slog.New(slog.DiscardHandler))
	a.arrive(&Session{userID: "a", channel: "c"})
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
	a := newPresence(store, slog.New(slog.DiscardHandler))
	for _, user := range []string{"a", "b", "c", "d", "e"} {
		a.arrive(&Session{userID: user, channel: "c"})
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
