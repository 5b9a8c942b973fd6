// Package interop has other people's clients talk and listen on a hub, over networks as
// there are in the field: each client on each network, in namespaces of its own.
//
// The test runs itself again inside the namespace of the hub, and once more for each
// client inside the client's. It needs root.
package interop

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
)

var (
	table = flag.String("table", "", "file whose table is written anew")
	only  = flag.String("only", "", "run only what has this in its name, for example \"Firefox, IPv6\"")
)

const (
	// insideEnv is the prefix of this run's namespaces, set inside that of the hub.
	insideEnv = "TALKGATE_INTEROP_INSIDE"
	// clientEnv is what a client is told, JSON.
	clientEnv = "TALKGATE_INTEROP_CLIENT"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if told := os.Getenv(clientEnv); told != "" {
		if err := runClient(told); err != nil {
			fmt.Println("failed:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(talkgatetest.Main(m))
}

// missing skips for want of something, but fails in CI, where a skip would go unseen.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("CI must have %s", what)
	}
	t.Skipf("SKIPPED: not there: %s", what)
}

func TestInterop(t *testing.T) {
	if prefix := os.Getenv(insideEnv); prefix != "" {
		runMatrix(t, prefix)
		return
	}
	if os.Getuid() != 0 {
		missing(t, "root, to make network namespaces")
	}
	for _, tool := range []string{"ip", "nft", "nginx", "caddy", "turnserver", "ffmpeg", "chromium", "firefox-esr", "certutil"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing(t, tool)
		}
	}
	prefix := fmt.Sprintf("tg%d", os.Getpid())
	hub := prefix + "-hub"
	command(t, "ip", "netns", "add", hub)
	t.Cleanup(func() { command(t, "ip", "netns", "del", hub) })
	args := []string{"netns", "exec", hub, os.Args[0], "-test.run", "^TestInterop$", "-test.v=" + fmt.Sprint(testing.Verbose()), "-table", *table, "-only", *only}
	inside := exec.CommandContext(t.Context(), "ip", args...)
	inside.Env = append(os.Environ(), insideEnv+"="+prefix)
	inside.Stdout, inside.Stderr = os.Stdout, os.Stderr
	if err := inside.Run(); err != nil {
		t.Fatal(err)
	}
}

// command runs a program that has to succeed.
func command(t testing.TB, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v: %s", name, args, err, out)
	}
}
