package processes

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/gateway/hub/web/webtest"
)

// watchPort lets a test read the page of a port.
const watchPort = `
window.text = (id) => document.getElementById(id).innerText.replace(/\s+/g, " ").trim();
window.lamp = (name) => document.querySelector('[data-lamp="' + name + '"]').dataset.on === "true";
window.level = (which) => Number(document.querySelector("." + which).ariaValueNow);`

// freeAddress is one of this machine's that nobody serves on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestPageOfAPort looks at a port that runs, in a real browser: who talks, what keeps
// it from talking, what to do about it, and that what it shows is old once it is dead.
func TestPageOfAPort(t *testing.T) {
	s := talkgatetest.NewSite(t)
	at := freeAddress(t)
	config := s.Prepare("north")
	s.Write("north.yaml", s.Read("north.yaml")+fmt.Sprintf("status: {listen: %q}\n", at))
	s.Grant("north")
	run := func() *talkgatetest.Process {
		p := talkgatetest.Start(t, "north", "run", "--config", config)
		p.Until(`^state=idle lamps=link `)
		return p
	}
	north := run()
	b := webtest.Start(t)
	b.Before(watchPort)
	b.Look(390, 844, "light")
	b.Run(chromedp.Navigate("http://" + at + "/"))
	b.Until(`text("headline") === "Channel is free" && text("name") === "The north gate" && lamp("link") && !lamp("talk")`)
	b.Until(`text("connections") === "Link up Redis up Talk right given" && text("lines-list").startsWith("Push-to-talk let go")`)
	south := s.Port("south")

	// Pressed, it talks, and its microphone and timer show.
	north.Say("press")
	b.UntilPhase("talking")
	b.Until(`lamp("talk") && level("mic") > -45 && text("lines-list").startsWith("Push-to-talk held") && document.querySelector("#radio .facts").innerText.includes("Cut in")`)
	b.Shoot("port talks")

	// Its right taken away, the page says why it is silent, and how that is mended.
	s.Revoke("north")
	b.UntilPhase("denied")
	b.Until(`text("detail").startsWith("The right to talk was taken away.") && lamp("alert") && !lamp("talk")`)
	b.Until(`text("faults-list") === "Talk rights North may not talk on gates. talkgate rights grant north gates" && text("urgent").includes("talkgate rights grant north gates")`)
	b.Shoot("port revoked")
	north.Say("release")
	b.Until(`text("headline") === "Not on air" && text("detail").includes("waiting for talk rights")`)
	if code, _, stderr := talkgatetest.Run(t, "", "rights", "grant", "north", "gates", "--redis", s.RedisURL); code != talkgatetest.ExitOK {
		t.Fatal(stderr)
	}
	b.Until(`text("headline") === "Channel is free" && document.getElementById("faults").hidden`)

	// Another talks.
	south.Say("press")
	b.Until(`text("headline") === "The south gate" && lamp("busy") && level("hears") > -45`)
	south.Say("release")
	b.UntilPhase("idle")

	// The hub dies.
	s.Hub.Signal(syscall.SIGKILL)
	b.Until(`text("headline") === "Not on air" && text("connections").startsWith("Link lost") && text("faults-list").includes("see that link.url is right and reachable")`)
	b.Shoot("port without hub")
	s.Hub = talkgatetest.Start(t, "hub", "hub", "--listen", s.HubURL[len("http://"):], "--redis", s.RedisURL, "--token-secret-file", s.Path("hub.secret"))
	b.UntilPhase("idle")

	// A port that hangs, and one that dies, is not mistaken for one that is well.
	if err := north.Cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	b.Until(`document.body.dataset.phase === "old" && text("detail") === "It does not answer in time. What you see is old."`)
	if err := north.Cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	b.Until(`document.body.dataset.phase !== "old"`)
	north.Signal(syscall.SIGKILL)
	b.Until(`document.body.dataset.phase === "old" && text("detail") === "It cannot be reached. What you see is old."`)
	b.Until(`text("headline") === "No answer from the port" && level("mic") === -60 && document.title === "No answer from the port – The north gate"`)
	b.Shoot("port is dead")
	run()
	b.UntilPhase("idle")
}

// TestPageOfAPortWithoutHardware is there before the port is, and says what is missing.
func TestPageOfAPortWithoutHardware(t *testing.T) {
	s := talkgatetest.NewSite(t)
	config := s.Prepare("north")
	// The recorder's button is looked for first, by a binary without sound cards, too.
	const missing = "hardware: {driver: board, ptt: {chip: no-such-chip, line: PTT}, record: {chip: no-such-chip, line: RECORD}, " +
		"sound: {microphone: {card: no-such-card}, speaker: {card: no-such-card}}}\n"
	s.Write("north.yaml", strings.Replace(s.Read("north.yaml"), "hardware: {driver: sim}\n", missing, 1)+fmt.Sprintf("status: {listen: \"127.0.0.1:0\"}\nrecorder: {size: 1, directory: %q}\n", s.Dir))
	p := talkgatetest.Start(t, "north", "run", "--config", config)
	at := "http://" + p.Until(`msg="status is served" address=(\S+)`)
	p.Until(`hardware is missing`)
	b := webtest.Start(t)
	b.Before(watchPort)
	b.Look(390, 844, "dark")
	b.Run(chromedp.Navigate(at))
	b.Until(`text("headline") === "Not on air" && text("faults-list").startsWith("Lines and cards") && text("faults-list").endsWith("plug it in, or correct its name in hardware")`)
	b.Until(`text("faults-list").includes("no-such-chip") && text("connections") === "Link not tried Redis not tried Talk right not tried"`)
	b.Shoot("port without hardware")
	if m := talkgatetest.Get(t, at+"/metrics"); !strings.Contains(m, "\ngo_goroutines ") || strings.Contains(m, "talkgate_port_turns_total") {
		t.Error("metrics of a port that is not there")
	}
}

// TestPageOfAPortLooksOnly: it tells nobody a secret, and takes nothing.
func TestPageOfAPortLooksOnly(t *testing.T) {
	s := talkgatetest.NewSite(t)
	s.Write("codes", "271828\n")
	config := s.Prepare("north")
	s.Write("north.yaml", s.Read("north.yaml")+"talk: {dtmf: {enabled: true, access_file: codes}}\nstatus: {listen: \"127.0.0.1:0\"}\n")
	s.Grant("north")
	p := talkgatetest.Start(t, "north", "run", "--config", config)
	at := "http://" + p.Until(`msg="status is served" address=(\S+)`)
	p.Until(`^state=idle lamps=link `)
	secrets := []string{strings.TrimSpace(s.Read("north.token")), "a secret of this test", "271828", s.RedisURL, s.Dir}
	for _, path := range []string{"/", "/port.js", "/status", "/metrics"} {
		said := talkgatetest.Get(t, at+path)
		for _, secret := range secrets {
			if strings.Contains(said, secret) {
				t.Errorf("%s tells %q", path, secret)
			}
		}
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch} {
			r, err := http.NewRequestWithContext(t.Context(), method, at+path, strings.NewReader("press"))
			if err != nil {
				t.Fatal(err)
			}
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
			if answer.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %s", method, path, answer.Status)
			}
		}
	}
	// A page elsewhere may not read it, nor frame it.
	answer, err := http.Get(at + "/status")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	for name, want := range map[string]string{"Cross-Origin-Resource-Policy": "same-origin", "Access-Control-Allow-Origin": "", "Cache-Control": "no-store"} {
		if got := answer.Header.Get(name); got != want {
			t.Errorf("%s is %q, expected %q", name, got, want)
		}
	}
}
