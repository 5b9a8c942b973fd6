package display

import (
	"context"
	"errors"
	"flag"
	"image"
	"image/color"
	"image/png"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/hal"
)

var update = flag.Bool("update", false, "write the pictures of docs/")

var (
	idle    = View{Channel: "gates", State: "on air"}
	heard   = View{Channel: "gates", Talker: "North gate", State: "in use", Level: -12}
	talking = View{Channel: "gates", Talker: "South gate", Ours: true, State: "talking", Level: -20}
	denied  = View{Channel: "gates", State: "no right to talk on this channel"}
	missing = View{Channel: "gates", Missing: "waiting for Redis, the link"}
	alarm   = View{Channel: "gates", Talker: "Boss", Emergency: true, State: "in use", Level: -6}
)

// TestPictures compares what is drawn with the pictures in docs/. With -update it writes
// them.
func TestPictures(t *testing.T) {
	for name, v := range map[string]View{"idle": idle, "heard": heard, "talking": talking, "denied": denied, "missing": missing, "emergency": alarm} {
		path := filepath.Join("../../docs", "display-"+name+".png")
		p := Render(v, 1, 2)
		if *update {
			write(t, path, p)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		for y := range hal.PictureHeight {
			for x := range hal.PictureWidth {
				if r, _, _, _ := img.At(x*scale, y*scale).RGBA(); (r > 0x7FFF) != p.Lit(x, y) {
					t.Fatalf("%s: the point at %d, %d differs: go test ./gateway/display -run Pictures -update", name, x, y)
				}
			}
		}
	}
}

const scale = 3

func write(t *testing.T, path string, p hal.Picture) {
	t.Helper()
	img := image.NewPaletted(image.Rect(0, 0, hal.PictureWidth*scale, hal.PictureHeight*scale),
		color.Palette{color.RGBA{0, 8, 20, 255}, color.RGBA{200, 235, 255, 255}})
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			if p.Lit(x/scale, y/scale) {
				img.SetColorIndex(x, y, 1)
			}
		}
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(png.Encode(f, img), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestNothingIsCutOff: at each shift as many points are lit, so none leaves the glass.
func TestNothingIsCutOff(t *testing.T) {
	full := View{Channel: "WWWWWWWWWWWWWWWWWW", Talker: "WWWWWWWWWWWWWWWW", State: "jggggggggggggggggg jggggggggggggggggg", Level: 0}
	lit := func(p hal.Picture) (n int) {
		for y := range hal.PictureHeight {
			for x := range hal.PictureWidth {
				if p.Lit(x, y) {
					n++
				}
			}
		}
		return n
	}
	want, places := lit(Render(full, 0, 0)), map[[2]int]bool{}
	for n := range 100 {
		right, down := shift(n)
		places[[2]int{right, down}] = true
		if got := lit(Render(full, right, down)); got != want {
			t.Errorf("shifted by %d, %d: %d points are lit, not %d", right, down, got, want)
		}
	}
	if len(places) != (shiftX+1)*(shiftY+1) {
		t.Errorf("%d places", len(places))
	}
}

// FuzzRender: no text and no level ends it.
func FuzzRender(f *testing.F) {
	f.Add("gates", "North", "on air and more than fits into a line", -20.0)
	f.Add("é中\xff", "", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff ", 1e300)
	f.Fuzz(func(t *testing.T, channel, talker, state string, level float64) {
		Render(View{Channel: channel, Talker: talker, State: state, Level: level}, 2, 7)
	})
}

// screen is a display that may be unplugged.
type screen struct {
	gone           bool
	opened, closed int
	shows          int
	last           hal.Picture
	brightness     byte
}

func (s *screen) open() (hal.Display, error) {
	s.opened++
	if s.gone {
		return nil, hal.ErrGone
	}
	return s, nil
}

func (s *screen) Show(p hal.Picture, brightness byte) error {
	if s.gone {
		return hal.ErrGone
	}
	s.shows++
	s.last, s.brightness = p, brightness
	return nil
}

func (s *screen) Close() error {
	s.closed++
	return nil
}

// run runs a display in a bubble; at waits until everything has settled after so long.
func run(t *testing.T, opt Options, test func(s *screen, show func(View), pass func(time.Duration))) {
	synctest.Test(t, func(t *testing.T) {
		s, v := &screen{}, idle
		opt.Open, opt.View, opt.Log = s.open, func() View { return v }, slog.New(slog.DiscardHandler)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			New(opt).Run(ctx)
			close(done)
		}()
		pass := func(d time.Duration) {
			time.Sleep(d)
			synctest.Wait()
		}
		test(s, func(next View) { v = next }, pass)
		stop()
		<-done
		if s.closed == 0 {
			t.Error("the display is not turned off at the end")
		}
	})
}

// TestBurnInIsSpared: a display on which nothing happens is dimmed, moves, and goes off; a
// talker lights it, and what is missing stays to be seen.
func TestBurnInIsSpared(t *testing.T) {
	run(t, Options{Dim: time.Minute, Off: 10 * time.Minute}, func(s *screen, show func(View), pass func(time.Duration)) {
		want := func(what string, brightness byte) {
			t.Helper()
			if s.brightness != brightness {
				t.Errorf("%s: brightness %d, want %d", what, s.brightness, brightness)
			}
		}
		pass(time.Second)
		want("new", bright)
		first := s.last
		pass(2 * time.Minute)
		want("idle", dimmed)
		if s.last == first {
			t.Error("the picture stands still")
		}
		pass(10 * time.Minute)
		want("idle for long", 0)
		show(heard)
		pass(time.Second)
		want("somebody talks", bright)
		pass(20 * time.Minute)
		want("somebody talks for long", bright)
		show(missing)
		pass(30 * time.Minute)
		want("something is missing", dimmed)
	})
}

// TestUnpluggedAndBack: a display that is gone is tried again, and shows the present.
func TestUnpluggedAndBack(t *testing.T) {
	run(t, Options{}, func(s *screen, show func(View), pass func(time.Duration)) {
		pass(time.Second)
		s.gone = true
		pass(time.Minute)
		if s.opened < 10 || s.opened > 20 {
			t.Errorf("opened %d times in a minute", s.opened)
		}
		shows := s.shows
		s.gone = false
		show(talking)
		pass(2 * openAgain)
		if s.shows == shows || s.last != Render(talking, 1, 0) {
			t.Error("back, it does not show the present")
		}
	})
}
