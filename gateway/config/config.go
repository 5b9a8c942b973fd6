// Package config is what a port is told: one YAML file, read strictly.
//
// The file carries a version, so that a later talkgate can tell an old file
// from a wrong one. Nothing in it is a secret: a password or a token is named
// by the file that holds it (see File). Every mistake is reported, not just the
// first, with its key and line, what was expected and what was found.
//
// The struct tags below are the one description of the file: the decoder, the
// JSON Schema and the commented example are all made from them.
//
//	yaml     the key
//	doc      what it means, in words
//	need     "true": the file must give it
//	example  what the example shows where there is no default
//	within   "low..high", both allowed, written as in the file; of text, its
//	         length in characters
//	oneof    the words allowed, separated by blanks
//	schemes  of a URL
//	match    a regular expression the text must match, explained by "as"
//	union    "true": the word chosen names the pointer field whose keys follow
//	unless   the key of the same section beside which the example is not shown
//	live     "true": a change takes effect without a restart of the port
package config

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/talkgate/talkgate/media"
)

// Version is the version of the file that this talkgate reads.
const Version = 1

// Config is one port.
type Config struct {
	Version   int       `yaml:"version" need:"true" within:"1..1" example:"1" doc:"version of this file's layout"`
	Channel   string    `yaml:"channel" need:"true" match:"^[^\\s{}/\\p{C}]*$" as:"an ID without blanks, slashes or braces" within:"1..128" example:"gates" doc:"ID of the channel this port talks and listens on"`
	Identity  Identity  `yaml:"identity" doc:"who this port is to the other members"`
	Redis     Redis     `yaml:"redis" doc:"where floor and talk rights live"`
	Link      Link      `yaml:"link" doc:"the media connection to a channel server"`
	Hardware  Hardware  `yaml:"hardware" doc:"the radio: its lines, its lamps, its sound"`
	Selector  Selector  `yaml:"selector" doc:"the knob with which the port's user chooses the channel"`
	Talk      Talk      `yaml:"talk" doc:"how the floor is asked for and kept"`
	Audio     Audio     `yaml:"audio" doc:"what is done to sound"`
	Emergency Emergency `yaml:"emergency" doc:"how an emergency is called and heard"`
	Squelch   Squelch   `yaml:"squelch" doc:"how a radio's squelch (COR) talks"`
	Key       Key       `yaml:"key" doc:"how a radio's transmitter is keyed (PTT-out)"`
	Recorder  Recorder  `yaml:"recorder" doc:"the flight recorder: the last minutes of sound and events"`
	Log       Log       `yaml:"log" doc:"what is written to standard error"`
	Status    Status    `yaml:"status" doc:"how the port tells this machine about itself"`
	Fleet     Fleet     `yaml:"fleet" doc:"whose documents in Redis configure this port, besides this file"`
}

// Identity is a port's membership.
type Identity struct {
	UserID   string `yaml:"user_id" need:"true" match:"^[^\\s{}/\\p{C}]*$" as:"an ID without blanks, slashes or braces" within:"1..128" example:"north-gate" doc:"ID that talk rights are given to and that the link's token carries"`
	UserName string `yaml:"user_name" need:"true" match:"^[^\\p{C}]*$" as:"a name of printable characters" within:"1..64" example:"North gate" doc:"name shown to the others"`
	Role     string `yaml:"role" oneof:"USER GENERAL DISPATCH ADMIN" doc:"role in the event, as the link's token has it; DISPATCH takes the floor from USER and GENERAL"`
}

