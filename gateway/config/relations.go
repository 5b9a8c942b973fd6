package config

import (
	"fmt"
	"slices"
	"strings"
)

// relations checks what one key demands of another.
func (d *decoder) relations(c Config) {
	t := c.Talk
	if t.LockTTL < 2*t.Lease {
		d.relation("talk.lock_ttl", "talk.lease", fmt.Sprint("at least twice talk.lease, ", 2*t.Lease), t.LockTTL)
	}
	if t.RequestTimeout > t.Lease {
		d.relation("talk.request_timeout", "talk.lease", fmt.Sprint("at most talk.lease, ", t.Lease), t.RequestTimeout)
	}
	if t.MaxTalk < t.Lease {
		d.relation("talk.max_talk", "talk.lease", fmt.Sprint("at least talk.lease, ", t.Lease), t.MaxTalk)
	}
	if t.Warn >= t.MaxTalk {
		d.relation("talk.warn", "talk.max_talk", fmt.Sprint("less than talk.max_talk, ", t.MaxTalk), t.Warn)
	}
	if t.Budget > t.BudgetWindow {
		d.relation("talk.budget", "talk.budget_window", fmt.Sprint("at most talk.budget_window, ", t.BudgetWindow), t.Budget)
	}
	if v := c.Link.VoicePing; v != nil {
		if t.Queue > 0 {
			d.relation("talk.queue", "link.kind", "0s, as the VoicePing servers know no queue", t.Queue)
		}
		d.voiceping(*v)
	}
	if b := c.Hardware.Board; b != nil && b.Emergency.Wired() && c.Link.Hub == nil {
		d.relation("hardware.emergency.chip", "link.kind", "none, as only a hub carries a voice to all channels of an event", b.Emergency.where())
	}
	if b := c.Hardware.Board; b != nil && b.Emergency.Wired() && c.Identity.Role != "DISPATCH" {
		d.relation("identity.role", "hardware.emergency.chip", "DISPATCH, as there is an emergency button (hardware.emergency)", c.Identity.Role)
	}
	c.Squelch.relations(d, t.RequestTimeout)
	if k := c.Key; k.Min > k.Limit {
		d.relation("key.min", "key.limit", fmt.Sprint("at most key.limit, ", k.Limit), k.Min)
	}
	if b := c.Hardware.Board; b != nil && b.PTTOut.Chip == "" {
		if c.Key.CTCSS != "off" {
			d.relation("key.ctcss", "hardware.ptt_out.chip", "off, as there is no transmitter (hardware.ptt_out)", c.Key.CTCSS)
		}
		if c.Key.DCS != "off" {
			d.relation("key.dcs", "hardware.ptt_out.chip", "off, as there is no transmitter (hardware.ptt_out)", c.Key.DCS)
		}
		if c.Key.PreEmphasis {
			d.relation("key.pre_emphasis", "hardware.ptt_out.chip", "false, as there is no transmitter (hardware.ptt_out)", "true")
		}
	}
	if b := c.Hardware.Board; c.Key.Interlock != "off" && b != nil && !b.COR.Wired() && !t.heard() {
		d.relation("key.interlock", "hardware.cor.chip", "off, as no squelch is wired (hardware.cor)", c.Key.Interlock)
	}
	if c.Audio.DTX && c.Link.Hub == nil {
		d.relation("audio.dtx", "link.kind", "false, as only a hub is known to take a pause for no loss", c.Audio.DTX)
	}
	if l := c.Link.LiveKit; l != nil {
		d.livekit(*l)
	}
	d.selector(c)
	if c.Selector.Kind == "none" && slices.Contains(c.Link.Monitored(), c.Channel) {
		d.relation("link.monitor", "channel", "other channels than the port's own", c.Channel)
	}
	if t.VOX.Enabled && t.CTCSS != "off" {
		d.relation("talk.ctcss", "talk.vox.enabled", "off, as talk.vox is enabled", t.CTCSS)
	}
	if t.VOX.Enabled && t.DCS != "off" {
		d.relation("talk.dcs", "talk.vox.enabled", "off, as talk.vox is enabled", t.DCS)
	}
	if t.CTCSS != "off" && t.DCS != "off" {
		d.relation("talk.dcs", "talk.ctcss", "off, as there is talk.ctcss", t.DCS)
	}
	if c.Key.CTCSS != "off" && c.Key.DCS != "off" {
		d.relation("key.dcs", "key.ctcss", "off, as there is key.ctcss", c.Key.DCS)
	}
	if t.VOX.Enabled && c.Squelch.Tail > 0 {
		d.relation("squelch.tail", "talk.vox.enabled", "0s, as there is no squelch that closes with a noise: talk.vox ends talk.vox.hang after the last sound", c.Squelch.Tail)
	}
	c.Hardware.Board.relations(d, t.heard())
	if b := c.Hardware.Board; b != nil && b.Record.Wired() && (c.Recorder.Size == 0 || c.Recorder.Directory == "") {
		d.relation("hardware.record.chip", "recorder.directory", "none, as there is no recorder.size and recorder.directory to record into", b.Record.where())
	}
	if h := c.Link.Hub; h != nil {
		switch {
		case h.TokenFile == "" && h.DeviceKeyFile == "":
			d.relation("link.token_file", "link.kind", "a file, or link.device_key_file", "no such key")
		case h.TokenFile != "" && h.DeviceKeyFile != "":
			d.relation("link.token_file", "link.device_key_file", "none, as link.device_key_file gets the token", "one")
		}
	}
	if h := c.Link.Hub; h != nil && !strings.Contains(string(h.URL)+h.FallbackURLs, "https:") {
		if h.CAFile != "" {
			d.relation("link.ca_file", "link.url", "none, as link.url is not an https:// one", "one")
		}
		if h.Fingerprint != "" {
			d.relation("link.fingerprint", "link.url", "none, as link.url is not an https:// one", "one")
		}
	}
	if c.Redis.CAFile != "" && strings.HasPrefix(string(c.Redis.URL), "redis:") {
		d.relation("redis.ca_file", "redis.url", "none, as redis.url is not a rediss:// one", "one")
	}
}

// voiceping checks that there is one way to a token, and all it takes.
func (d *decoder) voiceping(v VoicePingLink) {
	switch {
	case v.ControlPlane == "" && v.TokenFile == "":
		d.relation("link.token_file", "link.kind", "a file, or link.control_plane", "neither")
	case v.ControlPlane != "" && v.TokenFile != "":
		d.relation("link.token_file", "link.control_plane", "none, as link.control_plane gives the token", "one")
	case v.ControlPlane != "":
		for _, k := range []struct{ key, value string }{
			{"link.email", v.Email}, {"link.password_file", string(v.PasswordFile)}, {"link.event_id", v.EventID},
		} {
			if k.value == "" {
				d.relation(k.key, "link.control_plane", "something, as link.control_plane wants it", "nothing")
			}
		}
	}
}

// relation reports key at its own line or, where it is a default, at the line
// of the other key that makes it wrong. One mistake is reported once: not if
// either of them was wrong by itself.
func (d *decoder) relation(key, other, expected string, found any) {
	if slices.ContainsFunc(d.problems, func(p Problem) bool { return p.Key == key || p.Key == other }) {
		return
	}
	line, given := d.lines[key]
	if !given {
		line = d.lines[other]
	}
	d.problem(key, max(line, 1), expected, fmt.Sprint(found))
}
