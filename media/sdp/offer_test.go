package sdp

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pion/sdp/v3"
)

const (
	session = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
	print1  = "a=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\r\n"
	ice     = "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n"
	dtls1   = "a=setup:actpass\r\n" + print1
	voice   = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n" + ice + dtls1
)

// local1 is an end that answers in tests.
var local1 = Local{Credentials: Credentials{"here", "aaaaaaaaaaaaaaaaaaaaaaaa"}, Fingerprint: "AA", SSRC: 7}

func mustAnswer(t *testing.T, o *Offer) string {
	t.Helper()
	answer, err := o.Answer(local1)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func without(text string, lines ...string) string {
	for _, line := range lines {
		text = strings.ReplaceAll(text, line+"\r\n", "")
	}
	return text
}

// Offers of other people's clients get an answer with which they connect.
func TestOffersThatAreAccepted(t *testing.T) {
	video := "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:v\r\na=sendonly\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\n" + ice + dtls1
	data := "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:d\r\na=sctp-port:5000\r\n" + ice + dtls1
	for name, tc := range map[string]struct {
		offer    string
		accepted int
		setup    string
	}{
		"voice alone":                {session + voice, 0, "passive"},
		"bundle":                     {session + "a=group:BUNDLE 0\r\n" + voice, 0, "passive"},
		"no last newline":            {strings.TrimSuffix(session+voice, "\r\n"), 0, "passive"},
		"bare newlines":              {strings.ReplaceAll(session+voice, "\r\n", "\n"), 0, "passive"},
		"blank lines at the end":     {session + voice + "\r\n\r\n", 0, "passive"},
		"no mid":                     {session + without(voice, "a=mid:0"), 0, "passive"},
		"peer is the DTLS server":    {session + strings.Replace(voice, "actpass", "passive", 1), 0, "active"},
		"peer is the DTLS client":    {session + strings.Replace(voice, "actpass", "active", 1), 0, "passive"},
		"no setup":                   {session + without(voice, "a=setup:actpass"), 0, "passive"},
		"session's ICE and DTLS":     {session + ice + dtls1 + strings.ReplaceAll(voice, ice+dtls1, ""), 0, "passive"},
		"sendrecv":                   {session + strings.Replace(voice, "sendonly", "sendrecv", 1), 0, "passive"},
		"red before Opus":            {session + strings.Replace(voice, "SAVPF 111\r\n", "SAVPF 63 111\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n", 1), 0, "passive"},
		"unknown extensions":         {session + voice + "a=extmap:1 urn:nobody:knows\r\na=extmap-allow-mixed\r\na=x-strange\r\n", 0, "passive"},
		"rid and simulcast":          {session + voice + "a=rid:hi send\r\na=simulcast:send hi\r\n", 0, "passive"},
		"stereo in upper case":       {session + strings.Replace(voice, "opus/48000/2", "OPUS/48000/2", 1), 0, "passive"},
		"without its channels":       {session + strings.Replace(voice, "opus/48000/2", "OPUS/48000", 1), 0, "passive"},
		"another payload type":       {session + strings.NewReplacer("SAVPF 111", "SAVPF 96", "rtpmap:111", "rtpmap:96").Replace(voice), 0, "passive"},
		"video first":                {session + "a=group:BUNDLE v 0\r\n" + video + voice, 1, "passive"},
		"video first, bundle-only":   {session + "a=group:BUNDLE v 0\r\n" + video + strings.Replace(strings.ReplaceAll(voice, ice+dtls1, "a=bundle-only\r\n"), "audio 9", "audio 0", 1), 1, "passive"},
		"data first":                 {session + "a=group:BUNDLE d 0\r\n" + data + voice, 1, "passive"},
		"video and data behind":      {session + "a=group:BUNDLE 0 v d\r\n" + voice + video + data, 0, "passive"},
		"two audio sections":         {session + "a=group:BUNDLE 0 1\r\n" + voice + strings.Replace(voice, "mid:0", "mid:1", 1), 0, "passive"},
		"second audio can be used":   {session + strings.Replace(voice, "sendonly", "inactive", 1) + strings.Replace(voice, "mid:0", "mid:1", 1), 1, "passive"},
		"several fingerprints":       {session + voice + "a=fingerprint:md2 00\r\n", 0, "passive"},
		"old profile":                {session + strings.Replace(voice, "UDP/TLS/RTP/SAVPF", "RTP/SAVPF", 1), 0, "passive"},
		"TCP profile":                {session + strings.Replace(voice, "UDP/TLS/RTP/SAVPF", "TCP/DTLS/RTP/SAVPF", 1), 0, "passive"},
		"no candidates, trickling":   {session + voice + "a=ice-options:trickle\r\n", 0, "passive"},
		"many candidates everywhere": {session + voice + strings.Repeat("a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n", 900), 0, "passive"},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := ParseOffer(tc.offer, SendOnly)
			if err != nil {
				t.Fatal(err)
			}
			answer := mustAnswer(t, o)
			problem := checkAnswer(tc.offer, answer, tc.accepted)
			if problem == nil && !strings.Contains(answer, "a=setup:"+tc.setup+"\r\n") {
				problem = fmt.Errorf("want setup:%s", tc.setup)
			}
			if problem != nil {
				t.Errorf("%v\n%s", problem, answer)
			}
		})
	}
}

