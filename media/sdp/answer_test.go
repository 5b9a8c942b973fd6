package sdp

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

// A fingerprint is handed on in upper case, which is what servers compare with, and the
// stream by its SSRC.
func TestAnOfferIsReadForAServerWithoutSDP(t *testing.T) {
	o, err := ParseOffer(session+strings.NewReplacer("0A:0B", "0a:0b").Replace(voice)+"a=ssrc:7 cname:x\r\n", SendOnly)
	if err != nil {
		t.Fatal(err)
	}
	if sum := o.Print("sha-256"); !strings.Contains(sum, ":0A:0B:") || o.Print("sha-1") != "" {
		t.Errorf("fingerprint %q", sum)
	}
	if o.SSRC != 7 || o.PayloadType != 111 {
		t.Errorf("SSRC %d, payload type %d", o.SSRC, o.PayloadType)
	}
	for bad, want := range map[string]uint32{"": 0, "a=ssrc:-1 x\r\n": 0, "a=ssrc:4294967296 x\r\n": 0, "a=ssrc:4294967295\r\n": 1<<32 - 1} {
		if o, err := ParseOffer(session+voice+bad, SendOnly); err != nil || o.SSRC != want {
			t.Errorf("%q: %+v, %v", bad, o, err)
		}
	}
}

func TestCandidatesAreWritten(t *testing.T) {
	addr := netip.MustParseAddrPort("192.0.2.1:9")
	for want, c := range map[string]Candidate{
		"candidate:1 1 udp 2130706431 192.0.2.1 9 typ host":                 {Foundation: "1", Priority: HostPriority(65535, false), Addr: addr},
		"candidate:2 1 tcp 1520435199 192.0.2.1 9 typ host tcptype passive": {Foundation: "2", Priority: HostPriority(65535, true), Addr: addr, TCP: true},
	} {
		if got := c.String(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		l := local1
		l.Candidates = []Candidate{c}
		o, err := ParseOffer(session+voice, SendOnly)
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := o.Answer(l); err != nil || !strings.Contains(answer, "a="+want+"\r\n") {
			t.Errorf("no %q in %v\n%s", want, err, answer)
		}
	}
}

func TestCheck(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want error
	}{
		"voice":                {session + voice, nil},
		"sendrecv":             {session + strings.Replace(voice, "sendonly", "sendrecv", 1), nil},
		"direction of session": {session + "a=sendonly\r\n" + without(voice, "a=sendonly"), nil},
		"empty":                {"", ErrNoOpus},
		"junk":                 {"junk", ErrBad},
		"huge":                 {strings.Repeat("a", MaxSize+1), ErrBad},
		"nine sections":        {session + strings.Repeat("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n", maxStack+1), ErrBad},
		"wrong direction":      {session + strings.Replace(voice, "sendonly", "recvonly", 1), ErrBad},
		"rejected":             {session + strings.Replace(voice, "audio 9", "audio 0", 1), ErrNoOpus},
		"another codec":        {session + strings.Replace(voice, "opus/48000/2", "PCMU/8000", 1), ErrNoOpus},
	} {
		if err := Check(tc.text, SendOnly); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v, want %v", name, err, tc.want)
		}
	}
}

// FuzzAnswer answers with the parameters of a server that we do not trust: none of them
// writes a line of its own.
func FuzzAnswer(f *testing.F) {
	f.Add("ufrag", "pass", "AA", "udpcandidate")
	f.Add("ufrag\r\na=ice-ufrag:x", "pass", "AA", "1")
	f.Fuzz(func(t *testing.T, ufrag, password, fingerprint, foundation string) {
		o, err := ParseOffer(session+voice, SendOnly)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := o.Answer(Local{
			Credentials: Credentials{ufrag, password}, Fingerprint: fingerprint,
			Candidates: []Candidate{{Foundation: foundation, Addr: netip.MustParseAddrPort("127.0.0.1:9")}},
		})
		if err != nil {
			if !errors.Is(err, ErrBad) {
				t.Fatal(err)
			}
			return
		}
		if n := strings.Count(answer, "\n"); n != strings.Count(mustAnswer(t, o), "\n")-1 { // a candidate more, msid and ssrc less
			t.Fatalf("%d lines: a parameter wrote a line of its own\n%s", n, answer)
		}
	})
}

// FuzzCheck looks at whatever a server answers.
func FuzzCheck(f *testing.F) {
	f.Add(session + voice + "a=rtpmap:63 red/48000/2\r\na=fmtp:111 stereo=1\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		WithoutOpusParameters(text)
		if err := Check(text, SendOnly); err != nil && !errors.Is(err, ErrBad) && !errors.Is(err, ErrNoOpus) {
			t.Error(err)
		}
	})
}
