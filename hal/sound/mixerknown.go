package sound

// known is a card whose controls we know: those of its driver in Linux 6.1.
type known struct {
	name     string
	settings []Setting // a card that has all these controls is this one
}

// knownCards lists settings to start from: capture without automatic gain, which
// would lift noise between words and fight audio.microphone, no microphone on the
// loudspeaker (sidetone), the loudspeaker's way open at 0 dB. AIOC has no controls.
func knownCards() []known {
	return []known{
		{"CM108 or CM119", []Setting{
			{"Auto Gain Control", "off"},
			{"Mic Capture Switch", "on"}, {"Mic Capture Volume", "50%"},
			{"Mic Playback Switch", "off"}, {"Mic Playback Volume", "0%"},
			{"Speaker Playback Switch", "on"}, {"Speaker Playback Volume", "80%"},
		}},
		{"WM8960", []Setting{
			{"ALC Function", "Off"}, {"Noise Gate Switch", "off"}, {"ADC High Pass Filter Switch", "on"},
			{"Capture Switch", "on"}, {"Capture Volume", "39"}, {"ADC PCM Capture Volume", "195"},
			{"Left Input Boost Mixer LINPUT1 Volume", "2"}, {"Right Input Boost Mixer RINPUT1 Volume", "2"},
			{"Left Boost Mixer LINPUT1 Switch", "on"}, {"Right Boost Mixer RINPUT1 Switch", "on"},
			{"Left Input Mixer Boost Switch", "on"}, {"Right Input Mixer Boost Switch", "on"},
			{"Left Output Mixer Boost Bypass Switch", "off"}, {"Right Output Mixer Boost Bypass Switch", "off"},
			{"Left Output Mixer PCM Playback Switch", "on"}, {"Right Output Mixer PCM Playback Switch", "on"},
			{"Playback Volume", "255"}, {"Headphone Playback Volume", "121"}, {"Speaker Playback Volume", "121"},
		}},
		{"WM8731", []Setting{
			{"Input Select", "Mic"}, {"Mic Capture Switch", "on"}, {"Mic Boost Volume", "1"},
			{"ADC High Pass Filter Switch", "on"},
			{"Output Mixer Mic Sidetone Switch", "off"}, {"Output Mixer Line Bypass Switch", "off"},
			{"Output Mixer HiFi Playback Switch", "on"}, {"Master Playback Volume", "121"},
		}},
		{"Codec Zero (DA7212)", []Setting{
			{"ALC Switch", "off"}, {"ADC HPF Switch", "on"}, {"ADC Switch", "on"}, {"ADC Volume", "111"},
			{"Mixin PGA Switch", "on"}, {"Mixin PGA Volume", "3"},
			{"Mixout Left Mixin Left Switch", "off"}, {"Mixout Right Mixin Right Switch", "off"},
			{"Mixout Left DAC Left Switch", "on"}, {"Mixout Right DAC Right Switch", "on"},
			{"DAC Volume", "111"}, {"Headphone Switch", "on"}, {"Headphone Volume", "57"},
			{"Lineout Switch", "on"}, {"Lineout Volume", "48"},
		}},
		{"HiFiBerry DAC+ADC (PCM5122)", []Setting{
			{"Digital Playback Switch", "on"}, {"Digital Playback Volume", "207"},
			{"Analogue Playback Volume", "1"}, {"Analogue Playback Boost Volume", "0"}, {"Auto Mute Switch", "off"},
		}},
	}
}

// Known returns the name of the card and settings to start from; "" for a card that
// we don't know.
func Known(controls []Control) (name string, settings []Setting) {
	has := map[string]bool{}
	for _, c := range controls {
		has[c.Name] = true
	}
next:
	for _, k := range knownCards() {
		for _, s := range k.settings {
			if !has[s.Control] {
				continue next
			}
		}
		return k.name, k.settings
	}
	return "", nil
}
