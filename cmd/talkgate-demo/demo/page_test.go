package demo_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/talkgate/talkgate/cmd/talkgate-demo/demo"
	"github.com/talkgate/talkgate/gateway/hub/web/webtest"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// watchMedia lets a test count the page's RTP packets and look at its microphone.
const watchMedia = `
window.connections = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...args) { super(...args); connections.push(this); }
};
const capture = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (constraints) => {
  const stream = await capture(constraints);
  window.microphone = stream.getAudioTracks()[0];
  return stream;
};
window.packets = async (type, field) => {
  let sum = 0;
  for (const c of connections) for (const s of (await c.getStats()).values()) if (s.type === type) sum += s[field];
  return sum;
};
window.pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
window.strip = (name) => [...document.querySelectorAll(".station")].find((s) => s.querySelector(".name").textContent === name);
window.me = () => document.querySelector(".you:not([hidden])").closest(".station");
window.level = (station, which) => Number(station.querySelector("." + which).getAttribute("aria-valuenow"));
window.lamp = (name, lamp) => strip(name).querySelector('[data-lamp="' + lamp + '"]').dataset.on === "true";`

const (
	silent    = "<= -60" // dBFS, at a meter of the page
	canListen = `document.querySelector("#health-sound dd").textContent === "up"`
	canTalk   = `document.querySelector("#health-microphone dd").textContent === "closed"`
)

// visit starts a demo and a browser that has joined with its microphone, which says
// a sentence over and over. The scripts run before the page's own.
func visit(t *testing.T, scripts ...string) *webtest.Browser {
	url := start(t)
	sentence, err := filepath.Abs("../../../hal/sim/speech.wav")
	if err != nil {
		t.Fatal(err)
	}
	b := webtest.Start(t, chromedp.Flag("use-file-for-fake-audio-capture", sentence))
	for _, script := range append(scripts, watchMedia) {
		b.Before(script)
	}
	b.Look(1280, 1000, "dark")
	b.Run(chromedp.Navigate(url))
	b.Until(`document.querySelectorAll(".station").length >= 3 && ["north-gate", "south-gate", "hill-repeater"].every((name) => lamp(name, "link"))`)
	b.Run(chromedp.Click("#join-talk"))
	b.Until(canListen + " && " + canTalk)
	return b
}

// TestPage is the whole path, for real: Redis, hub, the ports of two virtual
// radios, and a browser with its microphone and loudspeaker.
func TestPage(t *testing.T) {
	b := visit(t)

	// A radio is heard by the page and by the other radio.
	click(b, `strip("north-gate").querySelector(".latch")`)
	b.UntilPhase("busy")
	b.Until(`document.getElementById("headline").textContent === "north-gate"`)
	b.Until(`lamp("north-gate", "talk") && lamp("south-gate", "busy")`)
	b.Until(speech(`level(me(), "hears")`, `level(strip("south-gate"), "hears")`, `level(strip("north-gate"), "sends")`))
	if !webtest.Eval[bool](b, `!document.getElementById("sound").paused && document.getElementById("sound").currentTime > 0`) {
		t.Error("the page meters the channel, but does not play it")
	}
	b.Shoot("desktop-dark-radio-talks")

	// Its talk right taken away, it falls silent though it is still pressed.
	click(b, `strip("north-gate").querySelector(".rights")`)
	b.UntilPhase("idle")
	b.Until(`lamp("north-gate", "alert") && !lamp("north-gate", "talk") && !lamp("south-gate", "busy")`)
	b.Until(`level(me(), "hears") ` + silent + ` && level(strip("south-gate"), "hears") ` + silent)
	noMorePackets(t, b, "inbound-rtp", "packetsReceived")
	if !webtest.Eval[bool](b, `strip("north-gate").querySelector(".key").dataset.pressed === "true"`) {
		t.Error("north-gate was let go; it must fall silent while pressed")
	}
	b.Shoot("desktop-dark-radio-revoked")
	click(b, `strip("north-gate").querySelector(".latch")`)
	b.Until(`!lamp("north-gate", "alert")`)
	click(b, `strip("north-gate").querySelector(".rights")`)
	b.Until(`strip("north-gate").querySelector(".rights").dataset.allowed === "true"`)

	// The visitor's microphone is heard by both radios.
	b.Run(chromedp.Focus("#talk"), webtest.Down(" "))
	b.UntilPhase("talking")
	b.Until(speech(`level(strip("north-gate"), "hears")`, `level(strip("south-gate"), "hears")`, `level(me(), "sends")`))
	b.Until(`lamp("north-gate", "busy") && lamp("south-gate", "busy")`)
	b.Shoot("desktop-dark-visitor-talks")

	// Until the right to talk is taken away; holding on does not help.
	webtest.Eval[any](b, `me().querySelector(".rights").click(); null`)
	b.UntilPhase("revoked")
	b.Until(`document.getElementById("detail").textContent.includes("taken away")`)
	b.Until(`!microphone.enabled && connections.every((c) => c.getSenders().every((s) => s.track === null))`)
	b.Until(`level(strip("north-gate"), "hears") ` + silent + ` && level(strip("south-gate"), "hears") ` + silent)
	noMorePackets(t, b, "outbound-rtp", "packetsSent")
	b.Look(360, 720, "light")
	b.Shoot("phone-light-visitor-revoked")
	if width := webtest.Eval[int](b, "document.documentElement.scrollWidth"); width > 360 {
		t.Errorf("on a phone the page is %d px wide", width)
	}
	b.Run(webtest.Up(" "))

	// Given back, a fresh press talks again.
	webtest.Eval[any](b, `me().querySelector(".rights").click(); null`)
	b.Until(`me().querySelector(".rights").dataset.allowed === "true"`)
	b.Run(webtest.Down(" "))
	b.UntilPhase("talking")
	b.Until(speech(`level(strip("south-gate"), "hears")`))
	b.Run(webtest.Up(" "))
	b.UntilPhase("idle")
	noMorePackets(t, b, "outbound-rtp", "packetsSent")

	// A dispatcher breaks into a radio's talk spurt.
	click(b, `strip("south-gate").querySelector(".latch")`)
	b.Until(`document.getElementById("talk-label").textContent === "Hold to break in"`)
	b.Run(chromedp.Focus("#talk"), webtest.Down(" "))
	b.UntilPhase("talking")
	b.Until(`lamp("south-gate", "alert") && !lamp("south-gate", "talk")`)
	b.Until(speech(`level(strip("north-gate"), "hears")`))
	b.Run(webtest.Up(" "))
	click(b, `strip("south-gate").querySelector(".latch")`)
	b.Until(`!lamp("south-gate", "alert")`)
	b.UntilPhase("idle")

	// Who joined without a microphone hears as well.
	b.Run(chromedp.Click("#leave"), chromedp.Click("#join-listen"))
	b.Until(canListen)
	b.Run(chromedp.Focus(`[aria-label="Hold to talk on south-gate"]`), webtest.Down("Enter"))
	b.Until(`document.getElementById("headline").textContent === "south-gate"`)
	b.Until(speech(`level(me(), "hears")`))
	b.Shoot("phone-light-listening")
	b.Run(webtest.Up("Enter"))
	b.UntilPhase("idle")
	b.Until(`level(me(), "hears") ` + silent)
}

