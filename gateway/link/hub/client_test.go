package hub

import (
	"context"
	"crypto/sha256"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// posted posts an offer to url with a link's own client.
func posted(t *testing.T, url, caFile, fingerprint string) (location string, err error) {
	t.Helper()
	client, err := NewClient(caFile, fingerprint)
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	e := endpoint{url: url, token: func(context.Context) (string, error) { return "secret", nil }, client: client, relays: &relays{}}
	_, location, err = e.post(t.Context(), "an offer")
	return location, err
}

func answered(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if r.Method != http.MethodPost || string(body) != "an offer" || r.Header.Get("Authorization") != "Bearer secret" {
		http.Error(w, "not what was sent", http.StatusTeapot)
		return
	}
	created(w, "gate/7", sdpType)
}

func TestRedirects(t *testing.T) {
	for status, followed := range map[int]bool{301: false, 302: false, 303: false, 307: true, 308: true} {
		mux := http.NewServeMux()
		mux.HandleFunc("/ptt/whip/gate", answered)
		mux.Handle("/whip/gate", http.RedirectHandler("/ptt/whip/gate?a=b", status))
		srv := httptest.NewServer(mux)
		location, err := posted(t, srv.URL+"/whip/gate", "", "")
		srv.Close()
		switch {
		case followed && (err != nil || location != srv.URL+"/ptt/whip/gate/7"):
			t.Errorf("%d: location %q, %v", status, location, err)
		case !followed && (err == nil || !strings.Contains(err.Error(), srv.URL+"/ptt/whip/gate, which is not followed")):
			t.Errorf("%d: %v", status, err)
		}
	}
}

// TestRedirectsTakeTheTokenNowhere: neither to another host nor round and round.
func TestRedirectsTakeTheTokenNowhere(t *testing.T) {
	asked := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer other.Close()
	to := strings.Replace(other.URL, "127.0.0.1", "localhost", 1)
	elsewhere := httptest.NewServer(http.RedirectHandler(to, http.StatusPermanentRedirect))
	defer elsewhere.Close()
	if _, err := posted(t, elsewhere.URL, "", ""); err == nil || asked != 0 {
		t.Errorf("asked %d times, %v", asked, err)
	}
	turns := 0
	round := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		turns++
		http.Redirect(w, r, "/", http.StatusPermanentRedirect)
	}))
	defer round.Close()
	if _, err := posted(t, round.URL, "", ""); err == nil || turns > maxRedirects+1 {
		t.Errorf("%d turns, %v", turns, err)
	}
}

func TestAMismatchOfSchemeIsNamed(t *testing.T) {
	plain, secure := httptest.NewServer(http.HandlerFunc(answered)), httptest.NewTLSServer(http.HandlerFunc(answered))
	defer plain.Close()
	defer secure.Close()
	if _, err := posted(t, strings.Replace(plain.URL, "http:", "https:", 1), "", ""); err == nil || !strings.Contains(err.Error(), "wants http://") {
		t.Errorf("https to a plain hub: %v", err)
	}
	if _, err := posted(t, strings.Replace(secure.URL, "https:", "http:", 1), "", ""); err == nil || !strings.Contains(err.Error(), "wants https://") {
		t.Errorf("http to a TLS hub: %v", err)
	}
}

func TestCertificates(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(answered))
	defer srv.Close()
	if _, err := posted(t, srv.URL, "", ""); err == nil || !strings.Contains(err.Error(), "link.ca_file") {
		t.Errorf("of an unknown authority: %v", err)
	}
	raw := srv.Certificate().Raw
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := posted(t, srv.URL, ca, ""); err != nil {
		t.Errorf("with its authority: %v", err)
	}
	sum := sha256.Sum256(raw)
	for _, pin := range []string{fmt.Sprintf("%x", sum), strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":")} {
		if _, err := posted(t, srv.URL, "", pin); err != nil {
			t.Errorf("pinned as %s: %v", pin, err)
		}
	}
	sum[0]++
	if _, err := posted(t, srv.URL, ca, fmt.Sprintf("%x", sum)); !errors.Is(err, errFingerprint) {
		t.Errorf("another fingerprint: %v", err)
	}
	for _, bad := range [][2]string{{"/nowhere.pem", ""}, {os.Args[0], ""}, {"", "abc"}, {"", "zz"}} {
		if _, err := NewClient(bad[0], bad[1]); err == nil {
			t.Errorf("%v: accepted", bad)
		}
	}
}

// TestNoErrorHasTheToken, even where the server repeats all it was sent.
func TestNoErrorHasTheToken(t *testing.T) {
	for status := 200; status < 600; status += 7 {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "http://elsewhere/?"+r.Header.Get("Authorization"))
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, `{"error":"bad %s"}`, r.Header.Get("Authorization"))
		}))
		if _, err := posted(t, srv.URL, "", ""); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%d: %v", status, err)
		}
		srv.Close()
	}
}
