// Package board keeps on a board what it was granted when it joined: its configuration
// and the secrets that this names. Everything is on disk under other names before the hub
// enrolls the board, so that a full disk or a power cut leaves nothing half done.
package board

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"

	"github.com/google/renameio/v2"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/enroll"
)

// Place is where a port's files are.
type Place struct {
	// Name is that of the port's configuration and service.
	Name string
	// ConfigDir has NAME.yaml and the secrets beside it, StateDir has a directory for each
	// port.
	ConfigDir, StateDir string
	// User is whom the service runs as; empty leaves the files to who writes them.
	User string
}

// Config is the port's configuration.
func (p Place) Config() string { return filepath.Join(p.ConfigDir, p.Name+".yaml") }

// Key is the board's own key.
func (p Place) Key() string { return filepath.Join(p.StateDir, p.Name, "device.key") }

func (p Place) beside(suffix string) string { return p.Name + suffix }

// Names of the files beside the configuration.
const (
	passwordSuffix, hubSuffix, redisSuffix = ".redis-password", ".hub.pem", ".redis.pem"
)

// Configure says in c what a grant does. The rest of c stays.
func (p Place) Configure(c *config.Config, g enroll.Grant) {
	c.Version, c.Channel = config.Version, g.Channels[0]
	c.Identity = config.Identity{UserID: g.UserID, UserName: g.UserName, Role: g.Role}
	c.Redis = config.Redis{URL: config.URL(g.Redis.URL), Username: g.Redis.Username, PasswordFile: config.File(p.beside(passwordSuffix))}
	if g.Redis.CA != "" {
		c.Redis.CAFile = config.File(p.beside(redisSuffix))
	}
	c.Link.Kind = "hub"
	if c.Link.Hub == nil {
		c.Link.Hub = &config.HubLink{}
	}
	c.Link.VoicePing, c.Link.LiveKit = nil, nil
	h := c.Link.Hub
	h.URL, h.DeviceKeyFile, h.TokenFile, h.FallbackURLs, h.Fingerprint, h.CAFile = config.URL(g.Hub.URL), config.File(p.Key()), "", "", "", ""
	if g.Hub.CA != "" {
		h.CAFile = config.File(p.beside(hubSuffix))
	}
	c.Fleet.PublicKey = g.FleetKey
}

// Check says what is wrong with a grant, which a hub of another version may have made.
func Check(g enroll.Grant) error {
	if len(g.Channels) == 0 || g.UserID == "" || g.Redis.URL == "" || g.Hub.URL == "" || g.Redis.Password == "" {
		return errors.New("the hub's grant is not whole: is the hub of this version?")
	}
	return nil
}

// file is one file that is kept.
type file struct {
	path  string
	text  string
	mode  fs.FileMode
	owned bool // by the service's user, not only readable to its group
}

// Keep writes a port's files under other names. place gives them theirs, the configuration
// last: a service that has none does not start. discard removes what was written.
func (p Place) Keep(c config.Config, g enroll.Grant, key ed25519.PrivateKey) (place func() error, discard func(), err error) {
	text, err := config.Commented(c)
	if err != nil {
		return nil, nil, err
	}
	if _, err := config.Parse(p.Config(), []byte(text)); err != nil {
		return nil, nil, fmt.Errorf("what the hub granted makes no configuration: %w", err)
	}
	secret, err := enroll.MarshalKey(key)
	if err != nil {
		return nil, nil, err
	}
	files := []file{
		{p.Key(), string(secret), 0o600, true},
		{filepath.Join(p.ConfigDir, p.beside(passwordSuffix)), g.Redis.Password + "\n", 0o640, false},
	}
	if g.Hub.CA != "" {
		files = append(files, file{filepath.Join(p.ConfigDir, p.beside(hubSuffix)), g.Hub.CA, 0o644, false})
	}
	if g.Redis.CA != "" {
		files = append(files, file{filepath.Join(p.ConfigDir, p.beside(redisSuffix)), g.Redis.CA, 0o644, false})
	}
	return p.stage(append(files, file{p.Config(), text, 0o640, false}))
}

// stage writes files under other names, and their content to the disk.
func (p Place) stage(files []file) (place func() error, discard func(), err error) {
	var staged []*renameio.PendingFile
	var made []string // directories
	discard = func() {
		for _, f := range staged {
			_ = f.Cleanup() // of one that has its name already it does nothing
		}
		for _, dir := range made {
			_ = os.Remove(dir) // unless something is in it
		}
	}
	for _, f := range files {
		dir := filepath.Dir(f.path)
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			made = append(made, dir)
		}
		err := p.directory(dir, f.owned)
		if err == nil {
			var pending *renameio.PendingFile
			if pending, err = p.write(f); pending != nil {
				staged = append(staged, pending)
			}
		}
		if err != nil {
			discard()
			return nil, nil, err
		}
	}
	return func() error {
		for _, f := range staged {
			if err := f.CloseAtomicallyReplace(); err != nil {
				discard()
				return err
			}
		}
		return nil
	}, discard, nil
}

func (p Place) directory(dir string, owned bool) error {
	mode := fs.FileMode(0o755)
	if owned {
		mode = 0o700
	}
	if err := os.MkdirAll(dir, mode); err != nil || !owned {
		return err
	}
	return p.own(dir, true)
}

func (p Place) write(f file) (*renameio.PendingFile, error) {
	pending, err := renameio.NewPendingFile(f.path, renameio.WithTempDir(filepath.Dir(f.path)), renameio.WithPermissions(f.mode), renameio.IgnoreUmask())
	if err != nil {
		return nil, err
	}
	if _, err = pending.WriteString(f.text); err == nil {
		err = pending.Sync()
	}
	if err == nil && f.mode&0o004 == 0 {
		err = p.own(pending.Name(), f.owned)
	}
	return pending, err
}

// own gives a file to the service's user, or to its group only. Who is not root keeps it.
func (p Place) own(path string, owned bool) error {
	if p.User == "" || os.Geteuid() != 0 {
		return nil
	}
	u, err := user.Lookup(p.User)
	if err != nil {
		return fmt.Errorf("the service's user %s: install the package first: %w", p.User, err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return err
	}
	if !owned {
		uid = 0
	}
	return os.Chown(path, uid, gid)
}
