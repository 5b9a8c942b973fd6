package evdev

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/contact"
)

// longest is how long anything may take on a busy machine.
const longest = 20 * time.Second

// codes used below.
const (
	f13 = 183 // KEY_F13
	f14 = 184
)

// bench is a device that is a pipe.
type bench struct {
	t testing.TB

	mu    sync.Mutex
	there bool
	far   *os.File // what the device writes to
	held  keySet
	opens int
}

// pipe is one life of it, as the driver sees it.
type pipe struct {
	file
	b *bench
}

func (p pipe) pressed() (keySet, error) {
	p.b.mu.Lock()
	defer p.b.mu.Unlock()
	return p.b.held, nil
}

func (p pipe) read(buf []byte, deadline time.Time) (int, error) {
	n, err := p.file.read(buf, deadline)
	if err != nil && err.Error() == "EOF" {
		err = errors.Join(err, hal.ErrGone)
	}
	return n, err
}

func (b *bench) open(string, []uint16) (node, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.there {
		return nil, hal.ErrGone
	}
	near, far, err := os.Pipe()
	if err != nil {
		b.t.Fatal(err)
	}
	b.far, b.opens = far, b.opens+1
	return pipe{file{near}, b}, nil
}

func (b *bench) plug() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.there = true
}

func (b *bench) unplug() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.there, b.held = false, keySet{}
	b.far.Close()
}

// send writes events, with a report behind them.
func (b *bench) send(events ...event) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	var text []byte
	for _, e := range append(events, event{Type: typeSync}) {
		at := time.Since(contact.Epoch())
		e.Sec, e.Usec = long(at/time.Second), long(at%time.Second/time.Microsecond)
		if e.Type == typeKey && e.Value < 2 {
			b.held.set(e.Code, e.Value == 1)
		}
		var err error
		if text, err = binary.Append(text, binary.NativeEndian, e); err != nil {
			b.t.Fatal(err)
		}
	}
	if _, err := b.far.Write(text); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) key(code uint16, value int32) {
	b.t.Helper()
	b.send(event{Type: typeKey, Code: code, Value: value})
}

func newBench(t testing.TB) (*bench, *Devices) {
	b := &bench{t: t, there: true}
	return b, newDevices(b.open)
}

func open(t testing.TB, d *Devices, key string, cfg contact.Config) *Input {
	t.Helper()
	in, err := d.Open(Key{"pedal", key}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close() })
	return in
}

func next(t testing.TB, in *Input) hal.Edge {
	t.Helper()
	select {
	case e, ok := <-in.Edges():
		if !ok {
			t.Fatalf("it ended: %v", in.Err())
		}
		return e
	case <-time.After(longest):
		t.Fatal("no edge came")
	}
	return hal.Edge{}
}

func wants(t testing.TB, in *Input, levels ...bool) {
	t.Helper()
	for i, want := range levels {
		if e := next(t, in); e.Active != want {
			t.Fatalf("edge %d: %+v, want %v", i, e, want)
		}
	}
}

func quiet(t testing.TB, in *Input) {
	t.Helper()
	select {
	case e := <-in.Edges():
		t.Errorf("unexpected edge %+v", e)
	default:
	}
}

// TestPedalsAreSeveralRoles wants two keys of one device to be two inputs, each with its
// own edges, and a third key to be nobody's.
func TestPedalsAreSeveralRoles(t *testing.T) {
	b, d := newBench(t)
	ptt, alarm := open(t, d, "KEY_F13", contact.Config{}), open(t, d, "184", contact.Config{})
	began := time.Now()
	b.key(30, 1)
	b.key(f13, 1)
	b.key(f13, 2) // repeated
	b.key(f14, 1)
	b.key(f13, 0)
	b.key(f14, 0)
	if e := next(t, ptt); !e.Active || e.At.Before(began.Add(-time.Millisecond)) || time.Since(e.At) < 0 {
		t.Errorf("%+v, pressed after %v", e, began)
	}
	wants(t, ptt, false)
	wants(t, alarm, true, false)
	if err := errors.Join(ptt.Close(), ptt.Close(), ptt.Missing()); err != nil {
		t.Error(err)
	}
	if _, more := <-ptt.Edges(); more || !errors.Is(ptt.Err(), hal.ErrClosed) {
		t.Errorf("closed: %v, %v", more, ptt.Err())
	}
	b.key(f14, 1)
	wants(t, alarm, true)
}

