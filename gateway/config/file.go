package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// File names a file: a path, "credential:NAME" for one that systemd hands over
// (LoadCredential=, systemd.exec(5)), or "runtime:NAME" and "state:NAME" for one in the
// directories that talkgate@.service makes for the port of a configuration:
// /run/talkgate/PORT and /var/lib/talkgate/PORT, for PORT.yaml.
type File string

// maxSecret is more than any password or token needs, in bytes.
const maxSecret = 64 << 10

// resolve makes the name, which the configuration at path gives, a path that can be
// opened from anywhere; ok is false for a name that is none. credentials is
// $CREDENTIALS_DIRECTORY; without one, as at a technician's shell, a credential is the
// file that the service's unit passes on.
func (f File) resolve(path, credentials string) (File, bool) {
	for prefix, dir := range map[string]string{"runtime:": "/run/talkgate", "state:": "/var/lib/talkgate"} {
		if name, ok := strings.CutPrefix(string(f), prefix); ok {
			return File(filepath.Join(dir, instance(path), name)), name != "" && filepath.IsLocal(name)
		}
	}
	name, isCredential := strings.CutPrefix(string(f), "credential:")
	switch {
	case f == "":
		return f, true
	case isCredential && (name == "" || name != filepath.Base(name)):
		return f, false
	case isCredential && credentials != "":
		return File(filepath.Join(credentials, name)), true
	case isCredential:
		return File(filepath.Join(filepath.Dir(path), unitFile(path, name))), true
	case filepath.IsAbs(name):
		return f, true
	default:
		return File(filepath.Join(filepath.Dir(path), name)), true
	}
}

// unitFile is the file, beside the configuration at path, that the units of
// systemd/*.service load a credential from: NAME.token for the token of the port
// NAME.yaml, and redis.password for redis-password.
func unitFile(path, credential string) string {
	if credential == "token" {
		return instance(path) + ".token"
	}
	return strings.Replace(credential, "-", ".", 1)
}

// instance is the name of the unit talkgate@NAME whose configuration is at path.
func instance(path string) string { return strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)) }

// ReadSecret is the content of a file that holds a secret, without a byte order mark
// and the line ends before and after it. A file that every user may read is refused.
// Errors name neither the content nor the path, which may be a secret put in the wrong
// place: the caller says which key named it.
func ReadSecret(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", withoutPath(err)
	}
	if mode := info.Mode(); !mode.IsRegular() || mode.Perm()&0o004 != 0 {
		return "", fmt.Errorf("secret file: expected a file that only its owner and the service's group can read (chmod 640; chgrp talkgate), found mode %v", mode)
	}
	if info.Size() > maxSecret {
		return "", fmt.Errorf("secret file: expected at most %d bytes, found %d", maxSecret, info.Size())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", withoutPath(err)
	}
	secret := strings.Trim(strings.TrimPrefix(string(text), "\uFEFF"), "\r\n")
	if secret == "" {
		return "", errors.New("secret file: expected one line, found nothing")
	}
	return secret, nil
}

func withoutPath(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("secret file: this user may not read it (chmod 640; chgrp to the group of the service, talkgate): %w", fs.ErrPermission)
	}
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	}
	return fmt.Errorf("secret file: %w", err)
}
