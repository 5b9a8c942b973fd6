package hub

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/gateway/hub/console"
	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis"
)

// as what a token says.
func dispatcher(user string, channels ...string) *auth.Claims {
	c := claims(user)
	c.Role, c.ChannelIDs = "DISPATCH", channels
	return c
}

func admin(user string) *auth.Claims {
	c := claims(user)
	c.GlobalRole, c.ChannelIDs = "ADMIN", nil
	return c
}

func (s *site) report(gateway, channel string, change ...func(*fleet.Report)) {
	s.t.Helper()
	r := fleet.Report{Gateway: gateway, Name: strings.ToUpper(gateway), Channel: channel, Version: "v1", At: time.Now(),
		Health: fleet.Health{OnAir: true, Xruns: 2}, Lamps: fleet.Lamps{Link: true}, Floor: fleet.Floor{State: "idle"}}
	for _, f := range change {
		f(&r)
	}
	if err := s.state.PutReport(s.t.Context(), r, time.Minute); err != nil {
		s.t.Fatal(err)
	}
}

// fleetStream is what a console has been told.
type fleetStream struct {
	gateways map[string]console.Gateway
	overview console.Snapshot
	redis    bool
	writes   int
}

// fleetStream reads the fleet's events until ok says that it has seen enough.
func (s *site) fleetStream(c *auth.Claims, what string, ok func(*fleetStream) bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, "GET", "http://"+s.hub.Addr().String()+"/api/fleet/events", nil)
	req.Header.Set("Authorization", "Bearer "+tokenOf(s.t, c))
	resp, err := s.http.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 200 {
		s.t.Fatalf("events: %d", resp.StatusCode)
	}
	f := &fleetStream{gateways: map[string]console.Gateway{}}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 10<<20)
	event := ""
	for lines.Scan() {
		line := lines.Text()
		if name, is := strings.CutPrefix(line, "event: "); is {
			event = name
			continue
		}
		data, is := strings.CutPrefix(line, "data: ")
		if !is {
			continue
		}
		switch event {
		case "overview":
			f.overview = console.Snapshot{}
			err = json.Unmarshal([]byte(data), &f.overview)
		case "gateways":
			var n struct {
				Redis    bool
				Gateways []console.Gateway
				Gone     []string
			}
			err = json.Unmarshal([]byte(data), &n)
			f.redis, f.writes = n.Redis, f.writes+1
			for _, g := range n.Gateways {
				f.gateways[g.ID] = g
			}
			for _, id := range n.Gone {
				delete(f.gateways, id)
			}
		}
		if err != nil {
			s.t.Fatal(err)
		}
		if ok(f) {
			return
		}
	}
	s.t.Fatalf("never: %s; told %+v", what, f)
}

// Whatever a console may ask is refused to everybody else, here, on the server.
func TestConsoleIsForManagersOnly(t *testing.T) {
	s := newSite(t)
	s.state.SetChannelEvent(t.Context(), channelID, "marathon")
	s.state.SetChannelEvent(t.Context(), "elsewhere", "regatta")
	user := claims("user")
	user.Role = "USER"
	spelled := claims("spelled")
	spelled.Role = "dispatch" // no role at all
	for _, request := range []string{
		"GET /api/fleet/events", "GET /api/audit", "POST /api/events/marathon/pause", "POST /api/gateways/north/parrot",
		"PUT /api/channels/ops/members/a/rights", "DELETE /api/channels/ops/members/a/rights",
	} {
		method, path, _ := strings.Cut(request, " ")
		for who, c := range map[string]*auth.Claims{"GENERAL": claims("rogue"), "USER": user, "a role that is none": spelled} {
			if a := s.do(t.Context(), method, path, tokenOf(t, c), "", ""); a.status != 403 || !strings.Contains(a.body, "DISPATCH") {
				t.Errorf("%s as %s: %d %s", request, who, a.status, a.body)
			}
		}
		if a := s.do(t.Context(), method, path, "", "", ""); a.status != 401 {
			t.Errorf("%s without a token: %d", request, a.status)
		}
		forged := strings.Split(tokenOf(t, admin("boss")), ".")
		if a := s.do(t.Context(), method, path, forged[0]+"."+forged[1]+"."+strings.Split(tokenOf(t, claims("rogue")), ".")[2], "", ""); a.status != 401 {
			t.Errorf("%s with a forged token: %d", request, a.status)
		}
	}
	// A cookie, or whatever else a browser would send by itself, is nothing.
	req, _ := http.NewRequest("POST", "http://"+s.hub.Addr().String()+"/api/events/marathon/pause", nil)
	req.Header.Set("Cookie", "token="+tokenOf(t, admin("boss")))
	req.Header.Set("Origin", "https://evil.example")
	resp, err := s.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 401 {
		t.Errorf("a request that a browser sends by itself: %s", resp.Status)
	}
	// A dispatcher keeps to its channels.
	if a := s.do(t.Context(), "POST", "/api/events/regatta/pause", tokenOf(t, dispatcher("d", channelID)), "", ""); a.status != 403 {
		t.Errorf("another event's pause: %d %s", a.status, a.body)
	}
	if a := s.do(t.Context(), "PUT", "/api/channels/elsewhere/members/a/rights", tokenOf(t, dispatcher("d", channelID)), "", ""); a.status != 403 {
		t.Errorf("rights on another channel: %d %s", a.status, a.body)
	}
	if r, err := s.state.ReadRights(t.Context(), "a"); err != nil || len(r.Channels) != 0 {
		t.Errorf("rights were changed: %+v %v", r, err)
	}
}

