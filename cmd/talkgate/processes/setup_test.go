package processes

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/gateway/status"
)

// bareBoard is the root directory of a board on which only the packages are installed.
// testdata/systemctl stands in for its service manager; Redis, hub and port are real.
type bareBoard struct {
	t                  *testing.T
	root, hub, redis   string
	statusAt, hostname string
}

func newBareBoard(t *testing.T) *bareBoard {
	t.Helper()
	server, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("*** redis-server is missing: nobody sets a board up")
	}
	b := &bareBoard{t: t, root: t.TempDir(), hostname: "north"}
	for _, at := range []*string{&b.hub, &b.redis, &b.statusAt} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		*at = l.Addr().String()
		l.Close()
	}
	b.write("etc/hostname", "north\n")
	b.write("etc/default/talkgate-hub", "# Flags of talkgate-hub.service.\nTALKGATE_HUB_OPTIONS=\"--listen 127.0.0.1:8080\"\nMINE=yes\n")
	b.write("etc/redis/redis.conf", "port 6379\n")
	for _, dir := range []string{"etc/talkgate", "usr/bin", "var/lib/redis", "systemctl"} {
		if err := os.MkdirAll(filepath.Join(b.root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(server, filepath.Join(b.root, "usr/bin/redis-server")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, unit := range []string{"talkgate@north.service", "talkgate-hub.service", "redis-server@talkgate.service"} {
			stop := exec.Command("testdata/systemctl", "stop", unit)
			stop.Env = b.env()
			if out, err := stop.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
			if t.Failed() {
				log, _ := os.ReadFile(filepath.Join(b.root, "systemctl", unit+".log"))
				t.Logf("%s said:\n%s", unit, log)
			}
		}
	})
	return b
}

func (b *bareBoard) write(name, text string) {
	b.t.Helper()
	path := filepath.Join(b.root, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bareBoard) env() []string {
	here, err := filepath.Abs("testdata")
	if err != nil {
		b.t.Fatal(err)
	}
	return append(os.Environ(), "PATH="+here+":"+os.Getenv("PATH"), "ROOT="+b.root, "TALKGATE="+talkgatetest.Binary(b.t))
}

// command is 'talkgate setup' on the board.
func (b *bareBoard) command(args ...string) *exec.Cmd {
	_, port, _ := net.SplitHostPort(b.redis)
	args = append([]string{"setup", "--root", b.root, "--listen", b.hub, "--status", b.statusAt, "--redis-port", port, "--board", "sim"}, args...)
	c := exec.Command(talkgatetest.Binary(b.t), args...)
	c.Env = b.env()
	return c
}

// run runs it to its end.
func (b *bareBoard) run(args ...string) (code int, said string) {
	b.t.Helper()
	c := b.command(args...)
	out, err := c.CombinedOutput()
	if exit := (&exec.ExitError{}); err != nil && !errors.As(err, &exit) {
		b.t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), string(out)
}

// files are all files that setup may write, by name, with mode and text.
func (b *bareBoard) files() map[string]string {
	b.t.Helper()
	all := map[string]string{}
	for _, dir := range []string{"etc", "var/lib/redis", "var/lib/talkgate-setup"} {
		err := filepath.WalkDir(filepath.Join(b.root, dir), func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			text, err := os.ReadFile(path)
			all[strings.TrimPrefix(path, b.root)] = fmt.Sprintf("%v %s", info.Mode(), text)
			return err
		})
		if err != nil {
			b.t.Fatal(err)
		}
	}
	return all
}

// unchanged wants all files to be as they were.
func (b *bareBoard) unchanged(what string, was map[string]string) {
	b.t.Helper()
	now := b.files()
	for name, text := range was {
		if now[name] != text {
			b.t.Errorf("%s: %s was %q, is %q", what, name, text, now[name])
		}
	}
	for name := range now {
		if _, ok := was[name]; !ok {
			b.t.Errorf("%s: %s is left", what, name)
		}
	}
	for _, unit := range []string{"talkgate@north.service", "talkgate-hub.service", "redis-server@talkgate.service"} {
		if _, err := os.Stat(filepath.Join(b.root, "systemctl", unit+".pid")); err == nil {
			b.t.Errorf("%s: %s runs", what, unit)
		}
		if _, err := os.Stat(filepath.Join(b.root, "systemctl", unit+".enabled")); err == nil {
			b.t.Errorf("%s: %s is enabled", what, unit)
		}
	}
}

// status is how the port says it does.
func (b *bareBoard) status() (s status.Port) {
	answer, err := http.Get("http://" + b.statusAt + "/status")
	if err != nil {
		return s
	}
	defer answer.Body.Close()
	_ = json.NewDecoder(answer.Body).Decode(&s)
	return s
}

// technician is somebody at a terminal.
type technician struct {
	t    *testing.T
	tty  *os.File
	said string
}

// sit starts a command at a terminal of its own.
func sit(t *testing.T, c *exec.Cmd) *technician {
	t.Helper()
	tty, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tty.Close() })
	if err := unix.IoctlSetPointerInt(int(tty.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	far, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	c.Stdin, c.Stdout, c.Stderr = far, far, far
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Pdeathsig: syscall.SIGKILL}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	far.Close()
	return &technician{t: t, tty: tty}
}

