package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/config"
)

// minimal gives what has no default, one key a line.
const minimal = `version: 1
channel: gates
identity: {user_id: north, user_name: North gate}
redis: {url: "redis://127.0.0.1:6379/0"}
link: {kind: hub, url: "http://127.0.0.1:8080", token_file: north.token}
hardware: {driver: sim}
`

func TestMinimalFileGivesTheDefaults(t *testing.T) {
	c, err := config.Parse("port.yaml", []byte(minimal))
	if err != nil {
		t.Fatal(err)
	}
	want := config.Default()
	if c.Talk != want.Talk || c.Audio != want.Audio || c.Log != want.Log {
		t.Errorf("got %+v", c)
	}
	if c.Link.Hub == nil || c.Link.Hub.URL != "http://127.0.0.1:8080" || c.Link.Hub.TokenFile != "north.token" {
		t.Errorf("link: %+v", c.Link.Hub)
	}
	if c.Hardware.Sim == nil {
		t.Error("hardware.driver sim leaves Sim nil")
	}
}

// TestByteOrderMark: editors on Windows write one before the first key.
func TestByteOrderMark(t *testing.T) {
	if _, err := config.Parse("port.yaml", []byte("\uFEFF"+minimal)); err != nil {
		t.Error(err)
	}
}

func TestEveryKeyIsRead(t *testing.T) {
	c, err := config.Parse("port.yaml", []byte(minimal+`
talk: {lease: 500ms, lock_ttl: 2s, max_talk: 1m30s, request_timeout: 400ms, warn: 9s, penalty: 11s, budget: 3m, budget_window: 15m, queue: 2m, vox: {enabled: true, threshold: 15 dB, attack: 70ms, pre_roll: 90ms, hang: 2s, anti_trip: 6 dB}, ctcss: "off"}
audio:
  bitrate: 32000
  expected_loss: 20 %
  complexity: 9
  dtx: true
  tones: {enabled: false, gain: -3.5dB, on_air: true, link_up: {enabled: true}, busy: {file: busy.wav}}
  roger: {enabled: true, file: r.wav}
  microphone: {high_pass: 150, gate: {enabled: true, threshold: -55 dB}, agc: {enabled: true, target: -18 dB, max_gain: 30 dB}, limiter: false}
  monitor: {mode: duck, duck: -20 dB, hold: 5s}
log: {level: debug, format: json}
`))
	if err != nil {
		t.Fatal(err)
	}
	talk := config.Talk{Lease: 500 * time.Millisecond, LockTTL: 2 * time.Second, MaxTalk: 90 * time.Second,
		RequestTimeout: 400 * time.Millisecond, Warn: 9 * time.Second, Penalty: 11 * time.Second,
		Budget: 3 * time.Minute, BudgetWindow: 15 * time.Minute, Queue: 2 * time.Minute,
		VOX: config.VOX{Enabled: true, Threshold: 15, Attack: 70 * time.Millisecond, PreRoll: 90 * time.Millisecond, Hang: 2 * time.Second, AntiTrip: 6}, CTCSS: "off", DCS: "off"}
	tones := config.Default().Audio.Tones
	tones.Enabled, tones.Gain, tones.OnAir, tones.LinkUp.Enabled, tones.Busy.File = false, -3.5, true, true, "busy.wav"
	audio := config.Audio{Bitrate: 32000, ExpectedLoss: 20, Complexity: 9, DTX: true, Tones: tones, Roger: config.Tone{Enabled: true, File: "r.wav"},
		Microphone: config.Microphone{HighPass: 150, Gate: config.Gate{Enabled: true, Threshold: -55}, AGC: config.AGC{Enabled: true, Target: -18, MaxGain: 30}},
		Monitor:    config.Monitor{Mode: "duck", Duck: -20, Hold: 5 * time.Second}}
	if c.Talk != talk || c.Audio != audio || c.Log != (config.Log{Level: "debug", Format: "json"}) {
		t.Errorf("got %+v", c)
	}
}

