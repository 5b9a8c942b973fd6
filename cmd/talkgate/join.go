package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/cmd/talkgate/drivers"
	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/enroll"
	"github.com/talkgate/talkgate/gateway/enroll/board"
	"github.com/talkgate/talkgate/gateway/setup"
)

const (
	// findTime is how long a hub is looked for, settleTime for how long another after the
	// first.
	findTime, settleTime = 10 * time.Second, time.Second
	// joinTime bounds a join, approval included.
	joinTime = 30 * time.Minute
)

// joinFlags are what 'talkgate join' is told.
type joinFlags struct {
	hub, name           string
	configDir, stateDir string
	noStart             bool
	wiring              []*answer // of 'talkgate init', as far as they are about hardware
}

func newJoinCommand() *cobra.Command {
	flags := joinFlags{wiring: slices.DeleteFunc(newAnswers(), func(a *answer) bool {
		return !slices.Contains([]string{"board", "line", "sound", "radio"}, a.flag)
	})}
	c := &cobra.Command{
		Use:   "join CODE",
		Short: "Make this board a port of a site, with a code of its hub",
		Long: `Join a site: 'talkgate invite' on the hub, or its console, gives the code. The hub
is found by itself on the local network, or by --hub. The code proves to each side
that the other is who it should be; no certificate is trusted at first sight.

The board receives identity, channel, talk rights, its Redis user and the hub's
certificate, makes a key of its own for its tokens, writes its configuration and starts
the service. If anything fails, nothing is changed.

What a configuration with the port's name says already of hardware, sound and the rest
is kept. Without one the hardware is what is found on the board, as 'talkgate setup'
proposes it; --board, --line, --sound and --radio say otherwise.`,
		Example: `  talkgate join K7M-2Q9-XDR
  talkgate join K7M-2Q9-XDR --hub https://hub.example:8443
  talkgate join K7M-2Q9-XDR --board pi5 --line GPIO17 --sound wm8960`,
		RunE: func(cmd *cobra.Command, args []string) error { return runJoin(cmd, args[0], &flags) },
	}
	f := c.Flags()
	f.StringVar(&flags.hub, "hub", "", "URL, name or address of the hub (default: look for it on the local network)")
	f.StringVar(&flags.name, "name", "", "name of the port's configuration and service (default: the user it is invited as)")
	f.StringVar(&flags.configDir, "config-dir", "/etc/talkgate", "directory of configurations")
	f.StringVar(&flags.stateDir, "state-dir", "/var/lib/talkgate", "directory of what services keep")
	f.BoolVar(&flags.noStart, "no-start", false, "do not enable and start the service")
	for _, a := range flags.wiring {
		a.value = "" // what is found
		a.addFlag(c, "", " (default: what is found)")
	}
	return c
}

func runJoin(cmd *cobra.Command, text string, flags *joinFlags) error {
	code, hub, err := enroll.ParseInvitation(text)
	if err != nil {
		return usageError{err}
	}
	if flags.hub != "" {
		if hub, err = enroll.HubURL(flags.hub); err != nil {
			return usageError{fmt.Errorf("--hub: %w", err)}
		}
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), joinTime)
	defer cancel()
	hubs := []string{hub}
	if hub == "" {
		if hubs, err = findHubs(ctx, cmd); err != nil {
			return err
		}
	}
	key, err := enroll.NewKey()
	if err != nil {
		return err
	}
	host, _ := os.Hostname() // without one whoever approves it sees none
	place := board.Place{Name: flags.name, ConfigDir: flags.configDir, StateDir: flags.stateDir}
	if place.Packaged() { // the service runs as a user of its own
		place.User = "talkgate"
	}
	joiner := enroll.Joiner{Code: code, Host: host, Key: key,
		Keep: func(g enroll.Grant) (func() error, func(), error) {
			if err := board.Check(g); err != nil {
				return nil, nil, err
			}
			if place.Name == "" {
				place.Name = g.UserID
			}
			cfg, err := flags.base(place, g)
			if err != nil {
				return nil, nil, err
			}
			place.Configure(&cfg, g)
			return place.Keep(cfg, g, key)
		},
		OnPending: func() {
			fmt.Fprintf(cmd.ErrOrStderr(), "The code is right. Waiting for somebody to approve this board (%s, key %s): 'talkgate approve' on the hub, or its console.\n", host, enroll.KeyID(key.Public().(ed25519.PublicKey)))
		},
	}
	var failed []error
	for _, joiner.Hub = range hubs {
		g, err := joiner.Join(ctx)
		if err == nil {
			fmt.Fprintf(cmd.OutOrStdout(), "This board is %s on %s, by %s. Its configuration is %s.\n", g.UserID, g.Channels[0], g.Hub.URL, place.Config())
			return startPort(ctx, cmd, place, flags.noStart)
		}
		failed = append(failed, err)
		if !errors.Is(err, enroll.ErrBadCode) && !errors.Is(err, enroll.ErrNoHub) {
			break // it was the right hub
		}
	}
	return errors.Join(failed...)
}

// findHubs are the URLs of the hubs on the local network.
func findHubs(ctx context.Context, cmd *cobra.Command) (urls []string, err error) {
	within, cancel := context.WithTimeout(ctx, findTime)
	defer cancel()
	found, err := enroll.Find(within, settleTime)
	if err != nil || len(found) == 0 {
		return nil, errors.Join(errors.New("no hub was found on this network: name it with --hub https://HOST:PORT, as the hub's machine is called or addressed"), err)
	}
	for _, f := range found {
		fmt.Fprintf(cmd.ErrOrStderr(), "Found %s at %s.\n", clean(f.Name), f.URL)
		urls = append(urls, f.URL)
	}
	return urls, nil
}

// base is the configuration that the grant is laid over: the port's own if there is one,
// or one for the hardware that is found, or that the flags name.
func (flags *joinFlags) base(place board.Place, g enroll.Grant) (config.Config, error) {
	text, err := os.ReadFile(place.Config())
	switch {
	case err == nil:
		local, err := config.ParseLocal(place.Config(), text)
		return local.Config, err
	case !errors.Is(err, fs.ErrNotExist):
		return config.Config{}, err
	}
	c := config.Default()
	a := wiring(flags.wiring)
	a.User, a.Name, a.Channel = g.UserID, g.UserName, g.Channels[0]
	return c, setup.WireFound(setup.Local{}, drivers.Survey{}, a, &c)
}

// startPort starts a port's service, or says how.
func startPort(ctx context.Context, cmd *cobra.Command, place board.Place, not bool) (err error) {
	words, started := "Start it: "+strings.Join(place.StartCommand(), " "), false
	if !not {
		started, err = place.Start(ctx)
	}
	if started {
		words = fmt.Sprintf("%s is started; 'systemctl status %[1]s' says what it waits for.", place.Unit())
	}
	fmt.Fprintln(cmd.OutOrStdout(), words)
	return err
}
