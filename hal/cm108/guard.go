package cm108

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// guard is a process that writes a report when this process is gone, however it
// went: the end of a pipe tells it. It outlives what ends this process by its
// terminal or politely.
type guard struct {
	pid      int
	lifeline *os.File
	ended    chan struct{}
}

// guarding waits for the end of standard input and writes the report, which is
// put in its place, to the device. A service manager's watchdog sends SIGABRT to all
// processes of a service.
const guarding = `trap '' HUP INT QUIT TERM ABRT; echo ready; read -r _; printf '%s' >&3`

func startGuard(device *os.File, report []byte) (*guard, error) {
	var octal strings.Builder
	for _, b := range report {
		fmt.Fprintf(&octal, `\%03o`, b)
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	c := exec.Command("/bin/sh", "-c", fmt.Sprintf(guarding, octal.String()))
	c.Stdin, c.ExtraFiles, c.Dir = r, []*os.File{device}, "/"
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	ready, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err == nil {
		_, err = ready.Read(make([]byte, 1))
	}
	if err != nil {
		w.Close()
		return nil, fmt.Errorf("a process that lets it go when this one dies: %w", err)
	}
	g := &guard{pid: c.Process.Pid, lifeline: w, ended: make(chan struct{})}
	go func() {
		_ = c.Wait() // that it ended is what matters
		close(g.ended)
	}()
	return g, nil
}

func (g *guard) alive() bool {
	select {
	case <-g.ended:
		return false
	default:
		return true
	}
}

// dismiss ends the guard, which writes its report a last time.
func (g *guard) dismiss() {
	g.lifeline.Close()
	<-g.ended
}
