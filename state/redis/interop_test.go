package redis

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/talkgate/talkgate/state/redis/redistest"
)

// recorded are the commands a server in the field sent, from testdata/monitor.txt.
func recorded(t *testing.T) [][]string {
	t.Helper()
	f, err := os.Open("testdata/monitor.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	quoted := regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	var commands [][]string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var args []string
		for _, q := range quoted.FindAllString(lines.Text(), -1) {
			arg, err := strconv.Unquote(q)
			if err != nil {
				t.Fatalf("%s: %v", q, err)
			}
			args = append(args, arg)
		}
		if len(args) > 0 {
			args[0] = strings.ToUpper(args[0])
			commands = append(commands, args)
		}
	}
	if len(commands) == 0 {
		t.Fatal("nothing is recorded")
	}
	return commands
}

func find(t *testing.T, commands [][]string, name, key string, ok func(args []string) bool) []string {
	t.Helper()
	for _, args := range commands {
		if args[0] == name && len(args) > 2 && args[1] == key && ok(args) {
			return args
		}
	}
	t.Fatalf("no %s %s of the wanted kind is recorded", name, key)
	return nil
}

// keysOf are the names in a JSON object, in order.
func keysOf(t *testing.T, text string) (keys []string) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.Token()
	for d.More() {
		k, err := d.Token()
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		keys = append(keys, k.(string))
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	return keys
}

// What servers write is read by us, and what we write has their shape.
func TestInterop(t *testing.T) {
	commands := recorded(t)
	lock := find(t, commands, "SET", keyLock("m1"), func([]string) bool { return true })
	busy := find(t, commands, "PUBLISH", keyEvents("m1"), func(a []string) bool { return strings.Contains(a[2], `"isBusy":true`) })[2]
	idle := find(t, commands, "PUBLISH", keyEvents("m1"), func(a []string) bool { return strings.Contains(a[2], `"isBusy":false`) })[2]
	start := find(t, commands, "LPUSH", keyAudit, func(a []string) bool { return strings.Contains(a[2], ActionStart) })[2]
	denied := find(t, commands, "LPUSH", keyAudit, func(a []string) bool { return strings.Contains(a[2], ActionDenied) })[2]
	if lock[3] != "EX" || lock[4] != "30" || lock[5] != "NX" {
		t.Errorf("the recorded lock is %q", lock)
	}

	for _, payload := range []string{busy, idle} {
		if _, err := parseChannelEvent("m1", payload); err != nil {
			t.Error(err)
		}
	}
	var ev channelEvent
	if err := json.Unmarshal([]byte(busy), &ev); err != nil {
		t.Fatal(err)
	}
	if ours, err := busyEvent("m1", *ev.CurrentSpeaker, *ev.SpeakerName, time.UnixMilli(*ev.LockTimestamp)); err != nil || ours != busy {
		t.Errorf("our event is\n%s, theirs\n%s, %v", ours, busy, err)
	}
	if ours, err := idleEvent("m1"); err != nil || ours != idle {
		t.Errorf("our event is\n%s, theirs\n%s, %v", ours, idle, err)
	}
	for _, line := range []string{start, denied} {
		var e AuditEntry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		ours, err := json.Marshal(e)
		if err != nil || strings.Join(keysOf(t, string(ours)), " ") != strings.Join(keysOf(t, line), " ") {
			t.Errorf("our entry is\n%s, theirs\n%s, %v", ours, line, err)
		}
	}

	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		member(t, rdb, "u1", "m1")
		member(t, rdb, "u2", "m1")

		// Theirs, read by us.
		rdb.Set(ctx, keyLock("m1"), lock[2], ancestorTTL)
		d := redistest.Must[Decision](t)(c.Acquire(ctx, claim("m1", "u2")))
		if d.Verdict != Busy || d.Holder.UserID != "u1" || d.Holder.UserName != "Name u1" || d.Holder.Since.UnixMilli() != 1795398687760 {
			t.Errorf("beside a server's lock: %+v", d)
		}
		if redistest.Must[bool](t)(c.Release(ctx, claim("m1", "u1"))) {
			t.Error("a gateway of the same user released a server's lock")
		}

		// Ours, read by them: SET NX is refused, GET tells who.
		rdb.Del(ctx, keyLock("m1"))
		cl := claim("m1", "u1")
		cl.Role = RoleGeneral
		redistest.Must[Decision](t)(c.Acquire(ctx, cl))
		ok, holder := (ancestor{rdb: rdb}).acquire(ctx, "m1", "u2")
		if ok || holder != "u1" {
			t.Errorf("a server beside our lock: granted %v, holder %q", ok, holder)
		}
		theirs, ours := keysOf(t, lock[2]), keysOf(t, rdb.Get(ctx, keyLock("m1")).Val())
		if strings.Join(ours[:len(theirs)], " ") != strings.Join(theirs, " ") || strings.Join(ours[len(theirs):], " ") != "token role epoch" {
			t.Errorf("our lock has %q, theirs %q", ours, theirs)
		}
		// A server's stop of the same user deletes our lock; the next renewal
		// knows, and says so.
		(ancestor{rdb: rdb}).release(ctx, "m1", "u1")
		if st := redistest.Must[Renewal](t)(c.Renew(ctx, cl)); st.State != Lost {
			t.Errorf("after a server's stop: %+v", st)
		}
	})
}

// Everything a recorded session left in Redis is read without a complaint.
func TestRecordedSession(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		replay := map[string]bool{"SET": true, "DEL": true, "SADD": true, "SREM": true, "LPUSH": true, "LTRIM": true, "ZADD": true, "PUBLISH": true}
		for _, args := range recorded(t) {
			if !replay[args[0]] {
				continue
			}
			command := make([]any, len(args))
			for i, a := range args {
				command[i] = a
			}
			if err := rdb.Do(ctx, command...).Err(); err != nil && !errors.Is(err, goredis.Nil) {
				t.Fatalf("%v: %v", command, err)
			}
			v := redistest.Must[FloorView](t)(c.ReadFloor(ctx, "m1"))
			if v.Holder != nil && v.Holder.UserID != "u1" {
				t.Errorf("after %v: %+v", command, v.Holder)
			}
			redistest.Must[[]string](t)(c.ChannelUsers(ctx, "m1"))
		}
		entries := redistest.Must[[]AuditEntry](t)(c.Audit(ctx, 1000))
		if len(entries) < 8 || entries[0].Action != "auth.logout" || entries[0].ActorID != "u1" {
			t.Errorf("%d entries, the newest %+v", len(entries), entries[0])
		}
	})
}
