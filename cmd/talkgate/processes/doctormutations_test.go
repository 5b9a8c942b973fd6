package processes

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/talkgate/talkgate/cmd/talkgate/drivers"
	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/daemon"
	"github.com/talkgate/talkgate/gateway/doctor"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// TestNothingPassesDoctorAndFailsRun changes the example configuration key by key, and
// wants every port that doctor approves of to come on air.
func TestNothingPassesDoctorAndFailsRun(t *testing.T) {
	bench := newMutationBench(t)
	for _, base := range bench.bases() {
		t.Run(base.name, func(t *testing.T) {
			if approved, err := bench.try(t, base.text); !approved || err != nil {
				t.Fatalf("the unchanged configuration: approved %v, run: %v", approved, err)
			}
			all := slices.DeleteFunc(bench.mutations(base.text), func(m configuration) bool { return !strings.HasPrefix(m.name, base.keys) })
			parsed := distinct(slices.Clone(all))
			var work errgroup.Group
			work.SetLimit(32) // they wait more than they compute
			var count atomic.Int64
			for _, m := range parsed {
				work.Go(func() error {
					switch approved, err := bench.try(t, m.text); {
					case approved && err != nil:
						t.Errorf("%s: doctor approves, run: %v", m.name, err)
					case approved:
						count.Add(1)
					}
					return nil
				})
			}
			_ = work.Wait()
			t.Logf("%d mutations, %d with a meaning of their own, %d approved by doctor", len(all), len(parsed), count.Load())
			if len(all) < 100 || count.Load() < 2 || base.keys == "" && (len(all) < 5000 || count.Load() < 100) {
				t.Error("too few: does the test still see all keys?")
			}
		})
	}
}

// mutationBench is a Redis, and files of all kinds.
type mutationBench struct {
	dir, redis string
	taken      string // an address in use
	state      *redis.Client
	tries      atomic.Int64
}

