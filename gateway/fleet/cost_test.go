package fleet

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/talkgate/talkgate/state/redis/redistest"
)

// cost is what a fleet of a size costs.
type cost struct {
	gateways     int
	applied      []time.Duration // from the operator's apply to each gateway's
	memory, keys float64         // KiB of Redis a gateway: all of it, connections and scripts too, and the fleet's keys
	idle         float64         // µs of Redis's processor a gateway and second, for being there
	heartbeat    float64         // µs of Redis's processor a report
	apply        float64         // µs of Redis's processor a gateway, for an apply
	own          float64         // ms of a gateway's own processor for it
}

// TestCostOfAFleet measures fleets of 10, 100 and as many gateways as asked for.
// What one of them costs must not grow with how many there are.
func TestCostOfAFleet(t *testing.T) {
	sizes := []int{10, *gateways}
	if *gateways > 100 {
		sizes = []int{10, 100, *gateways}
	}
	var costs []cost
	for _, n := range sizes {
		t.Run(strconv.Itoa(n), func(t *testing.T) { costs = append(costs, measure(t, n)) })
	}
	t.Log("| gateways | apply to all applied, p50 / p99 | memory of Redis a gateway, all / keys | Redis's processor: being there, a second | a heartbeat | an apply | the gateway's own for an apply |")
	for _, c := range costs {
		t.Logf("| %d | %v / %v | %.1f / %.1f KiB | %.0f µs (%.2f) | %.0f µs (%.2f) | %.0f µs (%.2f) | %.1f ms |", c.gateways, quantile(c.applied, 0.5), quantile(c.applied, 0.99),
			c.memory, c.keys, c.idle, c.idle/costs[0].idle, c.heartbeat, c.heartbeat/costs[0].heartbeat, c.apply, c.apply/costs[0].apply, c.own)
	}
	last := costs[len(costs)-1]
	for what, ratio := range map[string]float64{
		"a heartbeat's processor time": last.heartbeat / costs[0].heartbeat,
		"an apply's, a gateway,":       last.apply / costs[0].apply,
		"memory":                       last.memory / costs[0].memory,
	} {
		if ratio > 2 {
			t.Errorf("%s with %d gateways is %.2f of that with %d", what, last.gateways, ratio, costs[0].gateways)
		}
	}
}

func measure(t *testing.T, n int) cost {
	server := redistest.Start(t)
	c := cost{gateways: n}
	empty := info(server, "used_memory")
	var f *simFleet
	t.Run("connected", func(t *testing.T) {
		f = newSimFleet(t, server, server.URL, n, time.Second)
		f.heartbeats(1)
		c.memory = (info(server, "used_memory") - empty) / 1024 / float64(n)
		c.keys = fleetKeys(server) / 1024 / float64(n)
		used, _, took := spent(server, func() { time.Sleep(3 * time.Second) })
		c.idle = used / float64(n) / took.Seconds()
		rounds := max(2, 2000/n)
		used, _, took = spent(server, func() { f.heartbeats(rounds) })
		c.heartbeat = used/float64(rounds*n) - c.idle*took.Seconds()/float64(rounds)
		applies := max(3, 300/n)
		used, own, took := spent(server, func() {
			for i := range applies {
				l := []string{"warn", "info"}[i%2]
				c.applied = append(c.applied, f.applied(l, base(l))...)
			}
		})
		c.apply = used/float64(applies*n) - c.idle*took.Seconds()/float64(applies)
		c.own = own / 1000 / float64(applies*n)
	})
	slices.Sort(c.applied)
	return c
}

// heartbeats lets every gateway report so often.
func (f *simFleet) heartbeats(rounds int) {
	f.Helper()
	queue := make(chan *simGateway)
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for g := range queue {
				if err := g.report(context.Background()); err != nil {
					f.Error(err)
				}
			}
		})
	}
	for range rounds {
		for _, g := range f.all {
			queue <- g
		}
	}
	close(queue)
	workers.Wait()
}

// spent is the processor time in µs that a server and this process take while
// something is done, and how long that is.
func spent(s *redistest.Server, do func()) (server, own float64, took time.Duration) {
	began, before, ownBefore := time.Now(), cpu(s), ownCPU()
	do()
	return cpu(s) - before, ownCPU() - ownBefore, time.Since(began)
}

// ownCPU is this process's, in µs.
func ownCPU() float64 {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r) // of oneself it does not fail
	return float64(time.Duration(r.Utime.Nano()+r.Stime.Nano()) / time.Microsecond)
}

// cpu is the processor time of a server in µs.
func cpu(s *redistest.Server) float64 {
	return 1e6 * (info(s, "used_cpu_user") + info(s, "used_cpu_sys"))
}

// fleetKeys is the memory of all of a fleet's keys, in bytes.
func fleetKeys(s *redistest.Server) float64 {
	sum := s.Do("EVAL", "local sum = 0; for _, k in ipairs(redis.call('KEYS', 'talkgate:fleet:*')) do sum = sum + redis.call('MEMORY', 'USAGE', k) end; return sum", 0)
	return float64(sum.(int64))
}

func info(s *redistest.Server, field string) float64 {
	text := fmt.Sprint(s.Do("INFO"))
	_, rest, _ := strings.Cut(text, "\n"+field+":")
	value, _, _ := strings.Cut(rest, "\r")
	v, _ := strconv.ParseFloat(value, 64)
	return v
}
