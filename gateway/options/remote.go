package options

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/media/detect"
)

// remoteOf is what obeys DTMF; nil where nothing does. The error names no code.
func remoteOf(cfg config.DTMF) (*detect.Remote, error) {
	if !cfg.Enabled {
		return nil, nil
	}
	if cfg.Access == "" {
		return nil, errors.New("talk.dtmf.access_file: expected a file of codes, found none")
	}
	text, err := config.ReadSecret(string(cfg.Access))
	if err != nil {
		return nil, fmt.Errorf("talk.dtmf.access_file: %w", err)
	}
	code := regexp.MustCompile(`^[0-9A-D]{4,12}$`)
	var codes []string
	for i, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if !code.MatchString(line) {
			return nil, fmt.Errorf("talk.dtmf.access_file: line %d: expected 4 to 12 figures, found something else", i+1)
		}
		codes = append(codes, line)
	}
	return detect.NewRemote(codes), nil
}