// TestMistakes gives each mistake on a line of its own after the minimal file,
// or in its place, and wants the whole of what is said about it.
func TestMistakes(t *testing.T) {
	for _, tc := range []struct{ name, replace, with, want string }{
		{"unknown key", "", "talk:\n  leese: 1s\n",
			"port.yaml:8: talk.leese: expected one of lease, lock_ttl, max_talk, warn, penalty, budget, budget_window, queue, request_timeout, vox, ctcss, dcs, dtmf, found an unknown key; did you mean \"lease\"?"},
		{"unknown key of a variant", "driver: sim", "driver: sim, chip: gpiochip0",
			"port.yaml:6: hardware.chip: expected one of driver, radio, speech, found an unknown key"},
		{"duplicate key", "", "channel: yard\n",
			"port.yaml:7: channel: expected the key once, found it again after line 2"},
		{"number for a duration", "", "talk:\n  lease: 1\n",
			"port.yaml:8: talk.lease: expected a duration such as 1s or 250ms, 200ms to 10s, found a number without a unit; write 1s"},
		{"text for a duration", "", "talk:\n  lease: soon\n",
			`port.yaml:8: talk.lease: expected a duration such as 1s or 250ms, 200ms to 10s, found "soon"`},
		{"duration out of range", "", "talk:\n  lease: 11s\n",
			`port.yaml:8: talk.lease: expected a duration such as 1s or 250ms, 200ms to 10s, found "11s"`},
		{"number out of range", "", "audio:\n  bitrate: 24\n",
			`port.yaml:8: audio.bitrate: expected a whole number, 6000 to 64000, found "24"`},
		{"decibels without unit", "", "audio:\n  tones:\n    gain: -18\n",
			"port.yaml:9: audio.tones.gain: expected decibels such as -18 dB, -40 dB to 12 dB, found a number without a unit; write -18 dB"},
		{"percentage out of range", "", "audio: {expected_loss: 51%}\n",
			`port.yaml:7: audio.expected_loss: expected a percentage such as 10%, 0% to 50%, found "51%"`},
		{"not a number", "", "audio: {tones: {gain: NaN dB}}\n",
			`port.yaml:7: audio.tones.gain: expected decibels such as -18 dB, -40 dB to 12 dB, found "NaN dB"`},
		{"word for a truth", "", "audio: {tones: {enabled: maybe}}\n",
			"port.yaml:7: audio.tones.enabled: expected true or false, found text"},
		{"unknown word", "", "log: {level: loud}\n",
			`port.yaml:7: log.level: expected one of debug, info, warn, error, found "loud"`},
		{"unknown driver", "driver: sim", "driver: serial, chip: x",
			`port.yaml:6: hardware.driver: expected one of sim, board, found "serial"`},
		{"braces in an ID", "channel: gates", `channel: "{gates}"`,
			`port.yaml:2: channel: expected an ID without blanks, slashes or braces, 1 to 128 characters, found "{gates}"`},
		{"empty ID", "channel: gates", `channel: ""`,
			`port.yaml:2: channel: expected an ID without blanks, slashes or braces, 1 to 128 characters, found ""`},
		{"number as an ID", "user_id: north", "user_id: 17",
			"port.yaml:3: identity.user_id: expected an ID without blanks, slashes or braces, 1 to 128 characters, found a whole number (text of digits only needs quotes)"},
		{"missing key", "channel: gates\n", "",
			"port.yaml:1: channel: expected an ID without blanks, slashes or braces, 1 to 128 characters, found no such key"},
		{"missing section", "hardware: {driver: sim}\n", "",
			"port.yaml:1: hardware.driver: expected one of sim, board, found no such key"},
		{"empty value", "channel: gates", "channel:",
			"port.yaml:2: channel: expected an ID without blanks, slashes or braces, 1 to 128 characters, found nothing"},
		{"value for a section", "", "talk: 5\n",
			"port.yaml:7: talk: expected keys with values, found a whole number (text of digits only needs quotes)"},
		{"list for a section", "", "talk: [1s]\n",
			"port.yaml:7: talk: expected keys with values, found a list"},
		{"keys for a value", "channel: gates", "channel: {id: gates}",
			"port.yaml:2: channel: expected an ID without blanks, slashes or braces, 1 to 128 characters, found keys with values"},
		{"anchor", "channel: gates", "channel: &c gates",
			"port.yaml:2: channel: expected an ID without blanks, slashes or braces, 1 to 128 characters, found an anchor or alias, which this file does without"},
		{"later version", "version: 1", "version: 2", `port.yaml:1: version: expected 1, found "2"`},
		{"lock too short for the lease", "", "talk:\n  lease: 2s\n",
			"port.yaml:8: talk.lock_ttl: expected at least twice talk.lease, 4s, found 3s"},
		{"answer later than the lease", "", "talk:\n  lease: 400ms\n  request_timeout: 800ms\n",
			"port.yaml:9: talk.request_timeout: expected at most talk.lease, 400ms, found 800ms"},
		{"spurt shorter than the lease", "", "talk: {lease: 5s, lock_ttl: 10s, max_talk: 4s}\n",
			"port.yaml:7: talk.max_talk: expected at least talk.lease, 5s, found 4s"},
		{"warning before the press", "", "talk: {max_talk: 20s, warn: 30s}\n",
			"port.yaml:7: talk.warn: expected less than talk.max_talk, 20s, found 30s"},
		{"budget beyond its window", "", "talk: {budget: 11m}\n",
			"port.yaml:7: talk.budget: expected at most talk.budget_window, 10m0s, found 11m0s"},
		{"interlock without a squelch", "driver: sim", `driver: board, ptt: {chip: a, line: "17"}, sound: {speaker: {card: Device}, microphone: {card: Device}}}
key: {interlock: hold`,
			"port.yaml:7: key.interlock: expected off, as no squelch is wired (hardware.cor), found hold"},
		{"open delay longer than a hub holds back", "", "squelch: {open_delay: 300ms}\n",
			"port.yaml:7: squelch.open_delay: expected at most 1.25s less talk.request_timeout, 250ms, found 300ms"},
		{"no microphone", "driver: sim", `driver: board, ptt: {chip: a, line: "17"}, sound: {speaker: {card: Device}}`,
			"port.yaml:6: hardware.sound.microphone.card: expected an ALSA card ID, as /proc/asound/cards has it in brackets, usb: and a socket such as usb:1-1.2, or default, 1 to 64 characters, found no such key"},
		{"a DCS code without its polarity", "", "talk: {dcs: \"023\"}\n", "port.yaml:7: talk.dcs: expected off, or a code and its polarity, such as 023N, found \"023\""},
		{"a DCS code beside a tone", "", "talk: {ctcss: \"88.5\", dcs: 023N}\n", "port.yaml:7: talk.dcs: expected off, as there is talk.ctcss, found 023N"},
		{"a CTCSS tone of no radio", "", "talk: {ctcss: \"59.9\"}\n", "port.yaml:7: talk.ctcss: expected off, or 60.0 to 260.0, found \"59.9\""},
		{"a CTCSS tone to send without a transmitter", "driver: sim}", "driver: board, ptt: {chip: a, line: \"17\"}, sound: {speaker: {card: D}, microphone: {card: D}}}\nkey: {ctcss: \"150.0\"}",
			"port.yaml:7: key.ctcss: expected off, as there is no transmitter (hardware.ptt_out), found 150.0"},
		{"CTCSS and VOX", "", "talk: {ctcss: \"88.5\", vox: {enabled: true}}\n",
			"port.yaml:7: talk.ctcss: expected off, as talk.vox is enabled, found 88.5"},
		{"VOX with a tail", "", "talk: {vox: {enabled: true}}\nsquelch: {tail: 300ms}\n",
			"port.yaml:8: squelch.tail: expected 0s, as there is no squelch that closes with a noise: talk.vox ends talk.vox.hang after the last sound, found 300ms"},
		{"COR and VOX", "driver: sim}", "driver: board, cor: {chip: a, line: \"17\"}, sound: {speaker: {card: Device}, microphone: {card: Device}}}\ntalk: {vox: {enabled: true}}",
			"port.yaml:6: hardware.cor.chip: expected none, as the microphone talks by itself, found a"},
		{"lamp without a chip", "driver: sim", `driver: board, ptt: {chip: a, line: "17"}, sound: {speaker: {card: Device}, microphone: {card: Device}}, lamps: {talk: {line: "4"}}`,
			"port.yaml:6: hardware.lamps.talk.chip: expected the chip that has the line hardware.lamps.talk.line names, found none"},
		{"key without a line", "driver: sim", `driver: board, ptt: {chip: a, line: "17"}, sound: {speaker: {card: Device}, microphone: {card: Device}}, ptt_out: {chip: a}`,
			"port.yaml:6: hardware.ptt_out.line: expected a line of the chip hardware.ptt_out.chip names, found none"},
		{"nothing that talks", "driver: sim", `driver: board, sound: {speaker: {card: Device}, microphone: {card: Device}}`,
			"port.yaml:6: hardware.ptt.chip: expected a chip, or ptt.input, or one of hardware.cor, or talk.vox, talk.ctcss or talk.dcs, found neither"},
		{"lamp on a USB interface", "driver: sim", `driver: board, ptt: {chip: a, line: "17"}, sound: {speaker: {card: Device}, microphone: {card: Device}}, lamps: {talk: {chip: "usb:1-1.2", line: GPIO1}}`,
			`port.yaml:6: hardware.lamps.talk.chip: expected a GPIO chip, as only ptt, emergency, cor, selector, ptt_out and ptt_readback may be on a USB interface, found usb:1-1.2`},
		{"key on a button's pin", "driver: sim", `driver: board, cor: {chip: "card:Device", line: VOLDN}, sound: {speaker: {card: Device}, microphone: {card: Device}}, ptt_out: {chip: "card:Device", line: VOLDN}`,
			`port.yaml:6: hardware.ptt_out.line: expected a pin of a USB interface, ^GPIO[1-8]$, found VOLDN`},
		{"one line for two", "driver: sim", `driver: board, ptt: {chip: a, line: "17"}, ptt_out: {chip: a, line: "17"}, sound: {speaker: {card: D}, microphone: {card: D}}`,
			`port.yaml:6: hardware.ptt_out.line: expected a line of its own, as hardware.ptt is this one, found 17`},
		{"a line below none", "driver: sim", `driver: board, ptt: {chip: a, line: "-1"}, sound: {speaker: {card: D}, microphone: {card: D}}`,
			`port.yaml:6: hardware.ptt.line: expected the name of a line, or its offset from 0 on, found -1`},
		{"drive of a USB pin", "driver: sim", `driver: board, cor: {chip: "usb:1-1", line: VOLDN}, ptt_out: {chip: "usb:1-1", line: GPIO3, drive: open-drain}, sound: {speaker: {card: D}, microphone: {card: D}}`,
			`port.yaml:6: hardware.ptt_out.drive: expected push-pull or no such key, as a USB interface has its own, found open-drain`},
		{"pull of a USB pin", "driver: sim", `driver: board, cor: {chip: "usb:1-1", line: VOLDN, pull: down}, sound: {speaker: {card: D}, microphone: {card: D}}`,
			`port.yaml:6: hardware.cor.pull: expected keep or no such key, as a USB interface has its own, found down`},
		{"an emergency button without the role", "driver: sim", `driver: board, ptt: {chip: a, line: "17"}, emergency: {chip: a, line: "4"}, sound: {speaker: {card: D}, microphone: {card: D}}`,
			`port.yaml:6: identity.role: expected DISPATCH, as there is an emergency button (hardware.emergency), found GENERAL`},
		{"UTF-16", minimal, "\xff\xfev\x00", "port.yaml:1: expected text in UTF-8, found UTF-16; save the file as UTF-8"},
		{"Latin-1", "North gate", "N\xf8rth gate", "port.yaml:1: expected text in UTF-8, found another encoding, such as Latin-1; save the file as UTF-8"},
		{"a recording button without a place for recordings", "driver: sim", `driver: board, ptt: {chip: a, line: "17"}, sound: {speaker: {card: Device}, microphone: {card: Device}}, record: {chip: a, line: "4"}`,
			`port.yaml:6: hardware.record.chip: expected none, as there is no recorder.size and recorder.directory to record into, found a`},
		{"readback of nothing", "driver: sim", `driver: board, ptt: {chip: a, line: "17"}, sound: {speaker: {card: Device}, microphone: {card: Device}}, ptt_readback: {chip: a, line: "4"}`,
			`port.yaml:6: hardware.ptt_readback.chip: expected none, as there is no hardware.ptt_out, found a`},
		{"selector without the port's own channel", "", "selector: {kind: buttons, channels: yards docks}\n",
			`port.yaml:7: selector.channels: expected a list with the port's own channel, gates, found "yards docks"`},
		{"channels without a selector", "", "selector: {channels: gates yards}\n",
			"port.yaml:7: selector.channels: expected none, as there is no selector, found gates yards"},
		{"selector with a channel twice", "", "selector: {kind: rotary, channels: gates yards gates}\n",
			"port.yaml:7: selector.channels: expected each channel once, found gates twice"},
		{"selector with a line too few", "driver: sim}", "driver: board, ptt: {chip: a, line: \"17\"}, sound: {speaker: {card: Device}, microphone: {card: Device}}, selector: {a: {chip: a, line: \"4\"}}}\nselector: {kind: rotary, channels: gates}",
			"port.yaml:7: hardware.selector.b.chip: expected a chip, as selector.kind needs that line, found none"},
		{"lines of no selector", "driver: sim}", "driver: board, ptt: {chip: a, line: \"17\"}, sound: {speaker: {card: Device}, microphone: {card: Device}}, selector: {a: {chip: a, line: \"4\"}}}",
			"port.yaml:6: hardware.selector.a.chip: expected none, as selector.kind has no such line, found a"},
		{"guard of an emergency", "", "emergency: {guard: 1s}\n",
			`port.yaml:7: emergency.guard: expected a duration such as 1s or 250ms, 2s to 10s, found "1s"`},
		{"certificates without TLS", `redis: {url`, `redis: {ca_file: ca.pem, url`,
			"port.yaml:4: redis.ca_file: expected none, as redis.url is not a rediss:// one, found one"},
		{"not YAML", "channel: gates", "channel: [gates", "port.yaml:3: expected YAML, found a mistake: ',' or ']' must be specified"},
		{"tab", "channel: gates", "\tchannel: gates", "port.yaml:2: expected YAML, found a mistake: found character '\t' that cannot start any token"},
		{"two documents", "", "---\nversion: 1\n", "port.yaml:1: expected one YAML document, found 2"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := minimal + tc.with
			if tc.replace != "" {
				text = strings.Replace(minimal, tc.replace, tc.with, 1)
			}
			_, err := config.Parse("port.yaml", []byte(text))
			if err == nil {
				t.Fatal("accepted")
			}
			if got := err.Error(); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestAllMistakesAtOnceInTheOrderOfTheirLines(t *testing.T) {
	_, err := config.Parse("port.yaml", []byte("version: 1\nlog: {level: loud}\nchannel: 5\ntalk: {lease: 1}\n"))
	problems, ok := errors.AsType[*config.Error](err)
	if !ok {
		t.Fatalf("got %v", err)
	}
	var keys []string
	for _, p := range problems.Problems {
		keys = append(keys, p.Key)
	}
	want := "identity.user_id identity.user_name redis.url link.kind hardware.driver log.level channel talk.lease"
	if got := strings.Join(keys, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestSecretsAreNotShown puts secrets where people put them by mistake.
func TestSecretsAreNotShown(t *testing.T) {
	const secret = "hunter2hunter2"
	for _, text := range []string{
		strings.Replace(minimal, "redis://", "redis://:"+secret+"@", 1),
		strings.Replace(minimal, "redis://", secret+"://", 1),
		strings.Replace(minimal, "token_file: north.token", "token_file: {x: "+secret+"}", 1),
		strings.Replace(minimal, "token_file: north.token", "token_file: &a "+secret, 1),
		minimal + "redis_password: " + secret + "\n",
		minimal + "log: " + secret + "\n",
		minimal + "password: '" + secret + "\n",
		minimal + "password: [" + secret + "\n  - x",
	} {
		_, err := config.Parse("port.yaml", []byte(text))
		if err == nil {
			t.Errorf("accepted:\n%s", text)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("shown: %v", err)
		}
	}
}

func TestFilesAreFoundBesideTheConfigurationOrAmongTheCredentials(t *testing.T) {
	path := filepath.Join(t.TempDir(), "port.yaml")
	text := strings.Replace(minimal, `redis: {`, `redis: {password_file: "credential:redis", `, 1)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path, "/run/credentials/port")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(c.Link.Hub.TokenFile), filepath.Join(filepath.Dir(path), "north.token"); got != want {
		t.Errorf("token_file: got %s, want %s", got, want)
	}
	if got := c.Redis.PasswordFile; got != "/run/credentials/port/redis" {
		t.Errorf("password_file: got %s", got)
	}
}

// TestCredentialsAtAShell: without systemd's directory a credential is the file that the
// units load it from, beside the configuration.
func TestCredentialsAtAShell(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "north-gate.yaml")
	text := strings.NewReplacer("redis: {", `redis: {password_file: "credential:redis-password", `, "token_file: north.token", `token_file: "credential:token"`).Replace(minimal)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path, "")
	if err != nil {
		t.Fatal(err)
	}
	unit, err := os.ReadFile("../../systemd/talkgate@.service")
	if err != nil {
		t.Fatal(err)
	}
	for credential, file := range map[string]config.File{"token": c.Link.Hub.TokenFile, "redis-password": c.Redis.PasswordFile} {
		if filepath.Dir(string(file)) != dir {
			t.Errorf("%s is %s, want a file in %s", credential, file, dir)
		}
		name := strings.Replace(filepath.Base(string(file)), "north-gate", "%i", 1)
		if !strings.Contains(string(unit), "LoadCredential="+credential+":/etc/talkgate/"+name+"\n") {
			t.Errorf("the unit does not load %s from %s", credential, name)
		}
	}
	if err := os.WriteFile(path, []byte(strings.Replace(text, "credential:token", "credential:../token", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(path, ""); err == nil || !strings.Contains(err.Error(), "link.token_file") {
		t.Errorf("a credential elsewhere: %v", err)
	}
}

func TestLoadOfNoFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.yaml")
	if _, err := config.Load(path, ""); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
}