// Redis is how the shared state is reached.
type Redis struct {
	URL                  URL    `yaml:"url" need:"true" schemes:"redis rediss" example:"redis://127.0.0.1:6379/0" doc:"server and database; rediss:// is TLS; ?master_name=NAME&addr=HOST:PORT asks Sentinels, ?addr=HOST:PORT alone is a Cluster"`
	Username             string `yaml:"username" match:"^[^\\s\\p{C}]*$" as:"a name without blanks" within:"0..128" doc:"Redis ACL user; empty is the default user"`
	PasswordFile         File   `yaml:"password_file" doc:"file that holds the password; empty is none"`
	SentinelUsername     string `yaml:"sentinel_username" match:"^[^\\s\\p{C}]*$" as:"a name without blanks" within:"0..128" doc:"ACL user of the Sentinels themselves; empty is the default user"`
	SentinelPasswordFile File   `yaml:"sentinel_password_file" doc:"file that holds the Sentinels' password; empty is none"`
	CAFile               File   `yaml:"ca_file" doc:"PEM certificates that rediss:// trusts; empty is the system's"`
}

// Link is the media connection. Kind names the one of the pointers that is set.
type Link struct {
	Kind string   `yaml:"kind" need:"true" union:"true" example:"hub" doc:"kind of channel server"`
	Hub  *HubLink `yaml:"hub" doc:"talkgate's own hub, over WHIP and WHEP"`

	VoicePing *VoicePingLink `yaml:"voiceping" doc:"the VoicePing servers, as a member of their channels"`
	LiveKit   *LiveKitLink   `yaml:"livekit" doc:"LiveKit, as a member of its rooms"`
}

// Monitored lists the further channels that are listened on, the most important
// first.
func (l Link) Monitored() []string {
	switch {
	case l.Hub != nil:
		return strings.Fields(l.Hub.Monitor)
	case l.VoicePing != nil:
		return strings.Fields(l.VoicePing.Monitor)
	case l.LiveKit != nil:
		return strings.Fields(l.LiveKit.Monitor)
	}
	return nil
}

// HubLink is a session with talkgate's hub.
type HubLink struct {
	URL       URL  `yaml:"url" need:"true" schemes:"http https" example:"http://127.0.0.1:8080" doc:"where the hub listens"`
	TokenFile File `yaml:"token_file" example:"north-gate.token" unless:"device_key_file" doc:"file that holds the port's bearer token, read anew for each connection; empty uses device_key_file"`

	DeviceKeyFile File `yaml:"device_key_file" doc:"file that holds the board's own key, as 'talkgate join' writes it: the port gets its tokens by it and renews them; empty uses token_file"`

	FallbackURLs string `yaml:"fallback_urls" match:"^(https?://[^\\s@\\p{C}]+ *)*$" as:"URLs http:// or https://, parted by blanks" within:"0..2048" doc:"other hubs on the same Redis, tried in this order when url cannot be reached, until it can"`
	CAFile       File   `yaml:"ca_file" doc:"PEM certificates that https:// trusts; empty is the system's"`
	Fingerprint  string `yaml:"fingerprint" match:"^([0-9A-Fa-f]{2}:?){0,32}$" as:"64 hexadecimal digits, with colons or without" within:"0..95" doc:"SHA-256 of the hub's certificate, the only one to accept, whoever signed it; empty is any valid one"`
	Monitor      string `yaml:"monitor" match:"^[^{}/\\p{C}]*$" as:"IDs of channels, parted by blanks" within:"0..1024" doc:"further channels that are listened on, the most important first; the token has to name them, too"`
}

// VoicePingLink is a membership on the VoicePing servers. Its token is in a file,
// or got from the control plane.
type VoicePingLink struct {
	URL          URL    `yaml:"url" need:"true" schemes:"ws wss" example:"wss://ptt.example/ws" doc:"the server's WebSocket"`
	TokenFile    File   `yaml:"token_file" doc:"file that holds the port's token, read anew for each connection; empty asks control_plane"`
	ControlPlane URL    `yaml:"control_plane" schemes:"http https" doc:"where the port logs in for its token; empty uses token_file"`
	Email        string `yaml:"email" match:"^[^\\s\\p{C}]*$" as:"an e-mail address" within:"0..254" doc:"who logs in on control_plane"`
	PasswordFile File   `yaml:"password_file" doc:"file that holds the password for control_plane"`
	EventID      string `yaml:"event_id" match:"^[^\\s\\p{C}]*$" as:"an ID without blanks" within:"0..128" doc:"ID of the event to get a token for from control_plane"`
	Monitor      string `yaml:"monitor" match:"^[^{}/\\p{C}]*$" as:"IDs of channels, parted by blanks" within:"0..1024" doc:"further channels that are listened on, the most important first"`
	Sharing      int    `yaml:"sharing" within:"1..38" doc:"how many gateways reach the server from one public address; together they keep to its limit of 40 logins in 15 minutes"`
}

