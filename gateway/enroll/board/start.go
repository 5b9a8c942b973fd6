package board

import (
	"context"
	"fmt"
	"os"
	"os/exec"
)

// packagedConfigs is where the package's service looks for a configuration.
const packagedConfigs = "/etc/talkgate"

// Unit is the port's service.
func (p Place) Unit() string { return "talkgate@" + p.Name }

// Packaged reports whether the package's service runs from there.
func (p Place) Packaged() bool { return p.ConfigDir == packagedConfigs }

// StartCommand is what starts the port's service.
func (p Place) StartCommand() []string {
	return []string{"systemctl", "enable", "--now", "--no-block", p.Unit()}
}

// Start enables and starts the port's service. It does nothing, and says so, where there is
// no service manager, or none that root talks to.
func (p Place) Start(ctx context.Context) (started bool, err error) {
	if _, err := os.Stat("/run/systemd/system"); err != nil || os.Geteuid() != 0 || !p.Packaged() {
		return false, nil //nolint:nilerr // no service manager is no fault
	}
	c := p.StartCommand()
	if out, err := exec.CommandContext(ctx, c[0], c[1:]...).CombinedOutput(); err != nil {
		return false, fmt.Errorf("this board has joined, but its service does not start: %w: %s", err, out)
	}
	return true, nil
}