// TestConsoleOfTheDemo: its radios are on the console, live, with nothing but the
// demo's own process.
func TestConsoleOfTheDemo(t *testing.T) {
	url := startOn(t, "")
	b := webtest.Start(t)
	b.Run(chromedp.Navigate(url + "/fleet.html"))
	b.Until(`document.querySelector('[data-filter="well"] strong').textContent === "3"`)
	press := func(how string) {
		t.Helper()
		resp, err := http.Post(url+"/demo/radios/north-gate/"+how, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	press("press")
	b.Until(`document.querySelector('.row[data-id="north-gate"] [data-lamp="talk"]').dataset.on === "true"`)
	b.Until(`document.querySelector('.row[data-id="south-gate"] [data-lamp="busy"]').dataset.on === "true"`)
	b.Until(`document.querySelector('[data-filter="talking"] strong').textContent === "1"`)
	b.Shoot("fleet of the demo")
	press("release")
	b.Until(`document.querySelector('[data-filter="talking"] strong').textContent === "0"`)

	// What it said is heard again, and its way to the hub tried.
	b.Until(`document.querySelectorAll("#recall-list li").length === 1 && document.querySelector("#recall-list b").textContent === "north-gate"`)
	b.Run(chromedp.Click(`.row[data-id="south-gate"]`), chromedp.Click("#parrot"))
	b.Until(`document.getElementById("detail-facts").textContent.includes("back after")`)
}

// start runs the demo on a Redis of its own and returns where its page is.
func start(t *testing.T) string {
	t.Helper()
	return startOn(t, redistest.Start(t).URL)
}

// startOn is start on a Redis, or with an empty URL in the demo's own process.
func startOn(t *testing.T, redisURL string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	cfg := demo.Config{
		Listen: "127.0.0.1:0", RedisURL: redisURL,
		Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	go func() {
		err := demo.Run(ctx, cfg, in)
		in.Close()
		ended <- err
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the demo ends: %v", err)
		}
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, url, found := strings.Cut(lines.Text(), "http://"); found {
			go io.Copy(io.Discard, out)
			return "http://" + url
		}
	}
	t.Fatal("the demo does not say where its page is")
	return ""
}

// speech is the condition that meters have shown sound for longer than any tone
// of a port's lasts.
func speech(meters ...string) string {
	return fmt.Sprintf(`(async () => {
		const meters = [() => %s];
		const loud = meters.map(() => 0);
		for (let i = 0; i < 200 && loud.some((n) => n < 25); i++) {
			meters.forEach((level, m) => { if (level() > -45) loud[m]++; });
			await pause(50);
		}
		return loud.every((n) => n >= 25);
	})()`, strings.Join(meters, ", () => "))
}

// click clicks what a JavaScript expression names, with the mouse.
func click(b *webtest.Browser, element string) {
	at := webtest.Eval[[]float64](b, fmt.Sprintf(`(() => {
		const e = %s;
		e.scrollIntoView({ block: "center" });
		const r = e.getBoundingClientRect();
		return [r.x + r.width / 2, r.y + r.height / 2];
	})()`, element))
	b.Run(chromedp.MouseClickXY(at[0], at[1]))
}

// noMorePackets fails the test if the page receives or sends RTP in the next second.
func noMorePackets(t *testing.T, b *webtest.Browser, kind, field string) {
	t.Helper()
	counts := webtest.Eval[[]int](b, fmt.Sprintf(`(async () => {
		const before = await packets(%[1]q, %[2]q);
		await pause(1000);
		return [before, await packets(%[1]q, %[2]q)];
	})()`, kind, field))
	if counts[0] == 0 || counts[0] != counts[1] {
		t.Errorf("%s went from %d to %d in a second of silence", field, counts[0], counts[1])
	}
}