// Hardware is what the port is wired to. Driver names the one of the pointers
// that is set.
type Hardware struct {
	Driver string         `yaml:"driver" need:"true" union:"true" example:"sim" doc:"kind of hardware"`
	Sim    *SimHardware   `yaml:"sim" doc:"a virtual radio; its button is pressed by lines on standard input"`
	Board  *BoardHardware `yaml:"board" doc:"lines of the kernel's GPIO chips and sound cards of ALSA"`
}

// SimHardware is a virtual radio.
type SimHardware struct {
	Radio  string `yaml:"radio" oneof:"handheld repeater" doc:"what it has: a push-to-talk button, or a receiver with a squelch (COR) and a transmitter (PTT-out)"`
	Speech File   `yaml:"speech" doc:"WAV that the microphone speaks (PCM or float, any rate); empty is a built-in sentence"`
}

// Talk is the timing of the floor.
type Talk struct {
	Lease          time.Duration `yaml:"lease" live:"true" within:"200ms..10s" doc:"how long a grant or renewal may be relied on: the longest the microphone stays open once Redis is silent"`
	LockTTL        time.Duration `yaml:"lock_ttl" live:"true" within:"1s..30s" doc:"how long Redis keeps the floor for a port that died; at least twice the lease"`
	MaxTalk        time.Duration `yaml:"max_talk" live:"true" within:"1s..1h" doc:"longest talk spurt: the time-out timer, armed again by the release only"`
	Warn           time.Duration `yaml:"warn" live:"true" within:"0s..1m" doc:"tone so long before the time-out timer cuts; 0s is none"`
	Penalty        time.Duration `yaml:"penalty" live:"true" within:"0s..10m" doc:"how long presses are refused after the time-out timer has cut; 0s is not at all"`
	Budget         time.Duration `yaml:"budget" within:"0s..12h" doc:"longest that all talk spurts of the user together last in any budget_window, on whatever port and channel, however often the push-to-talk is released; 0s is without end"`
	BudgetWindow   time.Duration `yaml:"budget_window" within:"10s..24h" doc:"the sliding window of budget; an eighth of it at a time is forgotten"`
	Queue          time.Duration `yaml:"queue" live:"true" within:"0s..10m" doc:"how long a press waits for its turn while another has the floor, in a queue of all gateways on the channel; 0s denies it at once"`
	RequestTimeout time.Duration `yaml:"request_timeout" live:"true" within:"50ms..1s" doc:"how long a press waits for its answer; at most the lease. What was said meanwhile is sent at once, and a hub holds no more back"`
	VOX            VOX           `yaml:"vox" doc:"a microphone that talks by itself, for a port without COR"`
	CTCSS          string        `yaml:"ctcss" match:"^(off|(([6-9][0-9]|1[0-9]{2}|2[0-5][0-9])(\\.[0-9])?|260(\\.0)?))$" as:"off, or 60.0 to 260.0" doc:"sub-audible tone in Hz, in quotes, that a radio sends below speech while it is received: it talks as an open COR does; not beside hardware.cor or vox"`
	DCS            string        `yaml:"dcs" match:"^(off|[0-7]{3}[NI])$" as:"off, or a code and its polarity, such as 023N" doc:"digital code that a radio sends below speech while it is received, three octal digits and N for normal or I for inverted: it talks as an open COR does; not beside hardware.cor, vox or ctcss"`
	DTMF           DTMF          `yaml:"dtmf" doc:"remote commands by those who have a code"`
}

