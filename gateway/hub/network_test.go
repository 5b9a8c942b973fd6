package hub

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/talkgate/talkgate/gateway/hub/certs"
	"github.com/talkgate/talkgate/gateway/hub/respond"
	"github.com/talkgate/talkgate/gateway/hub/turn"
	"github.com/talkgate/talkgate/gateway/hub/whip"
	"github.com/talkgate/talkgate/media/icelite"
)

// overTCP is a peer whose network blocks UDP.
func overTCP(s *webrtc.SettingEngine) {
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4})
}

// hearsOverTCP says whether a member hears a talker over TCP only.
func hearsOverTCP(t *testing.T, s *site) {
	t.Helper()
	a := newAttacker(s, "listener", overTCP)
	heard := make(chan struct{}, 1)
	a.pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for {
			if _, _, err := t.ReadRTP(); err != nil {
				return
			}
			select {
			case heard <- struct{}{}:
			default:
			}
		}
	})
	if _, err := a.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		t.Fatal(err)
	}
	a.connect(whip.KindWHEP)
	talker := s.talker("talker")
	s.allow("talker")
	s.knows("talker", true)
	s.take("talker")
	talker.keepSaying("it is heard over TCP", func() bool { return len(heard) > 0 })
}

func TestMediaOverTCP(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"a port of its own": func(c *Config) {
			c.Media = mediaServer(t, icelite.Config{TCP: "127.0.0.1:0", PeerTimeout: 2 * time.Second})
		},
		"the port of HTTP": func(c *Config) { c.ShareTCP = true },
	} {
		t.Run(name, func(t *testing.T) { hearsOverTCP(t, newSite(t, change)) })
	}
}

// One port serves HTTPS and media over TCP.
func TestOnePortForAll(t *testing.T) {
	ca, err := certs.OwnCA(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, func(c *Config) { c.ShareTCP, c.TLS = true, ca.Config() })
	text, err := os.ReadFile(ca.CertFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	s.http.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	s.scheme = "https"
	if a := s.do(t.Context(), "GET", "/healthz", "", "", ""); a.status != 200 {
		t.Fatal(a.status, a.body)
	}
	hearsOverTCP(t, s)
}

// A hub behind a router names the router's address, and its own.
func TestPublicAddress(t *testing.T) {
	s := newSite(t, func(c *Config) {
		c.Media = mediaServer(t, icelite.Config{PublicAddresses: []netip.AddrPort{
			netip.MustParseAddrPort("203.0.113.7:0"), netip.MustParseAddrPort("203.0.113.8:4000"), netip.MustParseAddrPort("[2001:db8::7]:0"),
		}})
	})
	a := newAttacker(s, "a")
	if _, err := a.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		t.Fatal(err)
	}
	r := s.do(t.Context(), http.MethodPost, "/whep/"+channelID, tokenOf(t, claims("a")), respond.SDP, a.offer())
	var got []string
	for line := range strings.Lines(r.body) {
		if f := strings.Fields(line); strings.HasPrefix(line, "a=candidate:") {
			got = append(got, f[4]+" "+f[5])
		}
	}
	if len(got) != 3 || !strings.HasPrefix(got[0], "203.0.113.7 ") || got[1] != "203.0.113.8 4000" || !strings.HasPrefix(got[2], "127.0.0.1 ") ||
		strings.TrimPrefix(got[0], "203.0.113.7") != strings.TrimPrefix(got[2], "127.0.0.1") {
		t.Errorf("candidates %q", got)
	}
}

// Members are told of the relay with a credential that its server can check.
func TestTURNIsTold(t *testing.T) {
	relay := &turn.Relay{URLs: []string{"turn:turn.example:3478?transport=tcp"}, Secret: []byte("north")}
	s := newSite(t, func(c *Config) { c.TURN = relay })
	const prefix = `<turn:turn.example:3478?transport=tcp>; rel="ice-server"; username="`
	for _, r := range []answer{
		s.as("a", "OPTIONS", whipPath),
		func() answer {
			a := newAttacker(s, "a")
			if _, err := a.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
				t.Fatal(err)
			}
			return s.do(t.Context(), http.MethodPost, "/whep/"+channelID, tokenOf(t, claims("a")), respond.SDP, a.offer())
		}(),
	} {
		link := r.header.Get("Link")
		if !strings.HasPrefix(link, prefix) || !strings.HasSuffix(link, `"; credential-type="password"`) || !strings.Contains(link, `:a"; credential="`) {
			t.Errorf("%d, Link %q", r.status, link)
		}
	}
	if r := s.do(t.Context(), "OPTIONS", whipPath, "", "", ""); r.header.Get("Link") != "" {
		t.Error("told without a token")
	}
}
