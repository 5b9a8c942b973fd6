package fleetstore

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// reportCost is what gateways and those who watch them cost Redis.
type reportCost struct {
	memory         float64 // bytes a gateway
	commands, wire float64 // and bytes received, a heartbeat
	micros         float64 // of Redis's processor a heartbeat
	listed         float64 // micros of Redis's processor for a gateway when all are read
}

// fullReport is as long as reports get in practice.
func fullReport(gateway string) fleet.Report {
	celsius := 51.25
	r := report(gateway)
	r.Name, r.Up = "The gate of "+gateway, 86400
	r.Applied = fleet.Applied{Version: 17, Result: fleet.ResultApplied}
	r.Health.Summary, r.Health.Redis, r.Health.Rights = "on air on channel gates", true, true
	r.Link = fleet.Link{Up: true, RTT: 12.345, In: &fleet.Quality{Loss: 0.0123, Jitter: 1.5}, Out: &fleet.Quality{Loss: 0.01, Jitter: 2.25}}
	r.Board = fleet.Board{Celsius: &celsius}
	r.Levels = fleet.Levels{Mic: -48.123456789, Speaker: -96}
	return r
}

func costOfReports(t *testing.T, gateways int) reportCost {
	s := redistest.Start(t)
	ctx, c := context.Background(), open(t, s.URL)
	info := func(section, field string) float64 {
		t.Helper()
		m := regexp.MustCompile(`(?m)^` + field + `[:=]([0-9.]+)`).FindStringSubmatch(s.Do("INFO", section).(string))
		if m == nil {
			t.Fatalf("INFO %s has no %s", section, field)
		}
		v, _ := strconv.ParseFloat(m[1], 64)
		return v
	}
	spent := func() float64 {
		return 1e6 * (info("cpu", "used_cpu_user_main_thread") + info("cpu", "used_cpu_sys_main_thread"))
	}
	beat := func() {
		for i := range gateways {
			if err := c.PutReport(ctx, fullReport(fmt.Sprintf("gateway-%04d", i)), time.Minute); err != nil {
				t.Fatal(err)
			}
		}
	}
	empty := info("memory", "used_memory_dataset")
	beat()
	var k reportCost
	k.memory = (info("memory", "used_memory_dataset") - empty) / float64(gateways)
	rounds := max(2, 3000/gateways)
	commands, wire, cpu := info("stats", "total_commands_processed"), info("stats", "total_net_input_bytes"), spent()
	for range rounds {
		beat()
	}
	n := float64(rounds * gateways)
	k.commands, k.wire, k.micros = (info("stats", "total_commands_processed")-commands)/n, (info("stats", "total_net_input_bytes")-wire)/n, (spent()-cpu)/n
	cpu = spent()
	for range rounds {
		if _, err := c.Reports(ctx); err != nil {
			t.Fatal(err)
		}
	}
	k.listed = (spent() - cpu) / n
	return k
}

// TestHeartbeatCostIsFlat: what a gateway costs does not depend on how many there
// are. Counts are judged, times only told.
func TestHeartbeatCostIsFlat(t *testing.T) {
	few := costOfReports(t, 10)
	t.Logf("%5s  %8s  %8s  %6s  %10s  %10s", "", "commands", "bytes in", "memory", "µs a beat", "µs to list")
	for _, n := range []int{10, 100, 1000} {
		k := costOfReports(t, n)
		t.Logf("%5d  %8.2f  %8.0f  %6.0f  %10.1f  %10.2f", n, k.commands, k.wire, k.memory, k.micros, k.listed)
		if k.commands > few.commands*1.1+0.5 || k.wire > few.wire*1.1+50 {
			t.Errorf("%d gateways: %.2f commands and %.0f bytes a heartbeat; 10: %.2f and %.0f", n, k.commands, k.wire, few.commands, few.wire)
		}
		if n > 10 && k.memory > 4096 {
			t.Errorf("%d gateways: %.0f bytes of memory each", n, k.memory)
		}
	}
}
