package flight

import (
	"os"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/media"
)

// TestHowLongARingLasts says what docs/recorder.md quotes: how much speech the
// default size holds, sent without a pause.
func TestHowLongARingLasts(t *testing.T) {
	f, err := os.Open("../../hal/sim/speech.wav")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	speech, err := media.ReadWAV(f)
	if err != nil {
		t.Fatal(err)
	}
	c := config.Default()
	enc, err := media.NewEncoder(media.EncoderConfig{
		Bitrate: c.Audio.Bitrate, FEC: true, ExpectedLoss: int(c.Audio.ExpectedLoss), Complexity: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	size := c.Recorder.Size << 20
	ring := openRing(t, "", size)
	var opus [media.MaxOpusFrame]byte
	var spoken [][]byte
	for from := 0; from+media.FrameSamples <= len(speech); from += media.FrameSamples {
		n, err := enc.Encode(speech[from:from+media.FrameSamples], opus[:])
		if err != nil {
			t.Fatal(err)
		}
		spoken = append(spoken, append([]byte(nil), opus[:n]...))
	}
	for n := 0; ring.head.Load() < 2*ring.cells; n++ {
		head := Frame{Timestamp: uint32(n)}.head()
		ring.write(Sent, head[:], spoken[n%len(spoken)])
	}
	held := time.Duration(len(snapshot(t, ring).Entries)) * media.FrameDuration
	t.Logf("%d MiB hold %v of speech at %d bit/s", size>>20, held, c.Audio.Bitrate)
	if held < 5*time.Minute {
		t.Errorf("the default size holds %v, want 5 minutes or more", held)
	}
}
