package chaos

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

const (
	// window is the least time from a radio's release to its next press.
	window = 500 * time.Millisecond
	// late is from when on nothing may be heard of who lost the right: a lease, and as
	// much for a machine that is busy.
	late = 2 * time.Second
)

// radio is a port in a process of its own, whose microphone hears a tone.
type radio struct {
	name    string
	who     int
	config  string
	proxy   *redistest.Proxy // its way to Redis
	process *talkgatetest.Process
	pressed bool
	next    time.Time // when its button moves
	away    bool      // killed or stopped
}

// fault is one that was tried.
type fault struct {
	name string
	at   time.Time
	// who may not be heard from one time to another; nobody is nobody in particular.
	who      int
	from, to time.Time
}

// arena is the channel, its radios, and what is done to them.
type arena struct {
	*talkgatetest.Site
	t      *testing.T
	redis  *redistest.Server
	listen string // the hub's address
	radios []*radio
	random *rand.Rand
	due    []task
	faults []fault
}

// task is to be done at a time.
type task struct {
	at time.Time
	do func()
}

func (a *arena) after(d time.Duration, do func()) { a.due = append(a.due, task{time.Now().Add(d), do}) }

// TestChaos wants of some minutes of faults that nobody hears two talkers at once, nor
// anybody who lost the right, and that all radios are heard again afterwards.
func TestChaos(t *testing.T) {
	d := flag.Lookup("chaos").Value.(flag.Getter).Get().(time.Duration)
	seed := flag.Lookup("seed").Value.(flag.Getter).Get().(int64)
	tones := []float64{500, 800, 1300}
	a := newArena(t, seed, tones)
	ear := listen(t, "http://"+a.listen, a.Path("listener.token"), tones)
	for _, r := range a.radios {
		a.wantHeard(ear, r)
	}
	faults := a.kinds()
	nextFault := time.Now()
	for end := time.Now().Add(d); time.Now().Before(end) || len(a.due) > 0; time.Sleep(5 * time.Millisecond) {
		for i := 0; i < len(a.due); i++ {
			if task := a.due[i]; !time.Now().Before(task.at) {
				a.due = slices.Delete(a.due, i, i+1)
				i--
				task.do()
			}
		}
		for _, r := range a.radios {
			a.move(r)
		}
		// One fault at a time in each of them, and some time to talk in between.
		if now := time.Now(); now.After(nextFault) && now.Before(end) && len(a.due) == 0 {
			faults[a.random.IntN(len(faults))]()
			nextFault = now.Add(time.Duration(500+a.random.IntN(2000)) * time.Millisecond)
		}
	}
	for _, r := range a.radios {
		a.set(r, false)
	}
	for _, r := range a.radios {
		a.wantHeard(ear, r)
	}
	a.judge(ear.all())
}

func newArena(t *testing.T, seed int64, tones []float64) *arena {
	t.Helper()
	server := redistest.Start(t)
	a := &arena{Site: &talkgatetest.Site{T: t, Dir: t.TempDir(), RedisURL: server.URL}, t: t, redis: server,
		listen: fmt.Sprint("127.0.0.1:", redistest.FreePort(t)), random: rand.New(rand.NewPCG(uint64(seed), 0))}
	a.HubURL = "http://" + a.listen
	a.Write("hub.secret", "a secret of this test, 32 bytes and more\n")
	var err error
	if a.State, err = redis.Open(conn.Config{URL: server.URL}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.State.Close() })
	a.startHub()
	a.Prepare("listener")
	for i, hertz := range tones {
		r := &radio{name: fmt.Sprint("radio", i), who: i, proxy: redistest.NewProxy(t, server.Addr)}
		tone := make([]int16, 10*media.SampleRate)
		for n := range tone {
			tone[n] = int16(8000 * math.Sin(2*math.Pi*hertz*float64(n)/media.SampleRate))
		}
		f, err := os.Create(a.Path(r.name + ".wav"))
		if err == nil {
			err = media.WriteWAV(f, tone)
			f.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		r.config = a.PrepareAs(r.name, redis.RoleGeneral, r.proxy.URL)
		text := strings.Replace(a.Read(r.name+".yaml"), "driver: sim}", "driver: sim, speech: "+r.name+".wav}", 1)
		a.Write(r.name+".yaml", text)
		a.Grant(r.name)
		a.start(r)
		a.radios = append(a.radios, r)
	}
	return a
}

func (a *arena) startHub() {
	a.Hub = talkgatetest.Start(a.t, "hub", "hub", "--listen", a.listen, "--redis", a.RedisURL, "--token-secret-file", a.Path("hub.secret"))
	go drain(a.Hub)
}

func (a *arena) start(r *radio) {
	r.process = talkgatetest.Start(a.t, r.name, "run", "--config", r.config)
	r.pressed, r.away, r.next = false, false, time.Now().Add(window)
	go drain(r.process)
}

// drain reads what a process says, so that it can go on.
func drain(p *talkgatetest.Process) {
	for range p.Lines {
	}
}

// move moves a radio's button when it is time.
func (a *arena) move(r *radio) {
	if r.away || time.Now().Before(r.next) {
		return
	}
	a.set(r, !r.pressed)
}

func (a *arena) set(r *radio, pressed bool) {
	if r.away || r.pressed == pressed {
		return
	}
	r.pressed = pressed
	r.next = time.Now().Add(window + time.Duration(a.random.IntN(1500))*time.Millisecond)
	r.process.Say(map[bool]string{true: "press", false: "release"}[pressed])
}

