//go:build !race

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/rtc"
)

const (
	// portMemory is what a port may have in memory, and listenerMemory what a hub
	// may need for each listener, in KiB: a Pi Zero 2 has 512 MiB.
	portMemory     = 40 << 10
	listenerMemory = 512
	// watchedMemory is what a port may have more while somebody looks at its page: mostly
	// what is forgotten and not collected yet.
	watchedMemory = 3 << 10
)

// resident is what the process has in memory, in KiB.
func (p *process) resident() (kib int) {
	p.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		p.t.Fatalf("/proc has no VmRSS: %v", err)
	}
	return kib
}

// TestMemoryOfAPort has talked and listened.
func TestMemoryOfAPort(t *testing.T) {
	s := newSite(t)
	north, south := s.port("north"), s.port("south")
	for range 5 {
		for _, pair := range [][2]*process{{north, south}, {south, north}} {
			pair[0].say("press")
			pair[1].until(`speaker=heard holder="` + pair[0].name + `"`)
			pair[0].say("release")
			pair[1].until(`lamps=link speaker=quiet holder=""`)
		}
	}
	kib := north.resident()
	t.Logf("a port has %.1f MiB in memory", float64(kib)/1024)
	if kib > portMemory {
		t.Errorf("a port has %d KiB in memory, expected %d at most", kib, portMemory)
	}
}

// TestMemoryOfAWatchedPort is looked at for a minute.
func TestMemoryOfAWatchedPort(t *testing.T) {
	s := newSite(t)
	s.more = "status: {listen: \"127.0.0.1:0\"}\n"
	config := s.prepare("north")
	s.grant("north")
	north := start(t, "north", "run", "--config", config)
	at := "http://" + north.until(`msg="status is served" address=(\S+)`)
	north.until(`^state=idle lamps=link `)
	get(t, at+"/metrics")
	before := north.resident()
	for _, file := range []string{"/", "/port.js", "/style.css"} {
		get(t, at+file)
	}
	for range 300 {
		get(t, at+"/status")
	}
	after := north.resident()
	t.Logf("a port has %.1f MiB in memory, and %.1f MiB once its page was looked at", float64(before)/1024, float64(after)/1024)
	if after > portMemory+watchedMemory {
		t.Errorf("a port that is looked at has %d KiB in memory, expected %d at most", after, portMemory+watchedMemory)
	}
}

// TestMemoryOfAListener is what a hub needs for each listener of a channel, and for
// whoever is ready to talk there besides.
func TestMemoryOfAListener(t *testing.T) {
	const members = 60
	s := newSite(t)
	s.join(5, "whep") // what the first need is not for each
	s.join(5, "whip")
	before := s.hub.resident()
	s.join(members, "whep")
	listeners := s.hub.resident()
	s.join(members, "whip")
	each := (listeners - before) / members
	t.Logf("a listener costs the hub %d KiB, being ready to talk another %d KiB", each, (s.hub.resident()-listeners)/members)
	if each > listenerMemory {
		t.Errorf("a listener costs the hub %d KiB, expected %d at most", each, listenerMemory)
	}
}

// join opens sessions of a kind, each another member's, that stay until the test is
// over.
func (s *site) join(members int, kind string) {
	s.t.Helper()
	engine, err := rtc.NewEngine(rtc.Config{Interfaces: []string{"lo"}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = engine.Close() })
	for n := range members {
		var session io.Closer
		user := fmt.Sprintf("%s-%p-%d", kind, engine, n)
		var err error
		if kind == "whep" {
			session, err = engine.Subscribe(s.t.Context(), s.exchange(kind, user), func(media.Packet) {})
		} else {
			session, err = engine.Publish(s.t.Context(), s.exchange(kind, user))
		}
		if err != nil {
			s.t.Fatal(err)
		}
		s.t.Cleanup(func() { _ = session.Close() })
	}
}

// exchange posts an offer as a user.
func (s *site) exchange(kind, user string) rtc.Exchange {
	return func(ctx context.Context, offer string) (string, error) {
		code, token, stderr := talkgate(s.t, "", "token", "--secret-file", s.path("hub.secret"), "--user", user, "--channel", "gates")
		if code != exitOK {
			return "", errors.New(stderr)
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.hubURL+"/"+kind+"/gates", strings.NewReader(offer))
		if err != nil {
			return "", err
		}
		req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(token))
		req.Header.Set("Content-Type", "application/sdp")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		answer, err := io.ReadAll(resp.Body)
		if err == nil && resp.StatusCode != http.StatusCreated {
			err = fmt.Errorf("%s: %s", resp.Status, answer)
		}
		return string(answer), err
	}
}
