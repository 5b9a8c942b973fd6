//go:build hil

package hil

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// Loopback is the ID of the card whose device 1 hears what its device 0 plays,
// and the other way round.
const Loopback = "Loopback"

// aloop is its driver.
const aloop = "/sys/bus/platform/drivers/snd_aloop"

// UnplugCard makes the card Loopback vanish. The kernel waits until nobody has
// it open any more; so does the channel it returns.
func UnplugCard(t testing.TB) <-chan error { return bind(t, "unbind") }

// PlugCard makes it appear again, and waits until it has.
func PlugCard(t testing.TB) {
	t.Helper()
	if err := <-bind(t, "bind"); err != nil {
		t.Fatal(err)
	}
}

func bind(t testing.TB, how string) <-chan error {
	t.Helper()
	done := make(chan error, 1)
	// In a process of its own: who has the card open could not end meanwhile.
	write := exec.Command("sh", "-c", "echo snd_aloop.0 >"+filepath.Join(aloop, how))
	go func() { done <- write.Run() }()
	return done
}
