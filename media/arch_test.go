package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// codecDir is where TestCodecHere leaves what this processor makes of recorded
// speech, and finds the packets that another made; without it, it only tries.
const codecDir = "TALKGATE_TEST_CODEC_DIR"

func writePackets(packets [][]byte) []byte {
	var b bytes.Buffer
	for _, p := range packets {
		_ = binary.Write(&b, binary.LittleEndian, uint16(len(p)))
		b.Write(p)
	}
	return b.Bytes()
}

func readPackets(t *testing.T, path string) (packets [][]byte) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for r := bytes.NewReader(text); ; {
		var n uint16
		if err := binary.Read(r, binary.LittleEndian, &n); errors.Is(err, io.EOF) {
			return packets
		}
		p := make([]byte, n)
		if _, err := io.ReadFull(r, p); err != nil {
			t.Fatal(err)
		}
		packets = append(packets, p)
	}
}

func readSamples(t *testing.T, path string) []int16 {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pcm := make([]int16, len(text)/2)
	if _, err := binary.Decode(text, binary.LittleEndian, pcm); err != nil {
		t.Fatal(err)
	}
	return pcm
}

// hereEncodes is what this processor makes of recorded speech.
func hereEncodes(t *testing.T) [][]byte {
	t.Helper()
	e, err := NewEncoder(EncoderConfig{FEC: true})
	if err != nil {
		t.Fatal(err)
	}
	return encodeAll(t, e, recorded(t, "front_center"))
}

func hereDecodes(t *testing.T, packets [][]byte) []int16 {
	t.Helper()
	d, err := NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	return decodeAll(t, d, packets)
}

// TestCodecHere runs on each processor.
func TestCodecHere(t *testing.T) {
	own := hereEncodes(t)
	pcm := hereDecodes(t, own)
	dir := os.Getenv(codecDir)
	if dir == "" {
		return
	}
	write := func(name string, content []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	samples := func(pcm []int16) []byte {
		b, _ := binary.Append(nil, binary.LittleEndian, pcm) // of a fixed size
		return b
	}
	write("own.packets", writePackets(own))
	write("own.pcm", samples(pcm))
	write("other.pcm", samples(hereDecodes(t, readPackets(t, filepath.Join(dir, "other.packets")))))
}

// TestProcessorsSoundAlike runs the codec of the boards' processors under
// emulation. Both decode packets bit for bit as this one does, and armhf encodes
// so. On arm64 the compiler fuses multiplications with additions, which rounds
// otherwise and makes the encoder choose otherwise now and then: what it makes is
// as near to the speech.
func TestProcessorsSoundAlike(t *testing.T) {
	packets := hereEncodes(t)
	want := hereDecodes(t, packets)
	for _, tc := range []struct {
		goarch, qemu string
		exact        bool
	}{{"arm", "qemu-arm-static", true}, {"arm64", "qemu-aarch64-static", false}} {
		t.Run(tc.goarch, func(t *testing.T) {
			qemu, err := exec.LookPath(tc.qemu)
			if err != nil {
				t.Skipf("%s is missing: nobody hears the codec of %s", tc.qemu, tc.goarch)
			}
			dir := t.TempDir()
			exe := filepath.Join(dir, "media.test")
			build := exec.Command("go", "test", "-c", "-o", exe, ".")
			build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH="+tc.goarch, "GOARM=7")
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if err := os.WriteFile(filepath.Join(dir, "other.packets"), writePackets(packets), 0o644); err != nil {
				t.Fatal(err)
			}
			there := exec.Command(qemu, exe, "-test.run", "^TestCodecHere$")
			there.Env = append(os.Environ(), codecDir+"="+dir)
			if out, err := there.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			decoded := farthest(want, readSamples(t, filepath.Join(dir, "other.pcm")))
			same := bytes.Equal(writePackets(packets), writePackets(readPackets(t, filepath.Join(dir, "own.packets"))))
			speech := recorded(t, "front_center")
			_, alikeHere := correlate(speech, want, 2*FrameSamples)
			_, alikeThere := correlate(speech, readSamples(t, filepath.Join(dir, "own.pcm")), 2*FrameSamples)
			t.Logf("same packets: %v; decodes them to within %d; alike to the speech %.5f here, %.5f there", same, decoded, alikeHere, alikeThere)
			if tc.exact && !same {
				t.Error("expected the same packets")
			}
			if decoded != 0 || math.Abs(alikeHere-alikeThere) > 0.005 {
				t.Error("expected the same packets to sound the same, and speech to be as alike")
			}
		})
	}
}

// farthest is the greatest difference between two sounds.
func farthest(a, b []int16) (most int) {
	if len(a) != len(b) {
		return math.MaxInt16
	}
	for i := range a {
		d := int(a[i]) - int(b[i])
		most = max(most, d, -d)
	}
	return most
}
