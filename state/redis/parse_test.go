package redis

import (
	"encoding/json"
	"slices"
	"strconv"
	"testing"
	"unicode/utf8"
)

func FuzzHolder(f *testing.F) {
	for _, s := range []string{`{"userId":"u1","userName":"Name u1","timestamp":1795398687760}`, `{"epoch":-1}`, `{"epoch":1e40}`, "null", "[]", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		h := parseHolder(value)
		if !json.Valid([]byte(value)) && h != (Holder{}) {
			t.Errorf("%q is no JSON and yet %+v's", value, h)
		}
	})
}

// What a claim writes is read back, whatever is in the names, and begins with
// the prefix of no other claim.
func FuzzClaim(f *testing.F) {
	f.Add("u1", "Name u1", "00")
	f.Add(`u"1`, "\u2028\x00 <name>", `","epoch":9,"x":"`)
	f.Fuzz(func(t *testing.T, user, name, token string) {
		if !utf8.ValidString(user) || !utf8.ValidString(name) || !utf8.ValidString(token) {
			t.Skip()
		}
		cl := claim("m1", user)
		cl.UserName, cl.Token, cl.Role = name, token, RoleGeneral
		prefix, err := cl.prefix()
		if err != nil {
			t.Fatal(err)
		}
		const epoch uint64 = 1795398687760
		h := parseHolder(prefix + strconv.FormatUint(epoch, 10) + "}")
		if h.UserID != user || h.UserName != name || h.Token != token || h.Role != RoleGeneral || h.Epoch != epoch || h.Since.UnixMilli() != cl.At.UnixMilli() {
			t.Errorf("%+v was read as %+v", cl, h)
		}
	})
}

func FuzzMembershipUpdate(f *testing.F) {
	for _, s := range []string{`{"eventId":"e1","userId":"u1","channelIds":["b","a","b"],"action":"set_user_channels"}`, `{"userId":1}`, "null", "[]", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		u, err := parseMembershipUpdate(payload)
		if err != nil {
			if u.UserID != "" || u.ChannelIDs != nil {
				t.Errorf("%q was refused and yet read as %+v", payload, u)
			}
			return
		}
		if u.UserID == "" || u.ChannelIDs == nil || !slices.IsSorted(u.ChannelIDs) || len(slices.Compact(slices.Clone(u.ChannelIDs))) != len(u.ChannelIDs) {
			t.Errorf("%q was read as %+v", payload, u)
		}
	})
}

func FuzzChannelEvent(f *testing.F) {
	f.Add("m1", `{"channelId":"m1","currentSpeaker":"u1","speakerName":"Name u1","isBusy":true,"lockTimestamp":1795398687761}`)
	f.Add("m1", `{"channelId":"m2"}`)
	f.Add("", "null")
	f.Fuzz(func(t *testing.T, channel, payload string) {
		ev, err := parseChannelEvent(channel, payload)
		if err == nil && ev.ChannelID != channel {
			t.Errorf("%q was taken for an event of %q: %+v", payload, channel, ev)
		}
	})
}

func FuzzStored(f *testing.F) {
	f.Add(`{"userId":"u1","channels":["m1"]}`, 1.0, "1795398687760", "permanent")
	f.Fuzz(func(t *testing.T, value string, score float64, bannedAt, reason string) {
		if s, ok := parseSession(value); ok && s.UserID == "" {
			t.Errorf("%q was read as %+v", value, s)
		}
		b := parseBan("u1", score, map[string]string{"bannedAt": bannedAt, "reason": reason})
		if b.UserID != "u1" || b.Reason != reason {
			t.Errorf("%+v", b)
		}
	})
}

// FuzzAuditEntry wants of any entry of the log, whoever wrote it, that it can be written
// again, and then says the same.
func FuzzAuditEntry(f *testing.F) {
	f.Add(`{"id":"1","actorId":"u1","eventId":null,"action":"ptt.start","targetId":"m1","metadata":{},"timestamp":1}`)
	f.Add(`{"timestamp":-9223372036854775808,"metadata":{"a":[1e300,null]}}`)
	f.Add(`{"eventId":"","metadata":null}`)
	f.Fuzz(func(t *testing.T, line string) {
		var e, again AuditEntry
		if json.Unmarshal([]byte(line), &e) != nil {
			return
		}
		text, err := json.Marshal(e)
		if err != nil {
			t.Fatalf("%q was read as %+v, which cannot be written: %v", line, e, err)
		}
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if second, err := json.Marshal(again); err != nil || string(second) != string(text) {
			t.Errorf("%s became %s: %v", text, second, err)
		}
	})
}
