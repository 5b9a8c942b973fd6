package config

import "time"

// BoardHardware is a port on a board: lines and sound cards. A line without a chip
// is not wired. What talks and what keys may be on a USB radio interface.
type BoardHardware struct {
	PTT         ButtonLine    `yaml:"ptt" doc:"the push-to-talk button; left out where only a radio's squelch talks"`
	Emergency   InputLine     `yaml:"emergency" doc:"the emergency button; see emergency.guard"`
	Record      InputLine     `yaml:"record" doc:"the button that has the flight recorder write out the last minutes, into recorder.directory"`
	COR         InputLine     `yaml:"cor" doc:"the squelch of a radio (carrier-operated relay), which talks while it is open"`
	PTTOut      OutputLine    `yaml:"ptt_out" doc:"keys the transmitter of a radio around what the channel says"`
	PTTReadback InputLine     `yaml:"ptt_readback" doc:"shows whether the transmitter does as ptt_out says; when not, it is let go and the alert lamp lit"`
	Amplifier   OutputLine    `yaml:"amplifier" doc:"enables the loudspeaker's amplifier while there is something to hear"`
	Heartbeat   OutputLine    `yaml:"heartbeat" doc:"toggles twice a second while every part of the port moves, for an external watchdog"`
	Selector    SelectorLines `yaml:"selector" doc:"the knob of the section selector"`
	Panel       Display       `yaml:"display" doc:"a small display (OLED of 128 x 64 points) on an I²C bus"`
	Lamps       LampLines     `yaml:"lamps" doc:"what shows how the port is"`
	Sound       Sound         `yaml:"sound" doc:"microphone and loudspeaker"`
}

// ButtonLine is the input from a button, or none.
type ButtonLine struct {
	Chip      string        `yaml:"chip" match:"^[^\\p{C}]*$" as:"the label of a chip, as 'gpiodetect' has it" within:"0..64" doc:"label of the GPIO chip, or a USB radio interface: usb:SOCKET, serial:NUMBER, or card:ID of its sound card; empty where nothing is wired"`
	Line      string        `yaml:"line" match:"^[^\\p{C}]*$" as:"the name of a line, as 'gpioinfo' has it, or its offset in quotes" within:"0..64" doc:"name of the line, its offset on the chip, or a pin of the interface"`
	Input     string        `yaml:"input" match:"^[^\\p{C}]*$" as:"the name of an input device, or its path below /dev/input/by-id" within:"0..256" doc:"in place of chip and line: an input device with keys, such as a foot switch or a Bluetooth button, by its name or by its path below /dev/input/by-id, as 'talkgate doctor' lists them; it types nowhere else"`
	Key       string        `yaml:"key" match:"^((KEY|BTN)_[A-Z0-9_]+|[0-9]{1,3})?$" as:"a key such as KEY_F13 or BTN_LEFT, or its number in quotes" within:"0..40" doc:"the key of that device, such as KEY_F13"`
	ActiveLow bool          `yaml:"active_low" doc:"whether the low level means pressed, as with a button to ground"`
	Pull      string        `yaml:"pull" oneof:"up down off keep" doc:"the chip's resistor; keep leaves it as it is. A USB interface has its own"`
	Mode      string        `yaml:"mode" oneof:"hold toggle" doc:"talk while it is held, or from one press to the next"`
	Debounce  time.Duration `yaml:"debounce" within:"0s..500ms" doc:"how long it bounces after its first edge, which counts at once"`
	Glitch    time.Duration `yaml:"glitch" within:"0s..100ms" doc:"how long a level has to last to count, on a line that picks up noise; it delays every press"`
}

// Wired reports whether there is such an input.
func (l ButtonLine) Wired() bool { return l.Chip != "" || l.Input != "" }