// Audio is what is done to sound.
type Audio struct {
	Bitrate      int        `yaml:"bitrate" live:"true" within:"6000..64000" doc:"of the Opus encoder, bit/s; forward error correction needs 20000"`
	ExpectedLoss Percent    `yaml:"expected_loss" live:"true" within:"0%..50%" doc:"packet loss that forward error correction prepares for; Opus sends no redundancy below 6% at 24000 bit/s; 0% never sends any"`
	Complexity   int        `yaml:"complexity" live:"true" within:"1..10" doc:"of the Opus encoder: 1 is the least work, 10 the best sound"`
	DTX          bool       `yaml:"dtx" live:"true" doc:"discontinuous transmission: while the talker pauses within a talk spurt, only two packets in 420ms are sent; who listens hears the noise behind the talker go on. for a hub only; complexity 7 and more tell noise from speech better"`
	Microphone   Microphone `yaml:"microphone" doc:"what is done to the microphone's sound, in this order"`
	Monitor      Monitor    `yaml:"monitor" doc:"what is heard when several channels speak at once (link.monitor)"`
	Tones        Tones      `yaml:"tones" doc:"what the loudspeaker says of floor and link; none of it goes to the channel"`
	Roger        Tone       `yaml:"roger" doc:"tone that is sent to the channel after each talk spurt, at most 400ms"`
}

// Key is how a transmitter is keyed around what the channel says.
type Key struct {
	Lead  time.Duration `yaml:"lead" within:"0s..2s" doc:"keyed before the first syllable, which waits for it"`
	Tail  time.Duration `yaml:"tail" live:"true" within:"0s..2s" doc:"keyed after the last"`
	Min   time.Duration `yaml:"min" live:"true" within:"0s..10s" doc:"shortest time keyed"`
	Limit time.Duration `yaml:"limit" live:"true" within:"1s..1h" doc:"longest time keyed without a pause; what is said beyond it is not sent"`

	Duty       Percent       `yaml:"duty" within:"1%..100%" doc:"share of any duty_window that the transmitter is keyed at most; 100% is without end"`
	DutyWindow time.Duration `yaml:"duty_window" within:"10s..2h" doc:"the sliding window of duty; an eighth of it at a time is forgotten"`
	CoolDown   time.Duration `yaml:"cool_down" live:"true" within:"0s..1h" doc:"how long at least it is not keyed once duty was reached; what is said meanwhile is not sent"`
	Interlock  string        `yaml:"interlock" oneof:"off hold drop" doc:"never key a radio whose squelch (COR) is open, as one that cannot listen and transmit at once: hold what the channel says meanwhile, or drop it. While it is keyed its squelch is not listened to"`
	Hold       time.Duration `yaml:"hold" within:"0s..1m" doc:"most that interlock holds; what does not fit is dropped"`

	PreEmphasis bool    `yaml:"pre_emphasis" doc:"+6 dB an octave from 300 to 3000 Hz, for a card that is wired to the modulator of the transmitter; off for its microphone input"`
	CTCSS       string  `yaml:"ctcss" match:"^(off|(([6-9][0-9]|1[0-9]{2}|2[0-5][0-9])(\\.[0-9])?|260(\\.0)?))$" as:"off, or 60.0 to 260.0" doc:"sub-audible tone in Hz, in quotes, that is sent while the transmitter is keyed; for the last 150ms of tail its phase is turned, so that receivers close before they hear noise. For a card that is wired to the modulator"`
	DCS         string  `yaml:"dcs" match:"^(off|[0-7]{3}[NI])$" as:"off, or a code and its polarity, such as 023N" doc:"digital code that is sent while the transmitter is keyed, instead of key.ctcss; a tone of 134.4 Hz replaces it for the last 180ms of tail, so that receivers close before they hear noise. For a card that is wired to the modulator"`
	CTCSSLevel  Decibel `yaml:"ctcss_level" within:"-50 dB..-6 dB" doc:"level of that tone or code (RMS below full scale)"`

	Ident Ident `yaml:"ident" doc:"how the transmitter tells whose it is, as the law of many places asks"`
}

