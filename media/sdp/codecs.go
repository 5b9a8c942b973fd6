package sdp

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"

	"github.com/talkgate/talkgate/media"
)

// opusPayloadType finds the first mapping of RFC 7587 section 7, "opus/48000/2",
// whose payload type the section lists. GStreamer's webrtcbin leaves the "/2" out, which
// says the same: Opus is what it is.
func opusPayloadType(m *sdp.MediaDescription) (pt uint8, encoding string, ok bool) {
	full := fmt.Sprintf("opus/%d", media.SampleRate)
	for _, encoding := range []string{full + "/2", full} {
		for pt := range payloadTypes(m, encoding) {
			return pt, encoding, true
		}
	}
	return 0, "", false
}

// redPayloadType finds RED of a payload type alone, as in "a=fmtp:63 111/111" (RFC 2198
// section 5), or 0.
func redPayloadType(m *sdp.MediaDescription, opus uint8) uint8 {
	for pt := range payloadTypes(m, fmt.Sprintf("red/%d/2", media.SampleRate)) {
		for _, a := range m.Attributes {
			number, types, ok := strings.Cut(strings.TrimSpace(a.Value), " ")
			if a.Key != "fmtp" || !ok || number != strconv.Itoa(int(pt)) {
				continue
			}
			blocks := strings.Split(strings.TrimSpace(types), "/")
			if len(blocks) >= 2 && !slices.ContainsFunc(blocks, func(b string) bool { return b != strconv.Itoa(int(opus)) }) {
				return pt
			}
		}
	}
	return 0
}

// payloadTypes are those that a section lists and maps to an encoding.
func payloadTypes(m *sdp.MediaDescription, encoding string) iter.Seq[uint8] {
	return func(yield func(uint8) bool) {
		for _, a := range m.Attributes {
			if a.Key != "rtpmap" {
				continue
			}
			number, mapped, ok := strings.Cut(strings.TrimSpace(a.Value), " ")
			if !ok || !strings.EqualFold(strings.TrimSpace(mapped), encoding) || !slices.Contains(m.MediaName.Formats, number) {
				continue
			}
			// 64 to 95 can't be told from RTCP on one port (RFC 5761 section 4).
			pt, err := strconv.ParseUint(number, 10, 8)
			if err == nil && pt < 128 && (pt < 64 || pt > 95) && !yield(uint8(pt)) {
				return
			}
		}
	}
}

// WithoutOpusParameters is a description of the peer without its parameters for Opus,
// which change nothing of what we send or can play. The stack would take Opus with
// others than ours for a lesser match than RED, and leave it out.
func WithoutOpusParameters(text string) string {
	opus := map[string]bool{}
	for line := range strings.Lines(text) {
		if pt, encoding, ok := strings.Cut(strings.TrimPrefix(line, "a=rtpmap:"), " "); ok && strings.HasPrefix(strings.ToLower(encoding), "opus/") {
			opus[pt] = true
		}
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		rest, is := strings.CutPrefix(line, "a=fmtp:")
		if pt, _, _ := strings.Cut(rest, " "); is && opus[pt] {
			continue
		}
		b.WriteString(line)
	}
	return b.String()
}
