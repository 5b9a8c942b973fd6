package processes

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/gateway/hub/web/webtest"
	"github.com/talkgate/talkgate/gateway/link/livekit/livekittest"
	"github.com/talkgate/talkgate/gateway/link/livekit/room"
	"github.com/talkgate/talkgate/media/rtc"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// TestAGuardMutesAClientOfLiveKits has LiveKit's own client, in a browser, talk
// without asking anybody for the floor.
func TestAGuardMutesAClientOfLiveKits(t *testing.T) {
	lk, server := livekittest.Start(t, ""), redistest.Start(t)
	state, err := redis.Open(conn.Config{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { state.Close() })
	s := &talkgatetest.Site{T: t, Dir: t.TempDir(), RedisURL: server.URL, State: state}
	s.Write("hub.secret", "a secret of this test, 32 bytes and more\n")
	s.Write("livekit.key", livekittest.KeyText)
	s.Grant("rogue")
	s.Grant("listener")
	// The hub is only where the client comes from.
	hub := talkgatetest.Start(t, "hub", "hub", "--listen", "127.0.0.1:0", "--redis", server.URL, "--token-secret-file", s.Path("hub.secret"),
		"--livekit", lk.URL, "--livekit-key-file", s.Path("livekit.key"))
	page := hub.Until(`msg="hub listens".* url=(\S+)`)
	heard := eavesdrop(t, lk.URL)
	for _, name := range []string{"guard", "another"} {
		g := talkgatetest.Start(t, name, "guard", "--livekit", lk.URL, "--livekit-key-file", s.Path("livekit.key"), "--redis", server.URL)
		g.Until(`msg="the room is guarded"`)
	}

	token, err := livekittest.Key(t).Sign("rogue", "rogue", room.Grant{Room: "gates", RoomJoin: true, CanPublish: true, CanSubscribe: true}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	sentence, err := filepath.Abs("../../../hal/sim/speech.wav")
	if err != nil {
		t.Fatal(err)
	}
	b := webtest.Start(t, chromedp.Flag("use-file-for-fake-audio-capture", sentence),
		chromedp.Flag("autoplay-policy", "no-user-gesture-required")) // nobody clicks here
	b.Run(chromedp.Navigate(page))
	webtest.Eval[any](b, fmt.Sprintf(`(async () => {
		await new Promise((loaded, failed) => {
			const script = document.createElement("script");
			Object.assign(script, { src: "livekit-client.umd.js", onload: loaded, onerror: failed });
			document.head.append(script);
		});
		LivekitClient.setLogLevel("error");
		window.rogue = new LivekitClient.Room();
		await rogue.connect(%q, %q);
		window.voice = await rogue.localParticipant.setMicrophoneEnabled(true);
		return null;
	})()`, lk.URL, token))
	b.Until(`voice.isMuted`)
	b.Until(`rogue.state === "connected"`)
	webtest.Eventually(t, "silence at a listener", func() bool {
		before := heard.Load()
		time.Sleep(time.Second)
		return heard.Load() == before
	})
	if n := heard.Load(); n == 0 {
		t.Error("the client was never heard: the test shows nothing")
	} else {
		t.Logf("a listener got %d packets before the guards had muted the client", n)
	}
}

// eavesdrop counts what anybody says in the room, at a member that does not look at
// the floor.
func eavesdrop(t *testing.T, url string) *atomic.Int64 {
	t.Helper()
	engine, err := rtc.NewEngine(rtc.Config{Interfaces: []string{"lo"}})
	if err != nil {
		t.Fatal(err)
	}
	token, err := livekittest.Key(t).Sign("listener", "listener", room.Grant{Room: "gates", RoomJoin: true, CanSubscribe: true}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	var heard atomic.Int64
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	m, err := room.Join(ctx, room.Config{Server: url, Token: token, Engine: engine, Logger: slog.New(slog.DiscardHandler),
		Hear: func(func() string) room.Hearer { return func(*rtp.Packet, time.Time) { heard.Add(1) } }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return &heard
}
