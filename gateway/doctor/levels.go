package doctor

import (
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/daemon"
	"github.com/talkgate/talkgate/gateway/options"
	"github.com/talkgate/talkgate/gateway/status"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/level"
)

const (
	// levelsTime is how long --levels listens.
	levelsTime = 10 * time.Second
	// wanted is the level of speech, RMS in dBFS, that leaves its peaks room;
	// off is how far from it is still right.
	wantedSpeech, offSpeech = -20.0, 4.0
	// aboveRoom is by how much speech is above the noise around it where it can be
	// told from it, apart by how much where it sounds well.
	aboveRoom, apartRoom = 10.0, 25.0
	// rumble is how much of a room's noise is below rumbleCorner where taking it
	// away is worth it, in dB.
	rumble, rumbleCorner = 6.0, 150
)

// survey is how loud a recording is: its pauses, and what is said in it, RMS of
// 20 ms in dBFS.
type survey struct {
	room, speech float64
	peak         float64
	clipped      uint64
}

func surveyOf(pcm []int16) survey {
	var meter media.Level
	var levels []float64
	s := survey{peak: media.LevelFloor}
	for frame := range slices.Chunk(pcm, media.FrameSamples) {
		meter.Measure(frame)
		s.peak = max(s.peak, meter.Peak())
		var sum float64
		for _, v := range frame {
			sum += float64(v) * float64(v)
		}
		levels = append(levels, max(10*math.Log10(sum/float64(len(frame))/(1<<30)), media.LevelFloor))
	}
	slices.Sort(levels)
	s.clipped = meter.Clipped()
	s.room = levels[len(levels)/10]
	loud, _ := slices.BinarySearch(levels, s.room+aboveRoom)
	if loud = min(loud, len(levels)-1); len(levels)-loud >= len(levels)/10 {
		s.speech = meanPower(levels[loud:])
	} else {
		s.speech = math.Inf(-1) // hardly anything stands out
	}
	return s
}

func meanPower(levels []float64) float64 {
	var sum float64
	for _, l := range levels {
		sum += math.Pow(10, l/10)
	}
	return 10 * math.Log10(sum/float64(len(levels)))
}

// checkLevels reports on a recording of the bare microphone, with speech and pauses
// in it, what to change in the configuration.
func checkLevels(pcm []int16, cfg config.Config) ([]status.Finding, error) {
	set := options.Levels(cfg)
	raw := surveyOf(pcm)
	levels := func(c level.Config) (survey, error) {
		chain, err := level.New(c)
		if err != nil {
			return survey{}, err
		}
		sent := slices.Clone(pcm)
		chain.Process(sent)
		return surveyOf(sent), nil
	}
	gained, err := levels(level.Config{Gain: set.Gain, HighPass: set.HighPass, Limit: true})
	if err != nil {
		return nil, err
	}
	low, err := levels(level.Config{HighPass: rumbleCorner})
	if err != nil {
		return nil, err
	}
	found := func(check, do, format string, args ...any) status.Finding {
		return status.Finding{Check: check, OK: do == "", Found: fmt.Sprintf(format, args...), Do: do}
	}
	do := ""
	if raw.clipped > 0 {
		do = "turn the card's own gain down ('alsamixer'): what it cuts off nothing brings back"
	}
	all := []status.Finding{found("clipping", do, "%d samples at full scale, peak %.0f dBFS", raw.clipped, raw.peak)}
	if math.IsInf(raw.speech, -1) {
		return append(all, found("speech", "say a few sentences while it listens; if you did, the microphone is muted, or another ('alsamixer')",
			"nothing stands out from the room, which is at %.0f dBFS", raw.room)), nil
	}
	do = ""
	if off := wantedSpeech - gained.speech; math.Abs(off) > offSpeech && set.Target == 0 {
		do = fmt.Sprintf("set hardware.sound.microphone.gain to %.0f dB, or audio.microphone.agc.enabled to true", set.Gain+off)
	} else if set.Target != 0 && gained.speech < set.Target-set.MaxGain {
		do = fmt.Sprintf("set hardware.sound.microphone.gain to %.0f dB: agc cannot make up for it", set.Gain+off)
	}
	all = append(all, found("speech", do, "%.0f dBFS with the gain of %g dB; good is %g", gained.speech, set.Gain, wantedSpeech))
	do = ""
	if raw.room-low.room > rumble && set.HighPass < rumbleCorner {
		do = fmt.Sprintf("set audio.microphone.high_pass to %d: most of the noise is below", rumbleCorner)
	} else if gained.speech-gained.room < apartRoom {
		do = "bring the microphone nearer to the mouth, or away from what hums"
	}
	all = append(all, found("noise", do, "%.0f dBFS between words, %.0f dB below speech", gained.room, gained.speech-gained.room))
	if set.Gate != 0 {
		// Noise has peaks 12 dB above its RMS; speech is not to be near the gate.
		do = ""
		if low, high := gained.room+12, gained.speech-12; set.Gate < low || set.Gate > high {
			do = fmt.Sprintf("set audio.microphone.gate.threshold to %.0f dB", (low+high)/2)
		}
		all = append(all, found("noise gate", do, "opens at %g dBFS", set.Gate))
	}
	return all, nil
}

// Levels judges the levels of b's microphone while somebody speaks.
func Levels(cfg config.Config, b daemon.Board, prompt io.Writer) ([]status.Finding, error) {
	fmt.Fprintf(prompt, "speak for %.0f seconds, as you will in use, with pauses\n", levelsTime.Seconds())
	pcm, err := record(b.Mic, levelsTime)
	if err != nil {
		return nil, err
	}
	return checkLevels(pcm, cfg)
}