func TestConsoleSeesTheFleet(t *testing.T) {
	s := newSite(t)
	s.state.SetChannelEvent(t.Context(), channelID, "marathon")
	s.report("north", channelID)
	s.report("south", "elsewhere")
	s.redis.Do("SADD", "talkgate:fleet:gateways", "torn")
	s.redis.Do("HSET", "talkgate:fleet:report:{torn}", "seen", "1", "report", `{"v":1,"gate`)
	s.allow("a")
	s.fleetStream(admin("boss"), "all three, and the channels", func(f *fleetStream) bool {
		n := f.gateways["north"]
		return len(f.gateways) == 3 && f.redis && n.Live && n.OnAir && n.Lamps.Link && n.Version == "v1" && n.Seen > 0 &&
			f.gateways["torn"].Error != "" && len(f.overview.Channels) == 2 && slices.Equal(f.overview.Events, []string{"marathon"})
	})
	first := true
	s.fleetStream(dispatcher("d", channelID), "what is its own, as it changes", func(f *fleetStream) bool {
		if len(f.gateways) > 1 || len(f.overview.Channels) > 1 {
			t.Errorf("a dispatcher sees %+v", f)
		}
		if first && f.gateways["north"].Live && f.overview.Redis {
			first = false
			s.take("a")
			s.report("north", channelID, func(r *fleet.Report) { r.Lamps.Talk, r.Levels.Mic = true, -12 })
		}
		holder := f.overview.Channels != nil && f.overview.Channels[0].Holder != nil && f.overview.Channels[0].Holder.UserID == "a"
		return holder && f.gateways["north"].Lamps.Talk && f.gateways["north"].Mic == -12
	})
	s.report("north", channelID)
	first = true
	s.fleetStream(admin("boss"), "a gateway's end", func(f *fleetStream) bool {
		if first && f.gateways["north"].Live {
			first = false
			s.redis.Do("DEL", "talkgate:fleet:beat:{north}")
			s.state.ForgetReport(context.Background(), "south")
		}
		_, south := f.gateways["south"]
		n := f.gateways["north"]
		return !first && !south && !n.Live && !n.OnAir && !n.Lamps.Link && n.Seen > 0
	})
	first = true
	s.fleetStream(admin("boss"), "the loss of Redis", func(f *fleetStream) bool {
		if first && f.redis {
			first = false
			s.redis.Kill()
		}
		return !first && !f.redis && !f.overview.Redis
	})
}