// InputLine is an input from a radio, or none.
type InputLine struct {
	Chip      string        `yaml:"chip" match:"^[^\\p{C}]*$" as:"the label of a chip, as 'gpiodetect' has it" within:"0..64" doc:"label of the GPIO chip, or a USB radio interface: usb:SOCKET, serial:NUMBER, or card:ID of its sound card; empty where nothing is wired"`
	Line      string        `yaml:"line" match:"^[^\\p{C}]*$" as:"the name of a line, as 'gpioinfo' has it, or its offset in quotes" within:"0..64" doc:"name of the line, its offset on the chip, or a pin of the interface: VOLDN is where a squelch is"`
	Input     string        `yaml:"input" match:"^[^\\p{C}]*$" as:"the name of an input device, or its path below /dev/input/by-id" within:"0..256" doc:"in place of chip and line: an input device with keys, such as a foot switch or a Bluetooth button, by its name or by its path below /dev/input/by-id, as 'talkgate doctor' lists them; it types nowhere else"`
	Key       string        `yaml:"key" match:"^((KEY|BTN)_[A-Z0-9_]+|[0-9]{1,3})?$" as:"a key such as KEY_F13 or BTN_LEFT, or its number in quotes" within:"0..40" doc:"the key of that device, such as KEY_F13"`
	ActiveLow bool          `yaml:"active_low" doc:"whether the low level means active, as with an open collector or an opto-coupler"`
	Pull      string        `yaml:"pull" oneof:"up down off keep" doc:"the chip's resistor; keep leaves it as it is. A USB interface has its own"`
	Debounce  time.Duration `yaml:"debounce" within:"0s..500ms" doc:"how long it bounces after its first edge, which counts at once"`
	Glitch    time.Duration `yaml:"glitch" within:"0s..100ms" doc:"how long a level has to last to count, on a line that picks up noise; it delays every edge"`
}

// Wired reports whether there is such an input.
func (l InputLine) Wired() bool { return l.Chip != "" || l.Input != "" }

// OutputLine is a line that is driven, or none.
type OutputLine struct {
	Chip      string `yaml:"chip" match:"^[^\\p{C}]*$" as:"the label of a chip, as 'gpiodetect' has it" within:"0..64" doc:"label of the GPIO chip, or for ptt_out a USB radio interface: usb:SOCKET, serial:NUMBER, or card:ID of its sound card; empty where nothing is wired"`
	Line      string `yaml:"line" match:"^[^\\p{C}]*$" as:"the name of a line, as 'gpioinfo' has it, or its offset in quotes" within:"0..64" doc:"name of the line, its offset on the chip, or GPIO1 to GPIO8 of the interface"`
	ActiveLow bool   `yaml:"active_low" doc:"whether it is driven low to be active"`
	Drive     string `yaml:"drive" oneof:"push-pull open-drain open-source" doc:"how it is driven"`
}

// SelectorLines are those of a channel selector: as many as its kind has.
type SelectorLines struct {
	A InputLine `yaml:"a" doc:"the button up, channel A of a rotary encoder, or bit 1 of a BCD switch"`
	B InputLine `yaml:"b" doc:"the button down, channel B of a rotary encoder, or bit 2 of a BCD switch"`
	C InputLine `yaml:"c" doc:"bit 4 of a BCD switch"`
	D InputLine `yaml:"d" doc:"bit 8 of a BCD switch"`
}

// All are the lines in order.
func (l SelectorLines) All() []InputLine { return []InputLine{l.A, l.B, l.C, l.D} }

// LampLines are the lamps.
type LampLines struct {
	Talk  OutputLine `yaml:"talk" doc:"lit while the floor is ours and the microphone open"`
	Busy  OutputLine `yaml:"busy" doc:"lit while somebody else has the floor"`
	Alert OutputLine `yaml:"alert" doc:"lit when denied, revoked or timed out, while the channel server keeps the port out (ban, token) or has no guard, and while hardware is missing"`
	Link  OutputLine `yaml:"link" doc:"lit while the port is connected and may talk"`

	Emergency OutputLine `yaml:"emergency" doc:"lit while anybody has an emergency; without one of its own the alert lamp is"`
}

