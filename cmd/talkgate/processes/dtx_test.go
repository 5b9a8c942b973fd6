package processes

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/gateway/hub/web/webtest"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
)

// words is a WAV of somebody who says a word each two seconds, with a little noise
// behind.
func words() string {
	pcm := make([]int16, 2*media.SampleRate)
	sim.Speech(0)(0, pcm[:media.SampleRate/2])
	random := rand.New(rand.NewPCG(1, 1))
	for i := range pcm {
		pcm[i] += int16(12 * random.NormFloat64())
	}
	wav := []byte("RIFF")
	wav = binary.LittleEndian.AppendUint32(wav, uint32(36+2*len(pcm)))
	wav = append(wav, "WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"...)
	wav = binary.LittleEndian.AppendUint32(wav, media.SampleRate)
	wav = binary.LittleEndian.AppendUint32(wav, 2*media.SampleRate)
	wav = append(wav, "\x02\x00\x10\x00data"...)
	wav = binary.LittleEndian.AppendUint32(wav, uint32(2*len(pcm)))
	wav, _ = binary.Append(wav, binary.LittleEndian, pcm)
	return string(wav)
}

// TestDTXOverAHub: ports in processes of their own and a browser, on a real hub. A pause
// is a pause to each of them, and no loss, no end and no way round a revocation.
func TestDTXOverAHub(t *testing.T) {
	s := talkgatetest.NewSite(t)
	s.Write("words.wav", words())
	s.More = "audio: {dtx: true, complexity: 7}\nstatus: {listen: \"127.0.0.1:0\"}\n"
	begin := func(user string) (p *talkgatetest.Process, at string) {
		t.Helper()
		config := s.Prepare(user)
		s.Write(user+".yaml", strings.Replace(s.Read(user+".yaml"), "{driver: sim}", fmt.Sprintf("{driver: sim, speech: %q}", s.Path("words.wav")), 1))
		s.Grant(user)
		p = talkgatetest.Start(t, user, "run", "--config", config)
		at = "http://" + p.Until(`msg="status is served" address=(\S+)`)
		p.Until(`^state=idle lamps=link `)
		return p, at
	}
	north, northAt := begin("north")
	south, southAt := begin("south")
	b := listeningBrowser(t, s)

	north.Say("press")
	south.Until(`speaker=heard holder="north"`)
	paused := func() float64 { return metric(t, northAt, `talkgate_port_talk_frames_total{result="paused"}`) }
	webtest.Eventually(t, "most of ten seconds is left out", func() bool { return paused() > 300 })
	sent := metric(t, northAt, `talkgate_port_talk_frames_total{result="sent"}`)
	webtest.Eventually(t, "the rest is heard", func() bool {
		return metric(t, southAt, `talkgate_port_heard_packets_total{result="played"}`) >= 0.98*sent
	})
	if spurts := metric(t, southAt, "talkgate_port_heard_spurts_total"); spurts != 1 {
		t.Errorf("south heard %v talk spurts, want 1", spurts)
	}
	if comfort := metric(t, southAt, "talkgate_port_heard_comfort_total"); comfort < 250 {
		t.Errorf("%v slots of comfort noise for %v frames that were left out", comfort, paused())
	}
	heard := webtest.Eval[map[string]float64](b, `(async () => (await received()))()`)
	share := heard["concealedSamples"] / heard["totalSamplesReceived"]
	t.Logf("%.0f packets sent, %.0f left out; the browser received %.0f, lost %.0f, and took %.1f %% of what it played for lost", sent, paused(),
		heard["packetsReceived"], heard["packetsLost"], 100*share)
	if heard["packetsLost"] > 0.02*sent || heard["packetsReceived"] < sent/2 || share > 0.3 {
		t.Errorf("the browser: %v", heard)
	}
	north.Say("release")
	north.Until(`^state=idle lamps=link `)
	north.Say("press")
	north.Until(`^state=talking`)
	webtest.Eventually(t, "north pauses", func() bool { return strings.Contains(talkgatetest.Get(t, northAt+"/status"), `"pauses":true`) })
	s.Revoke("north")
	north.Until(`^state=refused .*why="the right to talk was taken away"`)
	sent = metric(t, northAt, `talkgate_port_talk_frames_total{result="sent"}`)
	time.Sleep(2500 * time.Millisecond) // a word is said meanwhile
	if more := metric(t, northAt, `talkgate_port_talk_frames_total{result="sent"}`) - sent; more != 0 {
		t.Errorf("%v frames are sent after the end", more)
	}
	if is := metric(t, southAt, `talkgate_port_heard_packets_total{result="played"}`); is > sent {
		t.Errorf("%v packets are heard of %v that were sent", is, sent)
	}
}

// listeningBrowser is a console that listens on the channel, and has received(), which
// is how the browser says it does.
func listeningBrowser(t *testing.T, s *talkgatetest.Site) *webtest.Browser {
	t.Helper()
	code, token, stderr := talkgatetest.Run(t, "", "token", "--secret-file", s.Path("hub.secret"), "--user", "desk", "--channel", "gates", "--role", "DISPATCH")
	if code != talkgatetest.ExitOK {
		t.Fatal(stderr)
	}
	b := webtest.Start(t)
	b.Before(`window.connections = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...args) { super(...args); connections.push(this); }
};
window.received = async () => {
  for (const c of connections) for (const s of (await c.getStats()).values()) if (s.type === 'inbound-rtp') {
    const { packetsReceived, packetsLost, concealedSamples, totalSamplesReceived } = s;
    return { packetsReceived, packetsLost, concealedSamples, totalSamplesReceived };
  }
  return {};
};`)
	b.Look(1440, 900, "dark")
	b.Run(chromedp.Navigate(s.HubURL + "/fleet.html"))
	b.Until(`!document.getElementById("sign-in").hidden`)
	b.Run(chromedp.SetValue("#token", strings.TrimSpace(token)), chromedp.Click("#sign-in button"))
	b.Until(`document.querySelector('[data-listen="gates"]') !== null`)
	b.Run(chromedp.Click(`[data-listen="gates"]`))
	b.Until(`document.querySelector("#health-sound dd").textContent === "up"`)
	return b
}

// metric is the value of a port's metric.
func metric(t *testing.T, at, name string) float64 {
	t.Helper()
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)$`).FindStringSubmatch(talkgatetest.Get(t, at+"/metrics"))
	if m == nil {
		t.Fatalf("there is no metric %s", name)
	}
	value, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return value
}
