package compare

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/talkgate/talkgate/media/rtc"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

func TestMain(m *testing.M) {
	flag.String("table", "", "document to write the comparison into")
	os.Exit(m.Run())
}

// spurts and restarts are how often each is measured for a table; once proves the
// behaviour.
const (
	spurts   = 30
	restarts = 5
)

// figures are what one kind of link took.
type figures struct{ press, revoke, reconnect []time.Duration }

// TestEveryLinkBehavesAlike runs the same scenarios over every kind of link.
func TestEveryLinkBehavesAlike(t *testing.T) {
	table := flag.Lookup("table").Value.String()
	spurts, restarts := spurts, restarts
	if table == "" {
		spurts, restarts = 2, 1
	}
	var rows []string
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			f := play(t, k, spurts, restarts)
			rows = append(rows, fmt.Sprintf("| %s | %s | %s | %s |", k.name, show(f.press), show(f.revoke), show(f.reconnect)))
			t.Log(rows[len(rows)-1])
		})
	}
	if table == "" || t.Failed() {
		return
	}
	if err := write(table, rows); err != nil {
		t.Fatal(err)
	}
}

func play(t *testing.T, k kind, spurts, restarts int) (f figures) {
	log := slog.New(slog.DiscardHandler)
	server := redistest.Start(t)
	engine, err := rtc.NewEngine(rtc.Config{Interfaces: []string{"lo"}, PeerTimeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	s := k.start(t, server, engine, log)
	begin := func(user string, role redis.Role) *radio { return start(t, s, open(t, server, log), user, role, log) }
	a, b := begin("a", redis.RoleGeneral), begin("b", redis.RoleGeneral)
	admin := open(t, server, log)
	a.talk(b) // the first makes the members known to each other
	a.release()
	b.talk(a)
	b.release()

	for range spurts {
		f.press = append(f.press, a.talk(b))
		f.revoke = append(f.revoke, revoke(t, admin, a, b))
	}

	// Denied, and told by whom; the talker goes on.
	a.talk(b)
	b.press()
	b.phase(floor.Refused, floor.Busy)
	a.phase(floor.Talking, floor.NoReason)
	b.sim.Button.Set(false)

	// A dispatcher breaks in.
	d := begin("d", redis.RoleDispatch)
	d.press()
	d.phase(floor.Talking, floor.NoReason)
	a.phase(floor.Refused, floor.NoReason)
	if why := a.now().Floor.Why; why != floor.Preempted && why != floor.Revoked { // as VoicePing's server has it
		t.Errorf("pre-empted for %v", why)
	}
	a.sim.Button.Set(false)
	d.release()

	for range restarts {
		a.talk(b)
		s.restart()
		back := time.Now()
		a.phase(floor.Refused, floor.NoReason) // no link, or, of a server that frees the lock as it goes, no floor
		a.sim.Button.Set(false)
		a.await("on air", func(st status) bool { return st.Lamps.Link && st.Floor.Phase == floor.Idle })
		f.reconnect = append(f.reconnect, time.Since(back))
		b.await("on air", func(st status) bool { return st.Lamps.Link })
		a.await("the floor is free", func(st status) bool { return !st.Taken })
	}
	a.talk(b)
	a.release()
	return f
}

// revoke takes the talker's rights away and says how much later the last packet
// was heard. Once the talker knows, it sends none but the one it may just be at.
func revoke(t *testing.T, admin *redis.Client, talker, listener *radio) time.Duration {
	t.Helper()
	time.Sleep(100 * time.Millisecond)
	n, began := listener.heard(), time.Now()
	if _, err := admin.RevokeRights(t.Context(), talker.user, channel); err != nil {
		t.Fatal(err)
	}
	last, sent := began, uint64(0)
	until(t, talker.user+" knows, and nothing more is heard", func() bool {
		if now := listener.heard(); now != n {
			last, n = time.Now(), now
		}
		if st := talker.now().Floor; sent == 0 && st.Phase == floor.Refused && st.Why == floor.Revoked {
			sent = talker.sent()
		}
		return sent > 0 && time.Since(last) > 200*time.Millisecond
	})
	if more := talker.sent() - sent; more > 1 {
		t.Errorf("%d packets were sent after the end", more)
	}
	talker.sim.Button.Set(false)
	if _, err := admin.GrantRights(t.Context(), talker.user, channel); err != nil {
		t.Fatal(err)
	}
	talker.await("on air again", func(st status) bool { return st.Lamps.Link && st.Floor.Phase == floor.Idle && !st.Taken })
	return last.Sub(began)
}

// show is the median and the worst, in ms.
func show(d []time.Duration) string {
	d = slices.Sorted(slices.Values(d))
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return fmt.Sprintf("%.1f / %.1f", ms(d[len(d)/2]), ms(d[len(d)-1]))
}

func write(file string, rows []string) error {
	const from, to = "<!-- compare: written by make compare -->\n", "<!-- end of compare -->"
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, rest, ok := strings.Cut(string(b), from)
	_, tail, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		return fmt.Errorf("%s: expected the marks %q and %q, found none", file, from, to)
	}
	text := head + from + "\n| link | press → heard | revoke → silent | reconnect |\n|---|---|---|---|\n" + strings.Join(rows, "\n") + "\n\n" + to + tail
	return os.WriteFile(file, []byte(text), 0o644)
}
