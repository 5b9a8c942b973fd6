package setup

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/enroll"
	files "github.com/talkgate/talkgate/gateway/enroll/board"
)

const (
	// findTime is how long a hub is looked for, settleTime for how long another after the
	// first.
	findTime, settleTime = 10 * time.Second, time.Second
	// joinTime bounds a join, approval included.
	joinTime = 30 * time.Minute
)

// JoinOptions is what a board joins a site with.
type JoinOptions struct {
	// Invitation is the code that the hub gave, or the URI with it.
	Invitation string
	// Hub is the URL, name or address of the hub; empty is that of the invitation, or the
	// hubs that are found on the local network.
	Hub string
	// Place is where the board keeps what it gets. An empty name is the user that it is
	// invited as.
	Place files.Place
	// Answers say what hardware the port has, where it has no configuration yet.
	Answers  Answers
	Hardware Hardware
	// NoStart leaves the port's service as it is.
	NoStart bool
	// Tell receives what happens.
	Tell func(Event)
}

// ErrInvitation says that an invitation or the name of a hub cannot be read.
var ErrInvitation = errors.New("nothing was changed")

// Join makes this machine a port of a site that is there. After an error nothing is
// changed, unless the error says that the board has joined.
func Join(ctx context.Context, opt JoinOptions) error {
	code, hub, err := enroll.ParseInvitation(opt.Invitation)
	if err == nil && opt.Hub != "" {
		hub, err = enroll.HubURL(opt.Hub)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInvitation, err)
	}
	ctx, cancel := context.WithTimeout(ctx, joinTime)
	defer cancel()
	hubs := []string{hub}
	if hub == "" {
		if hubs, err = opt.findHubs(ctx); err != nil {
			return err
		}
	}
	key, err := enroll.NewKey()
	if err != nil {
		return err
	}
	host, _ := os.Hostname() // without one whoever approves it sees none
	place := opt.Place
	if place.Packaged() { // the service runs as a user of its own
		place.User = "talkgate"
	}
	joiner := enroll.Joiner{Code: code, Host: host, Key: key,
		Keep: func(g enroll.Grant) (func() error, func(), error) {
			if err := files.Check(g); err != nil {
				return nil, nil, err
			}
			if place.Name == "" {
				place.Name = g.UserID
			}
			cfg, err := opt.base(place, g)
			if err != nil {
				return nil, nil, err
			}
			place.Configure(&cfg, g)
			return place.Keep(cfg, g, key)
		},
		OnPending: func() {
			opt.Tell(Event{Kind: "note", Text: fmt.Sprintf("The code is right. Waiting for somebody to approve this board (%s, key %s): 'talkgate approve' on the hub, or its console.",
				host, enroll.KeyID(key.Public().(ed25519.PublicKey)))})
		},
	}
	var failed []error
	for _, joiner.Hub = range hubs {
		g, err := joiner.Join(ctx)
		if err == nil {
			opt.Tell(Event{Kind: "done", Text: fmt.Sprintf("This board is %s on %s, by %s. Its configuration is %s.", g.UserID, g.Channels[0], g.Hub.URL, place.Config())})
			return opt.start(ctx, place)
		}
		failed = append(failed, err)
		if !errors.Is(err, enroll.ErrBadCode) && !errors.Is(err, enroll.ErrNoHub) {
			break // it was the right hub
		}
	}
	return errors.Join(failed...)
}

// findHubs are the URLs of the hubs on the local network.
func (opt JoinOptions) findHubs(ctx context.Context) (urls []string, err error) {
	within, cancel := context.WithTimeout(ctx, findTime)
	defer cancel()
	found, err := enroll.Find(within, settleTime)
	if err != nil || len(found) == 0 {
		return nil, errors.Join(errors.New("no hub was found on this network: name it with --hub https://HOST:PORT, as the hub's machine is called or addressed"), err)
	}
	for _, f := range found {
		name := strings.Map(func(r rune) rune {
			if !unicode.IsPrint(r) {
				return -1
			}
			return r
		}, f.Name)
		opt.Tell(Event{Kind: "note", Text: fmt.Sprintf("Found %s at %s.", name, f.URL)})
		urls = append(urls, f.URL)
	}
	return urls, nil
}

// base is the configuration that the grant is laid over: the port's own if there is one,
// or one for the hardware that is found, or that the answers name.
func (opt JoinOptions) base(place files.Place, g enroll.Grant) (config.Config, error) {
	text, err := os.ReadFile(place.Config())
	switch {
	case err == nil:
		local, err := config.ParseLocal(place.Config(), text)
		return local.Config, err
	case !errors.Is(err, fs.ErrNotExist):
		return config.Config{}, err
	}
	c := config.Default()
	a := opt.Answers
	a.User, a.Name, a.Channel = g.UserID, g.UserName, g.Channels[0]
	return c, WireFound(Local{}, opt.Hardware, a, &c)
}

// start starts the port's service, or says how.
func (opt JoinOptions) start(ctx context.Context, place files.Place) (err error) {
	words, started := "Start it: "+strings.Join(place.StartCommand(), " "), false
	if !opt.NoStart {
		started, err = place.Start(ctx)
	}
	if started {
		words = fmt.Sprintf("%s is started; 'systemctl status %[1]s' says what it waits for.", place.Unit())
	}
	opt.Tell(Event{Kind: "done", Text: words})
	return err
}