// TestUnpluggedIsReleased, also for a button that toggles; back, it works again, and
// what is held when it comes back is not a press.
func TestUnpluggedIsReleased(t *testing.T) {
	for _, toggle := range []bool{false, true} {
		b, d := newBench(t)
		in := open(t, d, "KEY_F13", contact.Config{Toggle: toggle, Filter: contact.Filter{Debounce: 500 * time.Millisecond}})
		for range 2 {
			b.key(f13, 1)
			wants(t, in, true)
			b.unplug()
			wants(t, in, false)
			if active, err := in.Active(); active || err != nil {
				t.Errorf("unplugged: %v, %v", active, err)
			}
			if err := in.Missing(); !errors.Is(err, hal.ErrGone) || !strings.Contains(err.Error(), "KEY_F13") {
				t.Errorf("unplugged: %v", err)
			}
			b.mu.Lock()
			b.held.set(f13, true)
			b.mu.Unlock()
			b.plug()
			for end := time.Now().Add(longest); in.Missing() != nil; time.Sleep(time.Millisecond) {
				if time.Now().After(end) {
					t.Fatal("it never came back")
				}
			}
			b.key(f14, 1)
			quiet(t, in)
			b.key(f13, 0)
		}
	}
}

// TestMissingAtStart is a key that is released, and works once its device is there.
func TestMissingAtStart(t *testing.T) {
	b, d := newBench(t)
	b.there = false
	in := open(t, d, "KEY_F13", contact.Config{})
	if in.Missing() == nil {
		t.Error("it is not said to be missing")
	}
	turns := in.Turns()
	b.plug()
	for end := time.Now().Add(longest); in.Missing() != nil; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it never came")
		}
	}
	b.key(f13, 1)
	wants(t, in, true)
	if in.Turns() == turns {
		t.Error("it does not turn")
	}
}

// TestHeldAtStart is told to the port, which knows what to do about it.
func TestHeldAtStart(t *testing.T) {
	b, d := newBench(t)
	b.held.set(f13, true)
	in := open(t, d, "KEY_F13", contact.Config{})
	if active, err := in.Active(); !active || err != nil {
		t.Errorf("%v, %v", active, err)
	}
	b.key(f13, 0)
	wants(t, in, false)
}

// TestOverrun has the state read anew where the kernel had no room for events.
func TestOverrun(t *testing.T) {
	b, d := newBench(t)
	in := open(t, d, "KEY_F13", contact.Config{})
	b.mu.Lock()
	b.held.set(f13, true)
	b.mu.Unlock()
	b.send(event{Type: typeSync, Code: syncDropped}, event{Type: typeKey, Code: f14, Value: 2})
	wants(t, in, true)
}

// TestAnUnreadRoleHoldsNobodyUp: nobody reads one input; the other goes on.
func TestAnUnreadRoleHoldsNobodyUp(t *testing.T) {
	b, d := newBench(t)
	ptt, unread := open(t, d, "KEY_F13", contact.Config{}), open(t, d, "KEY_F14", contact.Config{})
	for range 200 {
		b.key(f14, 1)
		b.key(f14, 0)
		b.key(f13, 1)
		wants(t, ptt, true)
		b.key(f13, 0)
		wants(t, ptt, false)
	}
	if err := unread.Close(); err != nil {
		t.Error(err)
	}
}

// TestOpenSaysWhatIsWrong, and nothing stays open.
func TestOpenSaysWhatIsWrong(t *testing.T) {
	wrong := errors.New("grabbed by another program")
	d := newDevices(func(string, []uint16) (node, error) { return nil, wrong })
	if _, err := d.Open(Key{"pedal", "KEY_F13"}, contact.Config{}); !errors.Is(err, wrong) {
		t.Errorf("%v", err)
	}
	if _, err := d.Open(Key{"pedal", "F13"}, contact.Config{}); err == nil || !strings.Contains(err.Error(), "KEY_F13") {
		t.Errorf("%v", err)
	}
	if len(d.shared) != 0 {
		t.Errorf("%d devices are left", len(d.shared))
	}
}