// RED is answered where it carries the Opus that is accepted, after Opus, so that a peer
// sends it when it has a reason to.
func TestREDIsAnswered(t *testing.T) {
	for name, tc := range map[string]struct {
		red  string
		want uint8
	}{
		"of a browser":        {"a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n", 63},
		"three generations":   {"a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111/111\r\n", 63},
		"of another codec":    {"a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/0\r\n", 0},
		"without parameters":  {"a=rtpmap:63 red/48000/2\r\n", 0},
		"of another rate":     {"a=rtpmap:63 red/8000\r\na=fmtp:63 111/111\r\n", 0},
		"with a bad type":     {"a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/x\r\n", 0},
		"not among the types": {"a=rtpmap:62 red/48000/2\r\na=fmtp:62 111/111\r\n", 0},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := ParseOffer(session+strings.Replace(voice, "SAVPF 111\r\n", "SAVPF 63 111\r\n"+tc.red, 1), SendOnly)
			if err != nil {
				t.Fatal(err)
			}
			answer := mustAnswer(t, o)
			if o.REDType != tc.want || strings.Contains(answer, "SAVPF 111 63\r\n") != (tc.want != 0) || strings.Contains(answer, "a=fmtp:63 111/111\r\n") != (tc.want != 0) {
				t.Errorf("RED is %d, want %d\n%s", o.REDType, tc.want, answer)
			}
		})
	}
}

// checkAnswer says what is wrong with an answer (RFC 3264, RFC 9143).
func checkAnswer(offer, answer string, accepted int) error {
	var o, a sdp.SessionDescription
	if err := o.UnmarshalString(strings.TrimSpace(offer) + "\r\n"); err != nil {
		return err
	}
	if err := a.UnmarshalString(answer); err != nil {
		return err
	}
	if len(o.MediaDescriptions) != len(a.MediaDescriptions) {
		return fmt.Errorf("%d sections, want %d", len(a.MediaDescriptions), len(o.MediaDescriptions))
	}
	for i, m := range a.MediaDescriptions {
		want, _ := o.MediaDescriptions[i].Attribute("mid")
		if got, _ := m.Attribute("mid"); got != want {
			return fmt.Errorf("section %d has mid %q, want %q", i, got, want)
		}
		if m.MediaName.Media != o.MediaDescriptions[i].MediaName.Media {
			return fmt.Errorf("section %d is %s", i, m.MediaName.Media)
		}
		if zero := m.MediaName.Port.Value == 0; zero != (i != accepted) {
			return fmt.Errorf("section %d has port %d", i, m.MediaName.Port.Value)
		}
	}
	mid, _ := a.MediaDescriptions[accepted].Attribute("mid")
	_, offered := bundleOf(&o, mid)
	group, grouped := a.Attribute("group")
	if offered != grouped || grouped && group != "BUNDLE "+mid {
		return fmt.Errorf("group %q", group)
	}
	if strings.Contains(answer, "red/") && !strings.Contains(offer, "red/") || strings.Contains(answer, "extmap") || strings.Contains(answer, "simulcast") {
		return errors.New("it answers what nobody here can do")
	}
	return nil
}

func TestOffersThatAreRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		offer string
		want  error
		says  string
	}{
		"empty":                 {"", ErrNoOpus, ""},
		"junk":                  {"\x00\xff junk", ErrBad, ""},
		"huge":                  {strings.Repeat("a", MaxSize+1), ErrBad, "bytes"},
		"only a session":        {session, ErrNoOpus, ""},
		"another codec":         {session + strings.Replace(voice, "opus/48000/2", "PCMU/8000", 1), ErrNoOpus, ""},
		"Opus not in the list":  {session + strings.Replace(voice, "SAVPF 111", "SAVPF 0", 1), ErrNoOpus, ""},
		"Opus as RTCP":          {session + strings.NewReplacer("SAVPF 111", "SAVPF 72", "rtpmap:111", "rtpmap:72").Replace(voice), ErrNoOpus, ""},
		"Opus as video":         {session + strings.Replace(voice, "m=audio", "m=video", 1), ErrNoOpus, ""},
		"rejected section":      {session + strings.Replace(voice, "audio 9", "audio 0", 1), ErrUnacceptable, "port is 0"},
		"inactive":              {session + strings.Replace(voice, "sendonly", "inactive", 1), ErrUnacceptable, "inactive"},
		"wrong direction":       {session + strings.Replace(voice, "sendonly", "recvonly", 1), ErrUnacceptable, "recvonly"},
		"1000 sections":         {session + strings.Repeat("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n", 1000), ErrBad, "1000"},
		"a mid twice":           {session + voice + voice, ErrBad, "mid"},
		"no fingerprint":        {session + without(voice, strings.TrimSpace(print1)), ErrUnacceptable, "fingerprint"},
		"SDES only":             {session + without(voice, strings.TrimSpace(print1)) + "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n", ErrUnacceptable, "DTLS-SRTP"},
		"fingerprint of md2":    {session + strings.Replace(voice, "sha-256", "md2", 1), ErrUnacceptable, "md2"},
		"no ICE":                {session + strings.ReplaceAll(voice, ice, ""), ErrUnacceptable, "ice-ufrag"},
		"short password":        {session + strings.Replace(voice, "abcdefghijklmnopqrstuvwx", "abc", 1), ErrUnacceptable, "fewer"},
		"long user fragment":    {session + strings.Replace(voice, "ufrag:abcd", "ufrag:"+strings.Repeat("a", 257), 1), ErrUnacceptable, "more than"},
		"both are ICE-lite":     {session + "a=ice-lite\r\n" + voice, ErrUnacceptable, "ICE-lite"},
		"no rtcp-mux":           {session + without(voice, "a=rtcp-mux"), ErrUnacceptable, "rtcp-mux"},
		"not encrypted":         {session + strings.Replace(voice, "UDP/TLS/RTP/SAVPF", "RTP/AVP", 1), ErrUnacceptable, "RTP/AVP"},
		"holds its connection":  {session + strings.Replace(voice, "actpass", "holdconn", 1), ErrUnacceptable, "holdconn"},
		"bundle-only, no group": {session + strings.Replace(voice, "audio 9", "audio 0", 1) + "a=bundle-only\r\n", ErrUnacceptable, "port is 0"},
	} {
		_, err := ParseOffer(tc.offer, SendOnly)
		if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: got %v, want %v with %q", name, err, tc.want, tc.says)
		}
	}
}

// The offers of testdata are those that clients were seen to fail with.
func TestOffersFromTheField(t *testing.T) {
	for file, accepted := range map[string]int{"audio-first": 0, "no-last-newline": 0, "video-first": 1} {
		text, err := os.ReadFile(filepath.Join("testdata", "offer-"+file+".sdp"))
		if err != nil {
			t.Fatal(err)
		}
		o, err := ParseOffer(string(text), RecvOnly)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		answer := mustAnswer(t, o)
		if problem := checkAnswer(string(text), answer, accepted); problem != nil {
			t.Errorf("%s: %v\n%s", file, problem, answer)
		}
	}
}

// Whatever is offered is refused for a reason, or gets an answer that can be
// parsed, with a section for each of the offer.
func FuzzOffer(f *testing.F) {
	f.Add(session + voice)
	f.Add(session + "a=group:BUNDLE 0 v\r\n" + voice + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:v\r\n")
	f.Add(session + strings.Replace(voice, "mid:0", "mid:\x01", 1))
	f.Fuzz(func(t *testing.T, offer string) {
		for _, author := range []Direction{SendOnly, RecvOnly} {
			o, err := ParseOffer(offer, author)
			if err != nil {
				if !errors.Is(err, ErrBad) && !errors.Is(err, ErrNoOpus) && !errors.Is(err, ErrUnacceptable) {
					t.Errorf("refused for no reason: %v", err)
				}
				continue
			}
			var a sdp.SessionDescription
			answer := mustAnswer(t, o)
			if err := a.UnmarshalString(answer); err != nil {
				t.Errorf("%v:\n%s", err, answer)
			} else if len(a.MediaDescriptions) != len(o.sections) {
				t.Errorf("%d sections, want %d", len(a.MediaDescriptions), len(o.sections))
			}
		}
	})
}

func FuzzFragment(f *testing.F) {
	f.Add(ice + "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\na=end-of-candidates\r\n")
	f.Add("a=ice-ufrag:x\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseFragment(text)
		if err == nil && c != (Credentials{}) && c.check() != nil {
			t.Errorf("%+v", c)
		}
		if err != nil && !errors.Is(err, ErrBad) {
			t.Error(err)
		}
		if utf8.ValidString(text) && err == nil && strings.ContainsAny(c.Ufrag, "\r\n") {
			t.Errorf("%q", c.Ufrag)
		}
	})
}
