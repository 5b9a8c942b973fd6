package metrics

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// addProcess adds what dashboards ask of any process, under the names that
// Prometheus's clients gave it.
func (r *Registry) addProcess() {
	r.Gauge("go_info", "1, with the version of Go.", Labels{"version": runtime.Version()}, func() float64 { return 1 })
	for _, m := range []struct{ name, help, of string }{
		{"go_goroutines", "Goroutines that exist.", "/sched/goroutines:goroutines"},
		{"go_memstats_heap_alloc_bytes", "Memory of live objects, and of those not yet collected.", "/memory/classes/heap/objects:bytes"},
		{"go_memstats_stack_inuse_bytes", "Memory of stacks.", "/memory/classes/heap/stacks:bytes"},
		{"go_memstats_sys_bytes", "Memory that Go's runtime has from the system.", "/memory/classes/total:bytes"},
	} {
		r.Gauge(m.name, m.help, nil, func() float64 { return runtimeMetric(m.of) })
	}
	r.Counter("go_gc_cycles_total", "Garbage collections.", nil, func() float64 { return runtimeMetric("/gc/cycles/total:gc-cycles") })
	r.Counter("process_cpu_seconds_total", "Processor time, of the user and of the system.", nil, cpuSeconds)
	r.Gauge("process_resident_memory_bytes", "Memory that is resident (RSS).", nil, residentBytes)
	r.Gauge("process_open_fds", "Files and sockets that are open.", nil, openFiles)
	if started, err := startTime(); err == nil {
		r.Gauge("process_start_time_seconds", "When the process started, in seconds since 1970.", nil, func() float64 { return started })
	}
}

func runtimeMetric(name string) float64 {
	one := []metrics.Sample{{Name: name}}
	metrics.Read(one)
	if one[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return float64(one[0].Value.Uint64())
}

func cpuSeconds() float64 {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}

func residentBytes() float64 {
	text, err := os.ReadFile("/proc/self/statm")
	fields := bytes.Fields(text)
	if err != nil || len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.Atoi(string(fields[1])) // the kernel's
	return float64(pages * os.Getpagesize())
}

func openFiles() float64 {
	all, _ := os.ReadDir("/proc/self/fd")
	return float64(len(all))
}

// userHz is in what the kernel counts time for processes, on every architecture.
const userHz = 100

// startTime is field 22 of proc_pid_stat(5), counted from the time of boot.
func startTime() (float64, error) {
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return 0, err
	}
	kernel, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	_, boot, _ := strings.Cut(string(kernel), "\nbtime ")
	boot, _, _ = strings.Cut(boot, "\n")
	// The second field is a name in parentheses, and may have spaces.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 20 {
		return 0, fmt.Errorf("/proc/self/stat: expected 22 fields, found %d", len(fields)+2)
	}
	ticks, err := strconv.ParseFloat(fields[19], 64)
	if err != nil {
		return 0, err
	}
	seconds, err := strconv.ParseFloat(boot, 64)
	return seconds + ticks/userHz, err
}