// sysfsOf makes a directory as the kernel and udev have it.
func sysfsOf(t testing.TB, devices ...[3]string) dirs {
	t.Helper()
	root := t.TempDir()
	d := dirs{filepath.Join(root, "sys"), filepath.Join(root, "dev")}
	write := func(path, text string) {
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text+"\n"), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	for i, dev := range devices {
		node := "event" + string(rune('0'+i))
		write(filepath.Join(d.sysfs, node, "device", "name"), dev[0])
		write(filepath.Join(d.sysfs, node, "device", "capabilities", "key"), dev[1])
		write(filepath.Join(d.dev, node), "")
		if dev[2] != "" {
			link := filepath.Join(d.dev, "by-id", dev[2])
			if err := errors.Join(os.MkdirAll(filepath.Dir(link), 0o755), os.Symlink("../"+node, link)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return d
}

func TestFind(t *testing.T) {
	const hasF13 = "80000000000000 0 0" // bit 55 of the third word, 2*64+55 = 183
	d := sysfsOf(t,
		[3]string{"Power Button", "10000000000000 0", ""},
		[3]string{"Pedal", "0", "usb-Pedal-event-mouse"},
		[3]string{"Pedal", hasF13, "usb-Pedal-event-kbd"},
		[3]string{"Twin", hasF13, "usb-Twin_1"}, [3]string{"Twin", hasF13, "usb-Twin_2"})
	if node, err := d.find("Pedal", f13); node != "event2" || err != nil {
		t.Errorf("by name: %q, %v", node, err)
	}
	if node, err := d.find(filepath.Join(d.dev, "by-id", "usb-Twin_2"), f13); node != "event4" || err != nil {
		t.Errorf("by path: %q, %v", node, err)
	}
	for _, tc := range []struct {
		name string
		keys []uint16
		want string
		gone bool
	}{
		{"Twin", []uint16{f13}, "usb-Twin_1", false},
		{"Pedal", []uint16{f13, f14}, "KEY_F14", false},
		{"Pedals", []uint16{f13}, `"Pedal"`, true},
		{filepath.Join(d.dev, "by-id", "gone"), []uint16{f13}, "not there", true},
	} {
		if _, err := d.find(tc.name, tc.keys...); err == nil || !strings.Contains(err.Error(), tc.want) || errors.Is(err, hal.ErrGone) != tc.gone {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	all, err := d.list()
	if err != nil || len(all) != 4 || all[1].Use() != filepath.Join(d.dev, "by-id", "usb-Pedal-event-kbd") || all[1].Keys[0] != "KEY_F13" || all[0].Use() != "Power Button" {
		t.Errorf("%+v, %v", all, err)
	}
}

// TestLearn says which key of which device was pressed, not which was let go.
func TestLearn(t *testing.T) {
	b, _ := newBench(t)
	opened := make(chan struct{})
	go func() {
		<-opened
		b.key(f14, 0)
		b.key(f13, 1)
	}()
	key, err := learn(t.Context(), func() ([]Device, error) { return []Device{{Name: "Pedal", node: "event0"}}, nil }, func(Device) (node, error) {
		defer close(opened)
		return b.open("", nil)
	})
	if want := (Key{"Pedal", "KEY_F13"}); key != want || err != nil {
		t.Errorf("%v, %v", key, err)
	}
}

// FuzzCapabilities: what the kernel writes of a set of keys reads as that set, and
// nothing that is read takes the process down.
func FuzzCapabilities(f *testing.F) {
	f.Add("80000000000000 0 0", 64)
	f.Add("ffffffff 3 0 fffffffe", 32)
	f.Fuzz(func(t *testing.T, text string, bits int) {
		if bits != 32 && bits != 64 {
			return
		}
		s, err := parseCapabilities(text, bits)
		if err != nil {
			return
		}
		for _, code := range s.codes() {
			if !s.has(code) {
				t.Fatal(code)
			}
			if name := KeyName(code); name != "" && code != 0 {
				if again, err := parseKey(name); err != nil || again != code {
					t.Fatalf("key %d is called %q, which is %d, %v", code, name, again, err)
				}
			}
		}
	})
}
