package emergency

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/state/redis"
)

// However many there are, memory is bounded, and one that lasts is kept.
func TestEmergenciesAreBounded(t *testing.T) {
	e := New(nil, nil, slog.New(slog.DiscardHandler))
	begin := func(user string) {
		e.onFloor("c", redis.FloorView{Known: true, Holder: &redis.Holder{UserID: user, Emergency: "c", Since: time.Now()}}, time.Now())
	}
	e.onFloor("lasting", redis.FloorView{Known: true, Holder: &redis.Holder{UserID: "first", Emergency: "lasting", Since: time.Now()}}, time.Now())
	for i := range 3 * maxEmergencies {
		begin(fmt.Sprint(i))
	}
	list := e.Of(&auth.Claims{UserID: "boss", GlobalRole: string(redis.RoleAdmin)})
	if len(list) != maxEmergencies || list[0].UserID != "first" {
		t.Errorf("%d are kept, the first of %q", len(list), list[0].UserID)
	}
}