func newMutationBench(t *testing.T) *mutationBench {
	t.Helper()
	b := &mutationBench{dir: t.TempDir(), redis: redistest.Start(t).URL}
	state, err := redis.Open(conn.Config{URL: b.redis})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { state.Close() })
	b.state = state
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	b.taken = taken.Addr().String()
	b.token(t, filepath.Join(b.dir, "good.token"), "north-gate", "gates", "yard")
	b.token(t, filepath.Join(b.dir, "other.token"), "south-gate", "gates")
	b.token(t, filepath.Join(b.dir, "yard.token"), "north-gate", "yard")
	b.write(t, "empty", "", 0o600)
	b.write(t, "words", "these are words\n", 0o600)
	b.write(t, "open", "4711\n", 0o644)
	b.write(t, "codes", "4711\n4712\n4713\n", 0o600)
	b.write(t, "cut.wav", "RIFF\x24\x00\x00\x00WAVEfmt ", 0o600)
	for _, dir := range []string{"directory", "sounds", "spoilt", "state"} {
		if err := os.Mkdir(filepath.Join(b.dir, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	b.write(t, "spoilt/gates.wav", "no sound", 0o600)
	if err := unix.Mkfifo(filepath.Join(b.dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("loop", filepath.Join(b.dir, "loop")); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *mutationBench) write(t *testing.T, name, content string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

// token makes a member's token.
func (b *mutationBench) token(t *testing.T, path, user string, channels ...string) {
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"userId": user, "userName": user, "channelIds": channels, "role": "GENERAL", "exp": time.Now().Add(time.Hour).Unix(),
	}).SignedString([]byte("a secret of this test, 32 bytes and more"))
	if err == nil {
		err = os.WriteFile(path, []byte(token), 0o600)
	}
	if err != nil {
		t.Error(err)
	}
}

// configuration is a named text; keys are the prefix of those that are changed, empty for all.
type configuration struct{ name, text, keys string }

// bases are configurations that are right.
func (b *mutationBench) bases() []configuration {
	path := func(name string) config.File { return config.File(filepath.Join(b.dir, name)) }
	handheld := config.Default()
	handheld.Version, handheld.Channel = config.Version, "gates"
	handheld.Identity.UserID, handheld.Identity.UserName = "north-gate", "North gate"
	handheld.Redis.URL = config.URL(b.redis)
	handheld.Link.Kind, handheld.Link.Hub.URL, handheld.Link.Hub.TokenFile = "hub", "http://127.0.0.1:8080", path("good.token")
	handheld.Hardware.Driver = "sim"
	handheld.Recorder.Memory, handheld.Recorder.Directory = path("flight"), path("directory")

	repeater := handheld
	repeater.Hardware.Driver = "board"
	board := repeater.Hardware.Board
	board.COR.Chip, board.COR.Line = "chip", "1"
	board.PTTOut.Chip, board.PTTOut.Line = "chip", "2"
	board.Selector.A.Chip, board.Selector.A.Line = "chip", "3"
	board.Selector.B.Chip, board.Selector.B.Line = "chip", "4"
	board.Sound.Microphone.Card, board.Sound.Speaker.Card = "Device", "Device"
	repeater.Selector.Kind, repeater.Selector.Channels, repeater.Selector.Sounds = "rotary", "gates yard", path("sounds")
	repeater.Talk.DTMF = config.DTMF{Enabled: true, Access: path("codes")}
	repeater.Key.Ident.Call = "N0CALL"
	repeater.Status.Listen = "127.0.0.1:0"
	var all []configuration
	for _, base := range []struct {
		name, keys string
		cfg        config.Config
	}{{"handheld", "", handheld}, {"repeater, its hardware", "hardware.", repeater}, {"repeater, its selector", "selector.", repeater},
		{"repeater, its DTMF", "talk.dtmf.", repeater}, {"repeater, its transmitter", "key.", repeater}} {
		text, err := config.Commented(base.cfg)
		if err != nil {
			panic(err)
		}
		all = append(all, configuration{base.name, text, base.keys})
	}
	return all
}

// withoutComments is the same configuration, shorter.
func withoutComments(text string) string {
	return regexp.MustCompile(`(?m)^ *(#.*)?\n`).ReplaceAllString(text, "")
}

// filesOf are the lines of a commented text that name files.
func filesOf(text string) map[string]bool {
	files := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^ *#.*the path of a file.*\n(.*)$`).FindAllStringSubmatch(text, -1) {
		files[m[1]] = true
	}
	return files
}

// mutations are text with one key changed, each key in every way.
func (b *mutationBench) mutations(text string) []configuration {
	common := strings.Split(`""|null|[]|{}|true|false|-1|0|1|16|999999999999|1e99|words`, "|")
	values := strings.Split(`Words with blanks|"\u00e9\t"|0s|1ns|49ms|200ms|1s|1m|1h|24h|-1s|60|0 dB|-6 dB|-60 dB|12 dB|40 dB|99 dB|NaN dB|`+
		`1%|100%|101%|88.5|"88.5"|"60.0"|none|off|"off"|buttons|rotary|bcd|yard|yard gates|gates gates mast|`+
		`http://127.0.0.1:1|https://127.0.0.1:1|redis://127.0.0.1:1|127.0.0.1:8080|"127.0.0.1:0"|"127.0.0.1:99999"|"[::1]:0"|"localhost:0"|`+
		`chip|"-1"|usb:1-1|card:Device|sim|board|repeater|voiceping|livekit|USER|DISPATCH|`+
		`mute|scan|duck|beeps|morse|hold|drop|toggle|keep|open-drain|oto|known|journal|debug|known=|A=b`, "|")
	files := []string{"credential:none", "credential:../x", "/dev/null", "/dev/full", "/proc/none", "/proc/version"}
	for _, name := range []string{"missing", "missing/deeper", "empty", "words", "open", "codes", "cut.wav", "directory", "sounds", "spoilt",
		"pipe", "loop", "words/below", "other.token", "yard.token", "good.token", "flight2"} {
		files = append(files, filepath.Join(b.dir, name))
	}
	var all []configuration
	lines, isFile := strings.Split(withoutComments(text), "\n"), filesOf(text)
	section := map[int]string{}
	for i, line := range lines {
		m := regexp.MustCompile(`^( *)([a-z_]+):( .*)?$`).FindStringSubmatch(line)
		if m == nil {
			continue
		}
		section[len(m[1])] = m[2]
		key := m[2]
		for depth := len(m[1]) - 2; depth >= 0; depth -= 2 {
			key = section[depth] + "." + key
		}
		change := func(what string, with ...string) {
			all = append(all, configuration{name: key + " " + what, text: strings.Join(slices.Concat(lines[:i], with, lines[i+1:]), "\n")})
		}
		if m[3] == "" { // a section
			change("a list", line+" []")
			continue
		}
		change("left out")
		change("twice", line, line)
		change("misspelt", m[1]+m[2]+"x:"+m[3])
		tried := slices.Concat(common, values, []string{`"` + b.taken + `"`})
		if isFile[line] {
			tried = slices.Concat(common, files)
		}
		for _, v := range tried {
			change(v, m[1]+m[2]+": "+v)
		}
	}
	return all
}

// distinct are those of all that parse, each meaning once, and of a key that takes any text
// some. What does not parse doctor and run refuse alike, by the same function.
func distinct(all []configuration) []configuration {
	const most = 4
	seen, tried := map[string]bool{}, map[string]int{}
	return slices.DeleteFunc(all, func(c configuration) bool {
		local, err := config.ParseLocal("port.yaml", []byte(c.text))
		if err != nil {
			return true
		}
		made := local.Config
		meaning := fmt.Sprintf("%+v %+v %+v %+v %+v %+v", made, made.Link.Hub, made.Link.VoicePing, made.Link.LiveKit, made.Hardware.Board, made.Hardware.Sim)
		for _, pointer := range []any{made.Link.Hub, made.Link.VoicePing, made.Link.LiveKit, made.Hardware.Board, made.Hardware.Sim} {
			meaning = strings.ReplaceAll(meaning, fmt.Sprintf("%p", pointer), "")
		}
		key, _, _ := strings.Cut(c.name, " ")
		if seen[meaning] || tried[key] >= most && !strings.Contains(c.name, "/") {
			return true
		}
		seen[meaning] = true
		tried[key]++
		return false
	})
}

// try asks doctor about a configuration and, if it approves, runs it until it is on air.
func (b *mutationBench) try(t *testing.T, text string) (approved bool, err error) {
	// Each is another port: a hub lets nobody in twice, and a recorder's memory is one port's.
	dir, user := t.TempDir(), fmt.Sprint("gate-", b.tries.Add(1))
	text = strings.Replace(text, filepath.Join(b.dir, "flight")+"\n", filepath.Join(dir, "flight")+"\n", 1)
	text = strings.Replace(text, "user_id: north-gate\n", "user_id: "+user+"\n", 1)
	text = strings.Replace(text, filepath.Join(b.dir, "good.token")+"\n", filepath.Join(dir, "token")+"\n", 1)
	b.token(t, filepath.Join(dir, "token"), user, "gates", "yard")
	if _, err := b.state.GrantRights(t.Context(), user, "gates", "yard"); err != nil {
		return false, err
	}
	path := filepath.Join(dir, "port.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return false, err
	}
	open := virtualDrivers{Drivers: drivers.New(strings.NewReader(""), io.Discard), onAir: make(chan struct{})}
	cfg, err := daemon.LoadPort(path)
	if err != nil {
		return false, err
	}
	// All findings have to be OK; most that are not are found at once.
	if bad := daemon.FindingsError(daemon.CheckFiles(cfg)); bad != nil {
		return false, bad
	}
	if bad := daemon.FindingsError(doctor.Examine(t.Context(), path, cfg, open)); bad != nil {
		return false, bad
	}
	local, err := config.LoadLocal(path, "")
	if err != nil {
		return true, err
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var said strings.Builder
	ended := make(chan error, 1)
	go func() {
		ended <- daemon.Run(ctx, daemon.Options{
			Local:   local,
			Load:    func() (config.Config, error) { return config.Load(path, "") },
			Drivers: open,
			OpenLog: func(config.Log) (*slog.Logger, *slog.LevelVar, error) {
				return slog.New(slog.NewTextHandler(&said, nil)), new(slog.LevelVar), nil
			},
		})
	}()
	select {
	case <-open.onAir:
		cancel()
		<-ended
		return true, nil
	case err := <-ended:
		return true, cmp.Or(err, errors.New("it never came on air\n"+said.String()))
	}
}

// virtualDrivers have a virtual radio in place of any board, and links that come up at once:
// a hub that is away keeps a port waiting, and ends none.
type virtualDrivers struct {
	daemon.Drivers
	onAir chan struct{} // closed once the port is on air
}

func (d virtualDrivers) Mixer(config.Hardware) ([]string, string, error) { return nil, "", nil }
func (d virtualDrivers) ShowMissing(config.Hardware) func()              { return func() {} }

// Links implements daemon.Drivers.
func (d virtualDrivers) Links(cfg config.Config, on func() string, state *redis.Client, log *slog.Logger) (daemon.Links, error) {
	links, err := d.Drivers.Links(cfg, on, state, log)
	return linksThatAreUp{links}, err
}

type linksThatAreUp struct{ daemon.Links }

func (l linksThatAreUp) Link(channel string) port.Link { return linkThatIsUp{l.Links.Link(channel)} }

type linkThatIsUp struct{ port.Link }

func (linkThatIsUp) Run(ctx context.Context, ev port.LinkEvents) error {
	ev.LinkUp()
	<-ctx.Done()
	return nil
}

func (d virtualDrivers) Hardware(cfg config.Hardware, quit func()) (daemon.Board, error) {
	if cfg.Board != nil {
		cfg = config.Hardware{Sim: &config.SimHardware{Radio: "repeater"}}
	}
	b, err := d.Drivers.Hardware(cfg, quit)
	for len(b.Selector) < 4 && err == nil {
		b.Selector = append(b.Selector, sim.NewInput("selector"))
	}
	once := sync.OnceFunc(func() { close(d.onAir) })
	b.Observe = func(s port.Status) {
		if s.Lamps.Link {
			once()
		}
	}
	return b, err
}