func TestEventIsPausedAndWrittenDown(t *testing.T) {
	s := newSite(t)
	s.state.SetChannelEvent(t.Context(), channelID, "marathon")
	s.allow("a")
	s.take("a")
	d := dispatcher("d", channelID)
	a := s.do(t.Context(), "POST", "/api/events/marathon/pause", tokenOf(t, d), "", "")
	if a.status != 200 || !strings.Contains(a.body, `"paused":{"ops":{"userId":"a"`) {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if v, err := s.state.ReadFloor(t.Context(), channelID); err != nil || v.Holder != nil {
		t.Errorf("the floor is still held: %+v %v", v, err)
	}
	for _, method := range []string{"DELETE", "PUT"} {
		if a := s.do(t.Context(), method, "/api/channels/ops/members/a/rights", tokenOf(t, d), "", ""); a.status != 204 {
			t.Fatalf("%s: %d %s", method, a.status, a.body)
		}
	}
	entries := func(c *auth.Claims, query string) (list []redis.AuditEntry) {
		var answer struct{ Entries []redis.AuditEntry }
		a := s.do(t.Context(), "GET", "/api/audit"+query, tokenOf(t, c), "", "")
		if err := json.Unmarshal([]byte(a.body), &answer); a.status != 200 || err != nil {
			t.Fatalf("%d %s %v", a.status, a.body, err)
		}
		return answer.Entries
	}
	has := func(list []redis.AuditEntry, action, target string) bool {
		return slices.ContainsFunc(list, func(e redis.AuditEntry) bool { return e.ActorID == "d" && e.Action == action && e.TargetID == target })
	}
	eventually(t, "all of it is in the audit log", func() bool {
		list := entries(d, "")
		return has(list, redis.ActionPaused, channelID) && has(list, redis.ActionTaken, "a") && has(list, redis.ActionGranted, "a")
	})
	if list := entries(admin("boss"), "?limit=1"); len(list) != 1 {
		t.Errorf("%d entries, expected the limit of 1", len(list))
	}
	if list := entries(dispatcher("other", "elsewhere"), ""); len(list) != 0 {
		t.Errorf("a dispatcher of another channel sees %+v", list)
	}
	for _, limit := range []string{"0", "-1", "501", "all", "1e3"} {
		if a := s.do(t.Context(), "GET", "/api/audit?limit="+limit, tokenOf(t, d), "", ""); a.status != 400 {
			t.Errorf("limit %s: %d", limit, a.status)
		}
	}
	if a := s.do(t.Context(), "POST", "/api/events/%00/pause", tokenOf(t, d), "", ""); a.status != 400 {
		t.Errorf("an event that cannot be: %d", a.status)
	}
	s.redis.Kill()
	if a := s.do(t.Context(), "POST", "/api/events/marathon/pause", tokenOf(t, d), "", ""); a.status != 503 || a.header.Get("Retry-After") == "" {
		t.Errorf("without Redis: %d %s", a.status, a.body)
	}
}

func TestConsoleIsRateLimited(t *testing.T) {
	s := newSite(t)
	d := dispatcher("d", channelID)
	limited := 0
	for range auth.RequestsPerSecond * 3 {
		if a := s.do(t.Context(), "GET", "/api/audit?limit=1", tokenOf(t, d), "", ""); a.status == 429 && a.header.Get("Retry-After") != "" {
			limited++
		}
	}
	if limited == 0 {
		t.Error("nothing was limited")
	}
}

func TestFleetMetrics(t *testing.T) {
	s := newSite(t)
	celsius := 61.5
	s.report("north", channelID, func(r *fleet.Report) {
		r.Group = "gates"
		r.Link = fleet.Link{Up: true, RTT: 25, In: &fleet.Quality{Loss: 0.05, Jitter: 3}}
		r.Board = fleet.Board{Celsius: &celsius, Throttled: fleet.UnderVoltage}
	})
	s.report("south", channelID)
	s.redis.Do("DEL", "talkgate:fleet:beat:{south}")
	want := []string{
		"talkgate_fleet_known 1", `talkgate_fleet_gateways{state="live"} 1`, `talkgate_fleet_gateways{state="gone"} 1`,
		`talkgate_fleet_gateway_info{channel="ops",gateway="north",group="gates",version="v1"} 1`,
		`talkgate_fleet_gateway_live{gateway="south"} 0`, `talkgate_fleet_gateway_on_air{gateway="north"} 1`,
		`talkgate_fleet_gateway_link_rtt_seconds{gateway="north"} 0.025`, `talkgate_fleet_gateway_link_loss_ratio{direction="in",gateway="north"} 0.05`,
		`talkgate_fleet_gateway_celsius{gateway="north"} 61.5`, `talkgate_fleet_gateway_throttled{gateway="north",reason="under-voltage"} 1`,
	}
	var body string
	eventually(t, "the fleet is in the metrics", func() bool {
		body = s.do(t.Context(), "GET", "/metrics", "", "", "").body
		return strings.Contains(body, want[2])
	})
	for _, line := range want {
		if !strings.Contains(body, line+"\n") {
			t.Errorf("no %s", line)
		}
	}
	if strings.Contains(body, `talkgate_fleet_gateway_on_air{gateway="south"}`) {
		t.Error("a gateway that is gone is still on air, or not")
	}
}
