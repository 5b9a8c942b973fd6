package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/talkgate/talkgate/gateway/clock"
	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/flight"
	"github.com/talkgate/talkgate/gateway/options"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/gateway/status"
	"github.com/talkgate/talkgate/state/redis"
)

// CheckFiles opens every file and directory that Run opens, except those of hardware
// and links, and changes none. Each finding that is not OK names its key.
func CheckFiles(cfg config.Config) []status.Finding {
	return []status.Finding{
		finding("sounds and codes", checkSounds(cfg), "correct what the error names"),
		finding("recorder", checkRecorder(cfg.Recorder), "make room there, let the user of the service write there (chown talkgate), or name another"),
		finding("fleet", checkFleet(cfg.Fleet), "name a directory that the user of the service can write to"),
	}
}

// CheckAddress reports whether the status page can be served. While the port runs it
// cannot: the port has the address.
func CheckAddress(address string) status.Finding {
	if address == "" {
		return status.Finding{Check: "status page", OK: true, Found: "none"}
	}
	l, err := net.Listen("tcp", address)
	if err == nil {
		err = l.Close()
	}
	f := finding("status page", err, "choose another status.listen, or stop what has it; if the port runs, stop it first")
	if f.OK {
		f.Found = address + " is free"
	}
	return f
}

// CheckPort makes the port of cfg on a board, and starts nothing.
func CheckPort(cfg config.Config, board Board, links Links, state *redis.Client) error {
	log := slog.New(slog.DiscardHandler)
	d := &runner{cfg: cfg, links: links, state: state, log: log, reloader: &reloader{cfg: cfg}}
	opt, err := d.portOptions(board, clock.New(log), cfg.Channel)
	if err != nil {
		return err
	}
	_, err = port.New(opt)
	return err
}

// FindingsError is what is not OK; nil if all is. It is a config.Mistake.
func FindingsError(findings []status.Finding) error {
	var errs []error
	for _, f := range findings {
		if !f.OK {
			errs = append(errs, fmt.Errorf("%s: %s", f.Check, f.Found))
		}
	}
	if errs == nil {
		return nil
	}
	return config.Mistake{Err: errors.Join(errs...)}
}

func finding(check string, err error, do string) status.Finding {
	if err != nil {
		return status.Finding{Check: check, Found: strings.ReplaceAll(err.Error(), "\n", "; "), Do: do}
	}
	return status.Finding{Check: check, OK: true, Found: "as they have to be"}
}

func checkSounds(cfg config.Config) error {
	_, err := options.Port(cfg)
	errs := []error{err}
	for i, id := range cfg.Selector.List() {
		_, err := options.Sound(cfg, id, i+1)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func checkRecorder(cfg config.Recorder) error {
	if cfg.Size == 0 {
		return nil
	}
	var errs []error
	// Directories that the service's unit makes are not there before it runs.
	memory := string(cfg.Memory)
	if _, err := os.Stat(filepath.Dir(memory)); !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(memory, "/run/talkgate/") {
		if err := flight.CheckMemory(memory, cfg.Size<<20); err != nil {
			errs = append(errs, fmt.Errorf("recorder.memory: %w", err))
		}
	}
	if cfg.Directory != "" {
		if err := (flight.Store{Directory: string(cfg.Directory)}).Check(cfg.Size << 20); err != nil {
			errs = append(errs, fmt.Errorf("recorder.directory: %w", err))
		}
	}
	return errors.Join(errs...)
}

func checkFleet(cfg config.Fleet) error {
	if strings.TrimSpace(cfg.PublicKey) == "" {
		return nil
	}
	dir, err := stateDirectory(cfg)
	if err != nil {
		return err
	}
	if err := (flight.Store{Directory: dir}).Check(0); err != nil {
		return fmt.Errorf("fleet.state: %w", err)
	}
	return nil
}
