package sound

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/gen2brain/alsa"
)

// formats are those a card is asked for, the best first, with the size of a
// sample in bytes.
func formats() []format {
	return []format{
		{alsa.SNDRV_PCM_FORMAT_S16_LE, 2},
		{alsa.SNDRV_PCM_FORMAT_S32_LE, 4},
		{alsa.SNDRV_PCM_FORMAT_S24_LE, 4},
		{alsa.SNDRV_PCM_FORMAT_S24_3LE, 3},
		{alsa.SNDRV_PCM_FORMAT_FLOAT_LE, 4},
	}
}

type format struct {
	format alsa.PcmFormat
	size   int
}

func chooseFormat(supported func(alsa.PcmFormat) bool) (alsa.PcmFormat, error) {
	for _, f := range formats() {
		if supported(f.format) {
			return f.format, nil
		}
	}
	return 0, errors.New("expected a card with samples as S16_LE, S24_LE, S24_3LE, S32_LE or FLOAT_LE, found none of these: choose another card")
}

// layout is how a card lays out its frames.
type layout struct {
	format   alsa.PcmFormat
	size     int // of a sample, in bytes
	channels int
}

func newLayout(cfg alsa.Config) layout {
	return layout{cfg.Format, int(alsa.PcmFormatToBits(cfg.Format) / 8), int(cfg.Channels)}
}

// frame is the size of a frame in bytes.
func (l layout) frame() int { return l.size * l.channels }

// decode writes the mean of the channels of each frame of raw to mono, which has
// one sample for each.
func (l layout) decode(mono []int16, raw []byte) {
	for i := range mono {
		sum := int32(0)
		for range l.channels {
			sum += int32(l.sample(raw))
			raw = raw[l.size:]
		}
		mono[i] = int16(sum / int32(l.channels))
	}
}

// encode writes each sample of mono to all channels of a frame of raw.
func (l layout) encode(raw []byte, mono []int16) {
	for _, s := range mono {
		for range l.channels {
			l.put(raw, s)
			raw = raw[l.size:]
		}
	}
}

func (l layout) sample(b []byte) int16 {
	switch l.format {
	case alsa.SNDRV_PCM_FORMAT_S32_LE:
		return rounded(int64(int32(binary.LittleEndian.Uint32(b))), 16)
	case alsa.SNDRV_PCM_FORMAT_S24_LE: // the upper byte has no meaning
		return rounded(int64(int32(binary.LittleEndian.Uint32(b)<<8)>>8), 8)
	case alsa.SNDRV_PCM_FORMAT_S24_3LE:
		return rounded(int64(int32(uint32(b[0])<<8|uint32(b[1])<<16|uint32(b[2])<<24)>>8), 8)
	case alsa.SNDRV_PCM_FORMAT_FLOAT_LE:
		f := float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
		if f != f {
			return 0
		}
		return clip(f * 32768)
	}
	return int16(binary.LittleEndian.Uint16(b))
}

func (l layout) put(b []byte, s int16) {
	switch l.format {
	case alsa.SNDRV_PCM_FORMAT_S32_LE:
		binary.LittleEndian.PutUint32(b, uint32(int32(s)<<16))
	case alsa.SNDRV_PCM_FORMAT_S24_LE:
		binary.LittleEndian.PutUint32(b, uint32(int32(s)<<8))
	case alsa.SNDRV_PCM_FORMAT_S24_3LE:
		b[0], b[1], b[2] = 0, byte(s), byte(s>>8)
	case alsa.SNDRV_PCM_FORMAT_FLOAT_LE:
		binary.LittleEndian.PutUint32(b, math.Float32bits(float32(s)/32768))
	default:
		binary.LittleEndian.PutUint16(b, uint16(s))
	}
}

// rounded drops bits of v, to the nearest.
func rounded(v int64, bits int) int16 { return int16(min(math.MaxInt16, (v+1<<(bits-1))>>bits)) }

// clip rounds v to the nearest sample.
func clip(v float64) int16 {
	return int16(max(math.MinInt16, min(math.MaxInt16, math.Round(v))))
}
