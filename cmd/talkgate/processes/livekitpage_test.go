package processes

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/gateway/hub/web/webtest"
	"github.com/talkgate/talkgate/gateway/link/livekit/livekittest"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// watchPackets lets a test count the RTP that the page sends.
const watchPackets = `
window.connections = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...args) { super(...args); connections.push(this); }
};
window.sent = async () => {
  let sum = 0;
  for (const c of connections) for (const s of (await c.getStats()).values()) if (s.type === "outbound-rtp") sum += s.packetsSent;
  return sum;
};
window.pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
window.hears = () => Number(document.querySelector(".you:not([hidden])").closest(".station").querySelector(".hears").getAttribute("aria-valuenow"));`

// TestPageOnLiveKit is a browser and a port in a LiveKit room, whose floor the hub
// keeps for the page, with a guard beside them.
func TestPageOnLiveKit(t *testing.T) {
	lk, server, dir := livekittest.Start(t, ""), redistest.Start(t), t.TempDir()
	s := &talkgatetest.Site{T: t, Dir: dir, RedisURL: server.URL}
	s.Write("hub.secret", "a secret of this test, 32 bytes and more\n")
	s.Write("livekit.key", livekittest.KeyText)
	state, err := redis.Open(conn.Config{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { state.Close() })
	s.State = state
	hub := talkgatetest.Start(t, "hub", "hub", "--listen", "127.0.0.1:0", "--redis", server.URL, "--token-secret-file", s.Path("hub.secret"),
		"--livekit", lk.URL, "--livekit-key-file", s.Path("livekit.key"))
	page := hub.Until(`msg="hub listens".* url=(\S+)`)
	talkgatetest.Start(t, "guard", "guard", "--livekit", lk.URL, "--livekit-key-file", s.Path("livekit.key"), "--redis", server.URL)
	s.Grant("north")
	s.Grant("visitor")
	config := filepath.Join(dir, "north.yaml")
	if err := os.WriteFile(config, fmt.Appendf(nil, `version: 1
channel: gates
identity: {user_id: north, user_name: The north gate}
redis: {url: "%s"}
link: {kind: livekit, url: "%s", key_file: livekit.key}
hardware: {driver: sim}
`, server.URL, lk.URL), 0o600); err != nil {
		t.Fatal(err)
	}
	north := talkgatetest.Start(t, "north", "run", "--config", config)
	north.Until(`^state=idle lamps=link `)
	_, token, stderr := talkgatetest.Run(t, "", "token", "--secret-file", s.Path("hub.secret"), "--user", "visitor", "--channel", "gates", "--role", "GENERAL")
	if token == "" {
		t.Fatal(stderr)
	}

	sentence, err := filepath.Abs("../../../hal/sim/speech.wav")
	if err != nil {
		t.Fatal(err)
	}
	b := webtest.Start(t, chromedp.Flag("use-file-for-fake-audio-capture", sentence))
	b.Before(watchPackets)
	b.Run(chromedp.Navigate(page))
	b.Until(`document.querySelector("#sign-in").checkVisibility()`)
	webtest.Eval[any](b, fmt.Sprintf(`document.querySelector("#token").value = %q; document.querySelector("#channel-input").value = "gates";
		document.querySelector("#sign-in").requestSubmit(); null`, strings.TrimSpace(token)))
	b.Until(`document.querySelector("#join-talk").checkVisibility()`)
	b.Run(chromedp.Click("#join-talk"))
	b.Until(`document.querySelector("#health-sound dd").textContent === "up" && document.querySelector("#health-microphone dd").textContent === "closed"`)

	// The port is heard by the page.
	north.Say("press")
	north.Until(`^state=talking `)
	b.UntilPhase("busy")
	b.Until(`hears() > -45`)
	north.Say("release")
	b.UntilPhase("idle")
	b.Until(`hears() <= -60`)

	// The page is heard by the port.
	b.Run(chromedp.Focus("#talk"), webtest.Down(" "))
	b.UntilPhase("talking")
	north.Until(`^state=idle lamps=busy,link speaker=heard holder="visitor"`)

	// Until its right is taken away: nothing is sent any more, though it holds on.
	if _, err := s.State.RevokeRights(t.Context(), "visitor", "gates"); err != nil {
		t.Fatal(err)
	}
	b.UntilPhase("revoked")
	north.Until(`^state=idle lamps=link speaker=quiet holder=""`)
	if n := webtest.Eval[int](b, `(async () => { await pause(200); const before = await sent(); await pause(1000); return await sent() - before; })()`); n != 0 {
		t.Errorf("%d packets were sent after the revocation", n)
	}
	b.Run(webtest.Up(" "))

	// With its right the page is back, whatever the guard did meanwhile.
	s.Grant("visitor")
	b.Until(`document.querySelector("#health-microphone dd").textContent === "closed"`)
	b.UntilPhase("idle")
	b.Run(chromedp.Focus("#talk"), webtest.Down(" "))
	b.UntilPhase("talking")
	north.Until(`^state=idle lamps=busy,link speaker=heard holder="visitor"`)
	b.Run(webtest.Up(" "))
	north.Until(`^state=idle lamps=link speaker=quiet holder=""`)
}
