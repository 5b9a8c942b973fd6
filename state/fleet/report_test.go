package fleet

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func whole() Report {
	celsius := 51.5
	return Report{
		V: ReportVersion, Gateway: "north-gate", Group: "gates", Name: "North gate", Channel: "gates", Version: "v1.2.3",
		At: time.UnixMilli(1763895600000).UTC(), Up: 42,
		Applied: Applied{Version: 7, Result: ResultApplied, Restart: []string{"hardware.board"}},
		Health:  Health{OnAir: true, Summary: "on air", Redis: true, Rights: true, Xruns: 3},
		Lamps:   Lamps{Link: true},
		Floor:   Floor{State: "idle", Sent: 5},
		Levels:  Levels{Mic: -31.5, Speaker: -96},
		Link:    Link{Up: true, RTT: 12.5, In: &Quality{Loss: 0.01, Jitter: 2}, Out: &Quality{}},
		Board:   Board{Celsius: &celsius, Throttled: UnderVoltage | SlowedDown<<16},
	}
}

func TestReportRoundTrip(t *testing.T) {
	r := whole()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseReport(text)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := json.Marshal(got)
	if string(again) != string(text) {
		t.Errorf("read\n%s, expected\n%s", again, text)
	}
}

func TestReportOfALaterVersion(t *testing.T) {
	text := strings.Replace(string(must(json.Marshal(whole()))), `{"v":1,`, `{"v":2,"weather":{"rain":true},`, 1)
	if r, err := ParseReport([]byte(text)); err != nil || r.Gateway != "north-gate" {
		t.Errorf("%+v %v", r, err)
	}
}

func TestBadReports(t *testing.T) {
	good := string(must(json.Marshal(whole())))
	for name, tc := range map[string]struct{ text, names string }{
		"nothing":          {"", "report"},
		"null":             {"null", "v is 0"},
		"a list":           {"[]", "report"},
		"truncated":        {good[:len(good)-9], "report"},
		"oversized":        {`{"v":1,"name":"` + strings.Repeat("a", MaxReport) + `"}`, "bytes"},
		"an old layout":    {strings.Replace(good, `"v":1`, `"v":0`, 1), "v is 0"},
		"no gateway":       {strings.Replace(good, "north-gate", "", 1), "gateway"},
		"a gateway's path": {strings.Replace(good, "north-gate", "a/b", 1), "gateway"},
		"a hash tag":       {strings.Replace(good, "north-gate", "a}b", 1), "gateway"},
		"a long group":     {strings.Replace(good, `"group":"gates"`, `"group":"`+strings.Repeat("g", maxID+1)+`"`, 1), "group"},
		"a terminal code":  {strings.Replace(good, `"summary":"on air"`, `"summary":"\u001b[2J"`, 1), "health.summary"},
		"a lost fraction":  {strings.Replace(good, `"loss":0.01`, `"loss":1.5`, 1), "link.in.loss"},
		"a negative age":   {strings.Replace(good, `"up":42`, `"up":-1`, 1), "up"},
		"a hot board":      {strings.Replace(good, `"celsius":51.5`, `"celsius":9e99`, 1), "board.celsius"},
		"a word as number": {strings.Replace(good, `"up":42`, `"up":"long"`, 1), "up"},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.text == good {
				t.Fatal("the case changes nothing")
			}
			_, err := ParseReport([]byte(tc.text))
			if !errors.Is(err, ErrBadReport) || !strings.Contains(err.Error(), tc.names) {
				t.Errorf("%v, expected it to name %s", err, tc.names)
			}
		})
	}
}

func TestThrottledInWords(t *testing.T) {
	v := Throttled(0x50005)
	if now, once := v.Now(), v.Once(); !slices.Equal(now, []string{"under-voltage", "throttled"}) || !slices.Equal(once, now) {
		t.Errorf("now %v, once %v", now, once)
	}
	if v = 0; v.Now() != nil || v.Once() != nil {
		t.Error("a board that is well was throttled")
	}
}

// What is read can be written, and is then read as the same.
func FuzzReport(f *testing.F) {
	f.Add(must(json.Marshal(whole())))
	f.Add([]byte(`{"v":1,"gateway":"a","at":"2026-01-01T00:00:00Z"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := ParseReport(text)
		if err != nil {
			if !errors.Is(err, ErrBadReport) {
				t.Fatal(err)
			}
			return
		}
		again, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if len(again) > MaxReport {
			return // fields that were left out are written
		}
		back, err := ParseReport(again)
		if err != nil {
			t.Fatalf("%s: %v", again, err)
		}
		if third := must(json.Marshal(back)); string(third) != string(again) {
			t.Fatalf("%s\n%s", again, third)
		}
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
