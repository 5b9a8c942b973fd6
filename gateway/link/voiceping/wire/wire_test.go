package wire

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
)

func recorded(t testing.TB) []Entry {
	t.Helper()
	f, err := os.Open("../testdata/wire.log")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	entries, err := ReadSession(f)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 416 {
		t.Fatalf("the recording has %d lines, want 416", len(entries))
	}
	return entries
}

// shapes are what the data of a frame decodes into: by type for what is asked
// and pushed, by the type of the request for a reply.
var (
	asked = map[Type]any{
		JoinChannel: OfChannel{}, LeaveChannel: OfChannel{}, GetRouterCapabilities: OfChannel{},
		PTTStart: OfChannel{}, PTTStop: OfChannel{}, PriorityPTTStart: OfChannel{}, PriorityPTTStop: OfChannel{},
		CreateTransport: NewTransport{}, ConnectTransport: Connect{}, Produce: NewProducer{}, Consume: NewConsumer{},
		EmergencyBroadcastOn: Hold{}, EmergencyBroadcastOff: Hold{}, Ping: struct{}{},
		ForceDisconnect: Sanction{}, BanUser: Sanction{}, UnbanUser: Sanction{},
	}
	replied = map[Type]any{
		JoinChannel: Joined{}, LeaveChannel: Left{}, GetRouterCapabilities: Capabilities{},
		PTTStart: Floor{}, PTTStop: Floor{}, PriorityPTTStart: Floor{}, PriorityPTTStop: Floor{},
		CreateTransport: Transport{}, ConnectTransport: Done{}, Produce: Produced{}, Consume: Consumer{},
		EmergencyBroadcastOn: Broadcast{}, EmergencyBroadcastOff: Broadcast{}, Ping: Pong{},
		ForceDisconnect: Done{}, BanUser: Done{}, UnbanUser: Done{},
	}
	pushed = map[Type]any{
		ChannelList: Membership{}, SpeakerChanged: Change{}, ChannelState: Presence{}, PTTInterrupted: Interruption{},
		EmergencyBroadcastOn: Emergency{}, EmergencyBroadcastOff: Emergency{}, ForceDisconnect: Forced{},
	}
)

func TestEveryRecordedFrameParsesWithoutLoss(t *testing.T) {
	requests := make(map[string]Type)
	seen := 0
	for i, e := range recorded(t) {
		if e.Remark() || !strings.HasPrefix(e.Text, "{") {
			continue
		}
		f, err := Parse([]byte(e.Text))
		if err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
		seen++
		same(t, i+1, e.Text, f)
		var shape any
		switch {
		case e.Sent:
			requests[f.ID] = f.Type
			shape = asked[f.Type]
			if strings.Contains(e.Text, `"direction":"both"`) || len(f.Data) == 0 || !json.Valid(f.Data) {
				continue
			}
			if strings.Contains(e.Text, `"data":{}`) || strings.Contains(e.Text, `"rtpCapabilities":{"codecs":[]}`) ||
				strings.Contains(e.Text, `"codecs":[],"encodings"`) {
				continue // deliberately incomplete
			}
		case f.Type == TypeError:
			if f.Error == "" || len(f.Data) > 0 {
				t.Errorf("line %d: %+v", i+1, f)
			}
			continue
		case f.Reply():
			shape = replied[requests[f.ID]]
		case f.Type == PermissionUpdate:
			if _, err := ParsePermissions(f.Data); err != nil {
				t.Errorf("line %d: %v", i+1, err)
			}
			continue
		case f.Type == ChannelState && !strings.Contains(e.Text, `"action"`):
			// The server answers its own joins and leaves of an emergency.
			shape = Joined{}
			if strings.Contains(e.Text, `"success"`) {
				shape = Left{}
			}
		default:
			shape = pushed[f.Type]
		}
		if shape == nil {
			t.Errorf("line %d: no shape for %s", i+1, f.Type)
			continue
		}
		v := reflect.New(reflect.TypeOf(shape))
		if err := f.Into(v.Interface()); err != nil {
			t.Errorf("line %d: %v", i+1, err)
			continue
		}
		same(t, i+1, string(f.Data), v.Interface())
	}
	if seen < 370 {
		t.Fatalf("only %d frames were looked at", seen)
	}
}

// same fails unless v, written again, is the JSON it was read from.
func same(t *testing.T, line int, text string, v any) {
	t.Helper()
	again, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var was, is any
	if json.Unmarshal([]byte(text), &was) != nil || json.Unmarshal(again, &is) != nil || !reflect.DeepEqual(was, is) {
		t.Errorf("line %d: lost something:\n%s\n%s", line, text, again)
	}
}

func TestEchoesAreTheCopiesWithoutProducer(t *testing.T) {
	echoes, news := 0, 0
	for _, e := range recorded(t) {
		f, err := Parse([]byte(e.Text))
		if err != nil || f.Type != SpeakerChanged {
			if Echo([]byte(e.Text)) {
				t.Errorf("an echo: %s", e.Text)
			}
			continue
		}
		var c Change
		if err := f.Into(&c); err != nil {
			t.Fatal(err)
		}
		if Echo([]byte(e.Text)) != (c.ProducerID == "") {
			t.Errorf("misjudged: %s", e.Text)
		}
		if c.ProducerID == "" {
			echoes++
		} else {
			news++
		}
	}
	if echoes < 100 || news < 5 {
		t.Errorf("%d echoes, %d with a producer: the recording has more", echoes, news)
	}
}

func TestPermissionUpdatesOfAllShapes(t *testing.T) {
	for _, tc := range []struct {
		data string
		want Permissions
	}{
		{`{"channelIds":[],"action":"set_user_channels"}`, Permissions{Channels: []string{}}},
		{`{"added":["c2"],"removed":["c1"],"channels":["c2"]}`, Permissions{Channels: []string{"c2"}, Added: []string{"c2"}, Removed: []string{"c1"}}},
		{`{"type":"permission-update","data":{"channels":["c2"],"removed":["c1"],"pendingRemoval":true}}`, Permissions{Channels: []string{"c2"}, Removed: []string{"c1"}, Pending: true}},
	} {
		got, err := ParsePermissions([]byte(tc.data))
		if err != nil || !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s:\n%+v, %v\nwant %+v", tc.data, got, err, tc.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, e := range recorded(f) {
		f.Add([]byte(e.Text))
	}
	f.Add([]byte(`{"type":"permission-update","data":{"type":"permission-update","data":{"type":"permission-update","data":{}}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		fr, err := Parse(text)
		if err != nil {
			return
		}
		if fr.Type == "" {
			t.Fatal("a frame without type")
		}
		for _, shapes := range []map[Type]any{asked, replied, pushed} {
			if shape, ok := shapes[fr.Type]; ok {
				_ = fr.Into(reflect.New(reflect.TypeOf(shape)).Interface())
			}
		}
		_, _ = ParsePermissions(fr.Data)
		if Echo(text) && fr.Type == SpeakerChanged {
			var c Change
			// The bytes are searched, not the JSON: a key written with escapes
			// is taken for none, which costs a stream and opens nothing.
			if fr.Into(&c) == nil && c.ProducerID != "" && !strings.Contains(string(text), `\u`) {
				var keys map[string]json.RawMessage
				if json.Unmarshal(fr.Data, &keys) == nil && keys["producerId"] != nil {
					t.Fatalf("an echo with a producer: %s", text)
				}
			}
		}
	})
}
