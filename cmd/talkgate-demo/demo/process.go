package demo

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"time"
)

// clockTick is the unit of time in /proc/self/stat (USER_HZ, proc(5)).
const clockTick = 10 * time.Millisecond

// running is for how long this process has existed, to a hundredth of a second;
// it is false where the system does not tell.
func running() (time.Duration, bool) {
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return 0, false
	}
	up, err := os.ReadFile("/proc/uptime")
	if err != nil {
		return 0, false
	}
	return runningFor(stat, up)
}

func runningFor(stat, up []byte) (time.Duration, bool) {
	// The name in parentheses may hold blanks; the start time is the 20th
	// field after it.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 20 {
		return 0, false
	}
	var ticks int64
	var uptime float64
	if _, err := fmt.Sscan(string(fields[19]), &ticks); err != nil {
		return 0, false
	}
	if _, err := fmt.Sscan(string(up), &uptime); err != nil {
		return 0, false
	}
	return time.Duration(uptime*float64(time.Second)) - time.Duration(ticks)*clockTick, true
}

// resident is how much memory of this process is in RAM, in MiB, or what Go has
// asked the system for where that is not told.
func resident() float64 {
	const mib = 1 << 20
	var size, pages int
	if statm, err := os.ReadFile("/proc/self/statm"); err == nil {
		if _, err := fmt.Sscan(string(statm), &size, &pages); err == nil {
			return float64(pages*os.Getpagesize()) / mib
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.Sys) / mib
}
