package status

import (
	"github.com/talkgate/talkgate/gateway/metrics"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/level"
)

// registerLevels adds how loud a port's microphone and loudspeaker are, and what
// is done about it.
func registerLevels(registry *metrics.Registry, p *port.Port) {
	gauge := func(name, help string, value func() float64) {
		registry.Gauge("talkgate_port_"+name, help, nil, value)
	}
	counter := func(name, help string, labels metrics.Labels, value func() uint64) {
		registry.Counter("talkgate_port_"+name, help, labels,
			func() float64 { return float64(value()) })
	}
	for side, meter := range map[string]*media.Level{"microphone": p.MicLevel(), "speaker": p.SpeakerLevel()} {
		gauge(side+"_dbfs", "RMS of the last 100 ms, as the card delivers it or is given it.", meter.RMS)
		gauge(side+"_peak_dbfs", "Highest sample; it falls by 20 dB a second.", meter.Peak)
		counter("clipped_samples_total", "Samples at full scale, as the card delivers them, or that the loudspeaker's limiter had to bend.",
			metrics.Labels{"side": side}, meter.Clipped)
	}
	gauge("ear_open", "Whether the microphone talks by itself at the moment (VOX).", func() float64 {
		if p.Detects() {
			return 1
		}
		return 0
	})
	gauge("talk_locked", "Whether talking is locked by DTMF.", func() float64 {
		if p.TalkLocked() {
			return 1
		}
		return 0
	})
	counter("identifications_total", "Morse identifications that the transmitter was keyed for.", nil, p.Identified)
	gauge("microphone_agc_gain_db", "What automatic gain control does at the moment.", func() float64 { return p.LevelStats().Gain })
	gauge("microphone_gate_open", "Whether the noise gate lets sound through; 1 where there is none.", func() float64 {
		if p.LevelStats().Open {
			return 1
		}
		return 0
	})
	counter("microphone_limited_samples_total", "Samples that the limiter turned down.", nil, func() uint64 { return p.LevelStats().Limited })
	counter("microphone_overflowed_samples_total", "Samples that gain or automatic gain control clipped, as the limiter is off.", nil,
		func() uint64 { return p.LevelStats().Clipped })
}

// micStatus is a microphone at an instant, for /status.
type micStatus struct {
	RMS    float64     `json:"dBFS"`
	Peak   float64     `json:"peakDBFS"`
	Full   uint64      `json:"fullScaleSamples"`
	Open   bool        `json:"earOpen"`
	Levels level.Stats `json:"levels"`
}

func micStatusOf(p *port.Port) micStatus {
	m := p.MicLevel()
	return micStatus{RMS: m.RMS(), Peak: m.Peak(), Full: m.Clipped(), Open: p.Detects(), Levels: p.LevelStats()}
}