// Log is what is logged and how.
type Log struct {
	Level  string `yaml:"level" live:"true" oneof:"debug info warn error" doc:"least severity that is written"`
	Format string `yaml:"format" oneof:"auto text json journal" doc:"auto is journal under systemd and text elsewhere"`
}

// Status is where the port tells how it does.
type Status struct {
	Listen string `yaml:"listen" match:"^((127\\.0\\.0\\.1|\\[::1\\]|localhost):[0-9]{1,5})?$" as:"a loopback address with a port, such as 127.0.0.1:9100" within:"0..21" doc:"address of HTTP: / is a page that shows the port, /status the same in JSON, /metrics is for Prometheus; empty is none"`

	Report time.Duration `yaml:"report" within:"1s..1h" doc:"how often the port reports to the fleet in Redis how it does; after three times that without a report it counts as gone"`
}

// Default is every default. What has none, the file must give.
func Default() Config {
	return Config{
		Identity: Identity{Role: "GENERAL"},
		Link:     Link{Hub: &HubLink{}, VoicePing: &VoicePingLink{Sharing: 1}, LiveKit: &LiveKitLink{}},
		Hardware: Hardware{Sim: &SimHardware{Radio: "handheld"}, Board: defaultBoard()},
		Selector: defaultSelector(),
		Talk: Talk{
			Lease:          time.Second,
			LockTTL:        3 * time.Second,
			MaxTalk:        time.Minute,
			BudgetWindow:   10 * time.Minute,
			RequestTimeout: time.Second,
			VOX:            defaultVOX(),
			CTCSS:          "off",
			DCS:            "off",
		},
		Audio: Audio{
			Bitrate:      media.DefaultBitrate,
			ExpectedLoss: media.DefaultExpectedLoss,
			Complexity:   media.DefaultComplexity,
			Microphone:   defaultMicrophone(),
			Monitor:      defaultMonitor(),
			Tones:        defaultTones(),
		},
		Emergency: Emergency{Guard: 2 * time.Second},
		Squelch:   Squelch{ChatterTime: 200 * time.Millisecond, Loop: 10 * time.Second},
		Key: Key{Ident: defaultIdent(), Lead: 200 * time.Millisecond, Tail: 100 * time.Millisecond, Limit: 3 * time.Minute,
			Duty: 100, DutyWindow: 10 * time.Minute, CoolDown: time.Minute, Interlock: "off", Hold: 10 * time.Second, CTCSS: "off", DCS: "off", CTCSSLevel: -24},
		Recorder: Recorder{Size: 4, Keep: 20},
		Log:      Log{Level: "info", Format: "auto"},

		Status: Status{Report: 10 * time.Second},
		Fleet:  Fleet{Probation: time.Minute},
	}
}

// Load reads and parses the file at path and resolves the files it names: a
// relative one lies beside it, "credential:NAME" in credentials, which is
// systemd's $CREDENTIALS_DIRECTORY and may be empty. The error is an *Error
// when the file could be read.
func Load(path, credentials string) (Config, error) {
	text, err := readConfig(path)
	if err != nil {
		return Config{}, err
	}
	c, err := parse(path, text, func(f File) (File, bool) {
		return f.resolve(path, credentials)
	})
	return c, err
}

func readConfig(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1)) // parse refuses more than maxFile
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	return text, nil
}

// Parse is Load for text that was read already; name is used in errors. The
// files it names are left as they are written.
func Parse(name string, text []byte) (Config, error) {
	return parse(name, text, func(f File) (File, bool) { return f, true })
}