// reads reads up to what matches.
func (p *technician) reads(pattern string) {
	p.t.Helper()
	expr, buf, from := regexp.MustCompile(pattern), make([]byte, 4096), 0
	late := time.AfterFunc(2*talkgatetest.Patience, func() { p.tty.Close() })
	defer late.Stop()
	for {
		if at := expr.FindStringIndex(p.said[from:]); at != nil {
			p.said = p.said[from+at[1]:]
			return
		}
		n, err := p.tty.Read(buf)
		if err != nil {
			p.t.Fatalf("never said %q: %v; it said:\n%s", pattern, err, p.said)
		}
		p.said += string(buf[:n])
	}
}

func (p *technician) types(text string) {
	p.t.Helper()
	if _, err := io.WriteString(p.tty, text); err != nil {
		p.t.Fatal(err)
	}
}

// TestSetupAtATerminal plays the technician: three answers and Enter twice after one
// command, and the port is on air and talks. A second run changes nothing. Undone, every
// file is as it was.
func TestSetupAtATerminal(t *testing.T) {
	b := newBareBoard(t)
	was := b.files()
	c := b.command()
	p := sit(t, c)
	p.reads(`found on this machine:`)
	p.reads(`ID of the port \[north\]: `)
	p.types("\n")
	p.reads(`name shown to the others \[north\]: `)
	p.types("North gate\n")
	p.reads(`channel \[main\]: `)
	p.types("gates\n")
	p.reads(`further boards join this one\? \[yes\]: `)
	p.types("no\n")
	p.reads(`setup will`)
	p.reads(`enroll north: its own user in Redis`)
	p.reads(`Do this\? \[yes\]: `)
	b.unchanged("before the technician says yes", was)
	p.types("\n")
	p.reads(`ok +link +up after`)
	p.reads(`north is on air on channel gates`)
	if err := c.Wait(); err != nil {
		t.Fatalf("%v; it said:\n%s", err, p.said)
	}

	// Pressed, it talks.
	in, err := os.OpenFile(filepath.Join(b.root, "systemctl/in"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	// A machine that is busy may starve a spurt: then it is pressed again.
	for end := time.Now().Add(2 * talkgatetest.Patience); b.status().Talked.Sent < 10; {
		if time.Now().After(end) {
			t.Fatalf("pressed, it does not talk: %+v", b.status())
		}
		fmt.Fprintln(in, "press")
		time.Sleep(500 * time.Millisecond)
		fmt.Fprintln(in, "release")
		time.Sleep(200 * time.Millisecond)
	}

	// The hub invites a further board, and changes rights.
	_, port, _ := net.SplitHostPort(b.redis)
	site := []string{"--redis", "redis://127.0.0.1:" + port, "--redis-username", "dispatch", "--redis-password-file", filepath.Join(b.root, "etc/talkgate/dispatch.password")}
	for _, args := range [][]string{{"invite", "south", "--channel", "gates", "--json"}, {"devices"}, {"rights", "grant", "guest", "gates"}, {"ban", "set", "rogue"}} {
		if code, _, stderr := talkgatetest.Run(t, "", append(args, site...)...); code != talkgatetest.ExitOK {
			t.Errorf("talkgate %s: exit code %d: %s", strings.Join(args, " "), code, stderr)
		}
	}

	secrets := b.files()
	for name, mode := range map[string]string{"/etc/talkgate/hub.secret": "-rw-------", "/etc/talkgate/north.key": "-rw-r-----", "/etc/talkgate/north.redis": "-rw-r-----",
		"/etc/talkgate/north.yaml": "-rw-r--r--"} {
		if !strings.HasPrefix(secrets[name], mode) {
			t.Errorf("%s is %.12s, want %s", name, secrets[name], mode)
		}
	}
	if text := secrets["/etc/default/talkgate-hub"]; !strings.Contains(text, "MINE=yes") || strings.Contains(text, "8080") {
		t.Errorf("the hub's flags: %s", text)
	}

	if code, said := b.run("--yes", "--user", "north", "--name", "North gate", "--channel", "gates"); code != talkgatetest.ExitOK || !strings.Contains(said, "nothing to change") {
		t.Errorf("a second time: exit code %d: %s", code, said)
	}
	if code, said := b.run("--undo"); code != talkgatetest.ExitOK || !strings.Contains(said, "as it was before setup") {
		t.Errorf("undo: exit code %d: %s", code, said)
	}
	b.unchanged("undone", was)
}

// TestSetupTakesBack leaves the board as it was where something fails, where the
// technician interrupts, and, at the next run, where it was killed.
func TestSetupTakesBack(t *testing.T) {
	b := newBareBoard(t)
	was := b.files()
	answers := []string{"--yes", "--user", "north", "--channel", "gates"}

	if err := os.Rename(filepath.Join(b.root, "usr/bin/redis-server"), filepath.Join(b.root, "redis")); err != nil {
		t.Fatal(err)
	}
	if code, said := b.run(answers...); code != talkgatetest.ExitFailed || !strings.Contains(said, "apt install redis-server") {
		t.Errorf("without Redis: exit code %d: %s", code, said)
	}
	b.unchanged("without Redis", was)
	if err := os.Rename(filepath.Join(b.root, "redis"), filepath.Join(b.root, "usr/bin/redis-server")); err != nil {
		t.Fatal(err)
	}

	if code, said := b.run("--yes", "--user", "north", "--channel", "gates", "--board", "none", "--sound", ""); code != talkgatetest.ExitFailed || !strings.Contains(said, "no sound card") {
		t.Errorf("without sound: exit code %d: %s", code, said)
	}
	b.unchanged("without sound", was)

	b.write("broken-talkgate-hub.service", "")
	if code, said := b.run(answers...); code != talkgatetest.ExitFailed || !strings.Contains(said, "journalctl -u talkgate-hub.service") || !strings.Contains(said, "taking back") {
		t.Errorf("with a broken hub: exit code %d: %s", code, said)
	}
	b.unchanged("with a broken hub", was)
	if err := os.Remove(filepath.Join(b.root, "broken-talkgate-hub.service")); err != nil {
		t.Fatal(err)
	}

	// At a terminal: Ctrl-C in the middle, and kill -9.
	c := b.command(answers[0:]...)
	p := sit(t, c)
	p.reads(`- start redis-server@talkgate`)
	p.types("\x03")
	p.reads(`taking back`)
	_ = c.Wait() // it was interrupted
	b.unchanged("interrupted", was)

	c = b.command(answers...)
	p = sit(t, c)
	p.reads(`- start talkgate-hub`)
	_ = c.Process.Kill()
	_ = c.Wait() // it was killed
	if len(b.files()) == len(was) {
		t.Fatal("killed too early: this proves nothing")
	}
	code, said := b.run(append(answers, "--plan")...)
	if code != talkgatetest.ExitOK || !strings.Contains(said, "was interrupted") || !strings.Contains(said, "setup will") {
		t.Errorf("after kill -9: exit code %d: %s", code, said)
	}
	b.unchanged("after kill -9", was)
}
