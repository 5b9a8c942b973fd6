package doctor

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/enroll"
	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/gateway/options"
	"github.com/talkgate/talkgate/gateway/status"
	"github.com/talkgate/talkgate/state/redis"
)

// talkChannels are those that the port may be asked to talk on: its own, and those that
// its selector chooses from.
func (d checker) talkChannels() []string {
	all := []string{d.cfg.Channel}
	for _, id := range d.cfg.Selector.List() {
		if !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	return all
}

// token looks at who it is for, and whether it names all channels that the port talks
// on or hears.
func (d checker) token(context.Context) (found, do string) {
	var file config.File
	switch l := d.cfg.Link; {
	case l.Hub != nil && l.Hub.DeviceKeyFile != "":
		return deviceKey(l.Hub.DeviceKeyFile)
	case l.Hub != nil:
		file = l.Hub.TokenFile
	case l.LiveKit != nil:
		return "one is made or fetched for each channel", ""
	case l.VoicePing.ControlPlane != "":
		return "link.control_plane makes it", ""
	default:
		file = l.VoicePing.TokenFile
	}
	text, err := options.PortToken(file, d.cfg)
	if err != nil {
		return err.Error(), "put the token that the control plane made for this port into that file"
	}
	// Whether the signature is good is for the server to say.
	c, err := auth.ReadClaims(text)
	if err != nil {
		return "link.token_file: " + err.Error(), status.NewToken
	}
	found = fmt.Sprintf("for %s on %s", c.UserID, strings.Join(c.ChannelIDs, ", "))
	if c.ExpiresAt == nil || !c.ExpiresAt.After(time.Now()) {
		return found + ", expired", status.NewToken
	}
	if not := slices.DeleteFunc(d.talkChannels(), c.MayJoin); len(not) > 0 {
		return fmt.Sprintf("%s; selector.channels has %s, too, where the port could neither talk nor listen", found, strings.Join(not, ", ")),
			"have the control plane make one that names " + strings.Join(not, ", ") + ", too"
	}
	if not := slices.DeleteFunc(d.cfg.Link.Monitored(), c.MayJoin); len(not) > 0 {
		return fmt.Sprintf("%s; link.monitor has %s, too, which the port would not hear", found, strings.Join(not, ", ")),
			"have the control plane make one that names " + strings.Join(not, ", ") + ", too"
	}
	found += ", until " + c.ExpiresAt.UTC().Format(time.RFC3339)
	if warning, remedy := (status.Token{Until: c.ExpiresAt.Time}).Finding(time.Now()); warning != "" {
		return found + "; it " + warning + ": " + remedy, "" // it works today
	}
	return found, ""
}

// deviceKey looks at the key by which the port gets its tokens. Whether the hub still knows
// it, the link shows.
func deviceKey(file config.File) (found, do string) {
	text, err := config.Secret("link.device_key_file", file)
	if err != nil {
		return err.Error(), status.Rejoin
	}
	key, err := enroll.ParseKey([]byte(text))
	if err != nil {
		return "link.device_key_file: " + err.Error(), status.Rejoin
	}
	return "by device key " + enroll.KeyID(key.Public().(ed25519.PublicKey)) + ", renewed by the port itself", ""
}

// rights looks at the talk rights on each channel that the port may be asked to talk on.
// To listen the token is enough.
func (d checker) rights(ctx context.Context) (found, do string) {
	return d.state(ctx, func(ctx context.Context, state *redis.Client) (found, do string) {
		user := d.cfg.Identity.UserID
		r, err := state.ReadRights(ctx, user)
		switch {
		case err != nil:
			return err.Error(), "let Redis be reached"
		case r.Banned:
			return user + " is banned", status.LiftBan(user)
		}
		if not := slices.DeleteFunc(d.talkChannels(), r.MayTalk); len(not) > 0 {
			return fmt.Sprintf("%s may talk on %d channels, not among them: %s", user, len(r.Channels), strings.Join(not, ", ")),
				status.GrantRights(user, not...)
		}
		return fmt.Sprintf("%s may talk on %s", user, strings.Join(d.talkChannels(), ", ")), ""
	})
}
