package demo

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// running is a demo under test.
type runningDemo struct {
	url  string
	http *http.Client
	stop func() error
}

func start(t *testing.T, cfg Config) *runningDemo {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, said := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := Run(ctx, cfg, said)
		said.CloseWithError(io.EOF)
		done <- err
	}()
	d := &runningDemo{http: &http.Client{Transport: &http.Transport{}}}
	lines := bufio.NewScanner(out)
	for d.url == "" && lines.Scan() {
		d.url = regexp.MustCompile(`http://\S+`).FindString(lines.Text())
	}
	if d.url == "" {
		t.Fatalf("the demo does not say where to look: %v", <-done)
	}
	go io.Copy(io.Discard, out)
	d.stop = func() error {
		cancel()
		d.http.CloseIdleConnections()
		err := <-done
		done <- err
		return err
	}
	t.Cleanup(func() { d.stop() })
	return d
}

func (d *runningDemo) do(t *testing.T, method, path, origin string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, d.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if origin != "" {
		req.Header.Set("Origin", origin)
	}
	resp, err := d.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// watch reads the radios' events until one of radio satisfies ok.
func (d *runningDemo) watch(t *testing.T, radio, what string, ok func(radioView) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", d.url+"/demo/radios/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := d.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var last radioView
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		data, isData := strings.CutPrefix(lines.Text(), "data: ")
		if !isData {
			continue
		}
		var v radioView
		if err := json.Unmarshal([]byte(data), &v); err != nil {
			t.Fatalf("%q: %v", data, err)
		}
		if v.Name == radio {
			if last = v; ok(v) {
				return
			}
		}
	}
	t.Fatalf("%s never %s; last seen as %+v", radio, what, last)
}

func TestDemoIsPressedHeardRevokedAndEnded(t *testing.T) {
	for _, where := range []string{"embedded", "given"} {
		t.Run(where, func(t *testing.T) {
			cfg := quietly("")
			var server *redistest.Server
			if where == "given" {
				server = redistest.Start(t)
				cfg.RedisURL = server.URL
			}
			d := start(t, cfg)
			d.watch(t, "north-gate", "came on air", func(v radioView) bool { return v.Lamps == hal.Lamps{Link: true} && v.State == "idle" })
			d.watch(t, "south-gate", "came on air", func(v radioView) bool { return v.Lamps.Link })

			if status, body := d.do(t, "POST", "/demo/radios/north-gate/press", ""); status != http.StatusNoContent {
				t.Fatalf("press: %d %s", status, body)
			}
			d.watch(t, "north-gate", "talked", func(v radioView) bool { return v.Pressed && v.Lamps.Talk && v.State == "talking" })
			d.watch(t, "south-gate", "spoke aloud", func(v radioView) bool { return v.Lamps.Busy && v.Level > -40 })

			var v visit
			if status, body := d.do(t, "GET", "/demo/config", ""); status != http.StatusOK || json.Unmarshal([]byte(body), &v) != nil {
				t.Fatalf("config: %d %s", status, body)
			}
			req, _ := http.NewRequestWithContext(t.Context(), "DELETE", d.url+"/api/channels/"+v.Channel+"/members/"+v.Radios[0].UserID+"/rights", nil)
			req.Header.Set("Authorization", "Bearer "+v.Token)
			resp, err := d.http.Do(req)
			if err != nil || resp.StatusCode != http.StatusNoContent {
				t.Fatalf("revocation: %v %v", resp, err)
			}
			resp.Body.Close()
			d.watch(t, "north-gate", "was silenced", func(v radioView) bool {
				return !v.Lamps.Talk && v.Lamps.Alert && v.State == "refused" && v.Reason != ""
			})
			if status, _ := d.do(t, "POST", "/demo/radios/north-gate/release", ""); status != http.StatusNoContent {
				t.Errorf("release: %d", status)
			}
			d.watch(t, "north-gate", "was at rest", func(v radioView) bool { return v.State == "idle" && !v.Pressed })

			if err := d.stop(); err != nil {
				t.Errorf("the demo ended with %v", err)
			}
			if server != nil {
				for _, key := range []string{"channel:gates:speaker", "u.north-gate.g", "u.south-gate.g", "u.visitor-1.g", "g.gates.u"} {
					if server.Do("EXISTS", key) != int64(0) {
						t.Errorf("%s is left in Redis", key)
					}
				}
			}
		})
	}
}

func TestDemoRefusesWhatItDoesNotKnow(t *testing.T) {
	d := start(t, quietly(""))
	for _, c := range []struct {
		method, path, origin string
		want                 int
	}{
		{"POST", "/demo/radios/west-gate/press", "", http.StatusNotFound},
		{"GET", "/demo/radios/north-gate/press", "", http.StatusMethodNotAllowed},
		{"POST", "/demo/radios/north-gate/press", "http://elsewhere.example", http.StatusForbidden},
		{"POST", "/demo/radios/north-gate/release", d.url, http.StatusNoContent},
	} {
		if status, body := d.do(t, c.method, c.path, c.origin); status != c.want {
			t.Errorf("%s %s from %q: %d %s, want %d", c.method, c.path, c.origin, status, body, c.want)
		}
	}
	var one, other visit
	_, a := d.do(t, "GET", "/demo/config", "")
	_, b := d.do(t, "GET", "/demo/config", "")
	if json.Unmarshal([]byte(a), &one) != nil || json.Unmarshal([]byte(b), &other) != nil || one.User == other.User {
		t.Errorf("two visitors are %s and %s, want two members", a, b)
	}
}

func TestDemoSaysWhyItCannotStart(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	inUse, absent, junk := quietly(""), quietly("redis://127.0.0.1:1"), quietly("ftp://x")
	inUse.Listen = taken.Addr().String()
	for _, c := range []struct {
		cfg  Config
		want string
	}{{inUse, "--listen"}, {absent, "--redis"}, {junk, "--redis"}} {
		var out bytes.Buffer
		if err := Run(t.Context(), c.cfg, &out); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, expected to be told of %s", c.cfg, err, c.want)
		}
	}
}
