//go:build !(amd64 || arm64 || oto)

package sound

import "errors"

// openOto fails. See otoplayback.go for where oto is.
func openOto(Config) (Playback, error) {
	return nil, errors.New("this talkgate has no oto: set hardware.sound.player to alsa, or build it with -tags oto (docs/sound.md)")
}