// wantHeard presses a radio's button, again and again, until it is heard.
func (a *arena) wantHeard(ear *listener, r *radio) {
	a.t.Helper()
	for began := time.Now(); time.Since(began) < time.Minute; {
		pressed := time.Now()
		a.set(r, true)
		for time.Since(pressed) < 3*time.Second {
			if count(ear.all(), r.who, pressed, time.Now()) > 5 {
				a.set(r, false)
				time.Sleep(window)
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		a.set(r, false)
		time.Sleep(window)
	}
	a.t.Fatalf("%s is not heard", r.name)
}

// judge counts what nobody may hear, and writes the table.
func (a *arena) judge(frames []heard) {
	a.t.Helper()
	type row struct{ times, double, late int }
	rows := map[string]*row{}
	for _, f := range a.faults {
		if rows[f.name] == nil {
			rows[f.name] = &row{}
		}
		rows[f.name].times++
		if f.who != nobody {
			rows[f.name].late += count(frames, f.who, f.from, f.to)
		}
	}
	for _, at := range doubles(frames, window*4/5) {
		name := "no fault"
		for _, f := range a.faults {
			if f.at.Before(at) {
				name = f.name
			}
		}
		if rows[name] == nil {
			rows[name] = &row{}
		}
		rows[name].double++
	}
	var spoken [3]int
	for _, f := range frames {
		if f.who != nobody {
			spoken[f.who]++
		}
	}
	var table []string
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for name := range rows {
			if !yield(name) {
				return
			}
		}
	}) {
		r := rows[name]
		table = append(table, fmt.Sprintf("| %s | %d | %d | %d |", name, r.times, r.double, r.late))
		if r.double > 0 || r.late > 0 {
			a.t.Errorf("%s: %d frames of two talkers at once, %d frames of one without the right", name, r.double, r.late)
		}
	}
	a.t.Logf("frames heard of each radio: %v\n%s", spoken, strings.Join(table, "\n"))
	if path := flag.Lookup("table").Value.String(); path != "" && !a.t.Failed() {
		total := fmt.Sprintf("%d faults in %v; %d frames were heard.\n\n", len(a.faults), flag.Lookup("chaos").Value, spoken[0]+spoken[1]+spoken[2])
		if err := writeTable(path, total+"| fault | times | frames of two talkers at once | frames of one without the right |\n|---|---|---|---|\n"+strings.Join(table, "\n")+"\n"); err != nil {
			a.t.Error(err)
		}
	}
}

// writeTable puts text between the marks of a document.
func writeTable(file, text string) error {
	const from, to = "<!-- chaos: written by make chaos -->\n", "<!-- end of chaos -->"
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, rest, ok := strings.Cut(string(b), from)
	_, tail, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		return fmt.Errorf("%s: expected the marks %q and %q, found none", file, from, to)
	}
	return os.WriteFile(file, []byte(head+from+"\n"+text+"\n"+to+tail), 0o644)
}

// kinds are what can be done to the arena.
func (a *arena) kinds() []func() {
	any := func() *radio { return a.radios[a.random.IntN(len(a.radios))] }
	note := func(name string, who int, from, to time.Duration) {
		now := time.Now()
		a.faults = append(a.faults, fault{name, now, who, now.Add(from), now.Add(to)})
	}
	return []func(){
		func() {
			r := any()
			_ = r.process.Cmd.Process.Kill()
			<-r.process.Ended
			note("kill -9 of a port", r.who, late, 3*time.Second)
			r.away = true
			a.after(3*time.Second, func() { a.start(r) })
		},
		func() {
			r := any()
			a.set(r, true)
			_ = r.process.Cmd.Process.Signal(syscall.SIGSTOP)
			r.away = true
			// Longer than its lock lives. What it wakes up with is not heard.
			const stopped = 4 * time.Second
			note("SIGSTOP of a port, SIGCONT after 4 s", r.who, late, stopped+800*time.Millisecond)
			a.after(stopped, func() { _ = r.process.Cmd.Process.Signal(syscall.SIGCONT) })
			a.after(stopped+time.Second, func() { r.away = false; a.set(r, false) })
		},
		func() {
			r := any()
			a.set(r, true)
			a.Revoke(r.name)
			note("rights revoked, given back after 4 s", r.who, late, 4*time.Second)
			a.after(4*time.Second, func() { a.Grant(r.name) })
		},
		func() {
			r := any()
			a.set(r, true)
			r.proxy.Blackhole()
			note("a port's way to Redis swallows all, for 4 s", r.who, late, 4*time.Second)
			a.after(4*time.Second, r.proxy.Mend)
		},
		func() {
			r := any()
			r.proxy.Cut()
			note("a port's way to Redis is cut, for 4 s", r.who, late, 4*time.Second)
			a.after(4*time.Second, r.proxy.Mend)
		},
		func() {
			a.redis.Do("FLUSHALL")
			note("FLUSHALL", nobody, 0, 0)
			for _, r := range a.radios {
				a.Grant(r.name)
			}
			a.Grant("listener")
		},
		func() {
			a.redis.Do("CLIENT", "KILL", "TYPE", "normal")
			note("CLIENT KILL TYPE normal", nobody, 0, 0)
		},
		func() {
			a.redis.Do("CLIENT", "KILL", "TYPE", "pubsub")
			note("CLIENT KILL TYPE pubsub", nobody, 0, 0)
		},
		func() {
			a.redis.Do("CLIENT", "PAUSE", "1500", "ALL")
			note("CLIENT PAUSE 1500", nobody, 0, 0)
		},
		func() {
			_ = a.Hub.Cmd.Process.Kill()
			<-a.Hub.Ended
			note("kill -9 of the hub", nobody, 0, 0)
			a.after(time.Second, a.startHub)
		},
	}
}