// Display is a small display.
type Display struct {
	Kind    string        `yaml:"kind" oneof:"none ssd1306 sh1106" doc:"its controller"`
	Bus     string        `yaml:"bus" match:"^i2c-[0-9]{1,3}$" as:"a bus such as i2c-1, as it is in /dev" within:"5..7" doc:"the bus that it is on"`
	Address string        `yaml:"address" oneof:"0x3c 0x3d" doc:"its address on the bus; some are labeled 0x78 and 0x7a, which is twice that"`
	Turned  bool          `yaml:"turned" doc:"whether it is mounted upside down"`
	Dim     time.Duration `yaml:"dim" within:"0s..24h" doc:"after how long without anything new it is dimmed; 0s is never"`
	Off     time.Duration `yaml:"off" within:"0s..24h" doc:"after how long without anything new it goes off, unless something is missing; 0s is never"`
}

// Display is the display of the hardware; ok is false without one.
func (h Hardware) Display() (d Display, ok bool) {
	if h.Board == nil || h.Board.Panel.Kind == "none" {
		return Display{}, false
	}
	return h.Board.Panel, true
}

// Sound is the sound cards.
type Sound struct {
	Player     string        `yaml:"player" oneof:"alsa oto" doc:"what plays: the kernel's card itself (alsa), or PulseAudio, PipeWire and ALSA's user-space library (oto), which then captures from the card default, too; see docs/sound.md"`
	Mixer      string        `yaml:"mixer" match:"^(known|([^=;]+=[^=;]+(;|$))*)$" as:"known, or NAME=VALUE divided by semicolons" within:"0..2000" doc:"controls of the cards, set at each start: NAME=VALUE, divided by semicolons, such as Mic Capture Volume=80%; Auto Gain Control=off, or known for the settings that talkgate knows for the card; empty leaves them as they are; see docs/sound.md"`
	Period     time.Duration `yaml:"period" within:"5ms..20ms" doc:"how much sound the cards exchange at once: shorter is less delay and more work; a card may round it up"`
	Microphone SoundSide     `yaml:"microphone" doc:"the card that captures"`
	Speaker    SoundSide     `yaml:"speaker" doc:"the card that plays"`
}

// SoundSide is one side of a card.
type SoundSide struct {
	Card   string  `yaml:"card" need:"true" match:"^(usb:[-0-9.]+|[A-Za-z0-9_-]+)$" as:"an ALSA card ID, as /proc/asound/cards has it in brackets, usb: and a socket such as usb:1-1.2, or default" within:"1..64" example:"Device" doc:"the card; no other is ever used instead"`
	Device int     `yaml:"device" within:"0..31" doc:"number of the PCM device on the card"`
	Gain   Decibel `yaml:"gain" live:"true" within:"-60 dB..40 dB" doc:"makes it louder or softer; a microphone's comes before audio.microphone, whose limiter keeps it from clipping"`
}

func defaultBoard() *BoardHardware {
	input := InputLine{ActiveLow: true, Pull: "up", Debounce: 30 * time.Millisecond}
	knob := InputLine{ActiveLow: true, Pull: "up", Debounce: 2 * time.Millisecond}
	output := OutputLine{Drive: "push-pull"}
	return &BoardHardware{
		PTT: ButtonLine{ActiveLow: true, Pull: "up", Mode: "hold", Debounce: 30 * time.Millisecond},
		COR: input, Emergency: input, Record: input,
		PTTOut: output, PTTReadback: input,
		Selector:  SelectorLines{A: knob, B: knob, C: knob, D: knob},
		Amplifier: output, Heartbeat: output,
		Lamps: LampLines{Talk: output, Busy: output, Alert: output, Link: output, Emergency: output},
		Panel: Display{Kind: "none", Bus: "i2c-1", Address: "0x3c", Dim: time.Minute, Off: 10 * time.Minute},
		Sound: Sound{Player: "alsa", Period: 10 * time.Millisecond},
	}
}
