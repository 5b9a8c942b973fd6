package demo

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestQuantileIsTheNearestRank(t *testing.T) {
	var d []time.Duration
	for k := 200; k >= 1; k-- {
		d = append(d, time.Duration(k)*time.Millisecond)
	}
	if got, want := tail(d), (Tail{100, 198, 200}); got != want {
		t.Errorf("tail %v, want %v", got, want)
	}
	if got, want := usual(d), (Usual{100, 190}); got != want {
		t.Errorf("usual %v, want %v", got, want)
	}
	if got := tail(nil); got != (Tail{}) {
		t.Errorf("of nothing: %v", got)
	}
}

func TestEachWrongCountFailsTheReport(t *testing.T) {
	good := Report{Presses: 3, Revocations: 2}
	good.check(3, 2)
	if !good.OK || good.Faults != nil {
		t.Fatalf("a faultless report says %v", good.Faults)
	}
	for name, spoil := range map[string]func(*Report){
		"presses":      func(r *Report) { r.Presses-- },
		"revocations":  func(r *Report) { r.Revocations-- },
		"clip start":   func(r *Report) { r.ClippedSamples.Start = 1 },
		"clip end":     func(r *Report) { r.ClippedSamples.End = 1 },
		"after revoke": func(r *Report) { r.PacketsAfterRevoke = 1 },
		"double talk":  func(r *Report) { r.DoubleTalkFrames = 1 },
		"allocs tx":    func(r *Report) { r.AllocsPerFrame.TX = 1 },
		"allocs rx":    func(r *Report) { r.AllocsPerFrame.RX = 1 },
	} {
		r := Report{Presses: 3, Revocations: 2, PressToFirstPacket: Tail{Max: 1e9}}
		spoil(&r)
		r.check(3, 2)
		if r.OK || len(r.Faults) != 1 {
			t.Errorf("%s: ok %v, faults %v", name, r.OK, r.Faults)
		}
	}
}

func TestReportHasTheAgreedNames(t *testing.T) {
	b, err := json.Marshal(Report{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		`"presses":`, `"press_to_first_packet_ms":{"p50":0,"p99":0,"max":0}`, `"clipped_samples":{"start":0,"end":0}`,
		`"revocations":`, `"revoke_to_last_packet_ms":{"p50":0,"p99":0,"max":0}`, `"packets_after_revoke":`,
		`"mouth_to_ear_ms":{"p50":0,"p95":0}`, `"double_talk_frames":`, `"allocs_per_frame":{"tx":0,"rx":0}`,
		`"rss_mib":`, `"start_to_on_air_ms":`, `"ok":`,
	} {
		if !strings.Contains(string(b), name) {
			t.Errorf("%s is missing in %s", name, b)
		}
	}
}
