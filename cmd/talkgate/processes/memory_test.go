//go:build !race

package processes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/rtc"
)

const (
	// portMemory is what a port may have in memory, and listenerMemory what a hub
	// may need for each listener, in KiB: a Pi Zero 2 has 512 MiB.
	portMemory     = 36 << 10
	listenerMemory = 512
	// binarySize is what the stripped binary may have, in bytes: most of it becomes
	// resident.
	binarySize = 25_000_000
	// watchedMemory is what a port may have more while somebody looks at its page: mostly
	// what is forgotten and not collected yet.
	watchedMemory = 3 << 10
)

// TestSizeOfTheBinary builds it as a package has it, but for the paths in it.
func TestSizeOfTheBinary(t *testing.T) {
	path := filepath.Join(t.TempDir(), "talkgate")
	build := exec.Command("go", "build", "-ldflags", "-s -w", "-o", path, "github.com/talkgate/talkgate/cmd/talkgate")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the binary has %.1f MB", float64(info.Size())/1e6)
	if info.Size() > binarySize {
		t.Errorf("the binary has %d bytes, expected %d at most: 'go tool nm -size' shows what has grown", info.Size(), binarySize)
	}
}

// TestMemoryOfAPort has talked and listened.
func TestMemoryOfAPort(t *testing.T) {
	s := talkgatetest.NewSite(t)
	north, south := s.Port("north"), s.Port("south")
	for range 5 {
		for _, pair := range [][2]*talkgatetest.Process{{north, south}, {south, north}} {
			pair[0].Say("press")
			pair[1].Until(`speaker=heard holder="` + pair[0].Name + `"`)
			pair[0].Say("release")
			pair[1].Until(`lamps=link speaker=quiet holder=""`)
		}
	}
	kib := north.Resident()
	t.Logf("a port has %.1f MiB in memory", float64(kib)/1024)
	if kib > portMemory {
		t.Errorf("a port has %d KiB in memory, expected %d at most", kib, portMemory)
	}
}

// TestMemoryOfAWatchedPort is looked at for a minute.
func TestMemoryOfAWatchedPort(t *testing.T) {
	s := talkgatetest.NewSite(t)
	s.More = "status: {listen: \"127.0.0.1:0\"}\n"
	config := s.Prepare("north")
	s.Grant("north")
	north := talkgatetest.Start(t, "north", "run", "--config", config)
	at := "http://" + north.Until(`msg="status is served" address=(\S+)`)
	north.Until(`^state=idle lamps=link `)
	talkgatetest.Get(t, at+"/metrics")
	before := north.Resident()
	for _, file := range []string{"/", "/port.js", "/style.css"} {
		talkgatetest.Get(t, at+file)
	}
	for range 300 {
		talkgatetest.Get(t, at+"/status")
	}
	after := north.Resident()
	t.Logf("a port has %.1f MiB in memory, and %.1f MiB once its page was looked at", float64(before)/1024, float64(after)/1024)
	if after > portMemory+watchedMemory {
		t.Errorf("a port that is looked at has %d KiB in memory, expected %d at most", after, portMemory+watchedMemory)
	}
}

// TestMemoryOfAListener is what a hub needs for each listener of a channel, and for
// whoever is ready to talk there besides.
func TestMemoryOfAListener(t *testing.T) {
	const members = 60
	s := talkgatetest.NewSite(t)
	join(s, 5, "whep") // what the first need is not for each
	join(s, 5, "whip")
	before := s.Hub.Resident()
	join(s, members, "whep")
	listeners := s.Hub.Resident()
	join(s, members, "whip")
	each := (listeners - before) / members
	t.Logf("a listener costs the hub %d KiB, being ready to talk another %d KiB", each, (s.Hub.Resident()-listeners)/members)
	if each > listenerMemory {
		t.Errorf("a listener costs the hub %d KiB, expected %d at most", each, listenerMemory)
	}
}

// join opens sessions of a kind, each another member's, that stay until the test is
// over.
func join(s *talkgatetest.Site, members int, kind string) {
	s.T.Helper()
	engine, err := rtc.NewEngine(rtc.Config{Interfaces: []string{"lo"}})
	if err != nil {
		s.T.Fatal(err)
	}
	for n := range members {
		var session io.Closer
		user := fmt.Sprintf("%s-%p-%d", kind, engine, n)
		var err error
		if kind == "whep" {
			session, err = engine.Subscribe(s.T.Context(), exchange(s, kind, user), func(media.Packet) {})
		} else {
			session, err = engine.Publish(s.T.Context(), exchange(s, kind, user))
		}
		if err != nil {
			s.T.Fatal(err)
		}
		s.T.Cleanup(func() { _ = session.Close() })
	}
}

// exchange posts an offer as a user.
func exchange(s *talkgatetest.Site, kind, user string) rtc.Exchange {
	return func(ctx context.Context, offer string) (string, error) {
		code, token, stderr := talkgatetest.Run(s.T, "", "token", "--secret-file", s.Path("hub.secret"), "--user", user, "--channel", "gates")
		if code != talkgatetest.ExitOK {
			return "", errors.New(stderr)
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.HubURL+"/"+kind+"/gates", strings.NewReader(offer))
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
