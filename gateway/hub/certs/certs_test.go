package certs

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shake connects to a server of cfg as a client that asks for name.
func shake(t *testing.T, cfg *tls.Config, pool *x509.CertPool, name string) error {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		if c, err := l.Accept(); err == nil {
			_ = c.(*tls.Conn).HandshakeContext(t.Context())
			_ = c.Close()
		}
	}()
	c, err := tls.DialWithDialer(&net.Dialer{Timeout: time.Minute}, "tcp", l.Addr().String(), &tls.Config{RootCAs: pool, ServerName: name})
	if err != nil {
		return err
	}
	return c.Close()
}

func pool(t *testing.T, file string) *x509.CertPool {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p := x509.NewCertPool()
	if !p.AppendCertsFromPEM(text) {
		t.Fatal("no certificate")
	}
	return p
}

func TestOwnCAIsMadeOnceAndTrusted(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ca")
	a, err := OwnCA(dir, "hub.example")
	if err != nil {
		t.Fatal(err)
	}
	again, err := OwnCA(dir)
	if err != nil || again.Fingerprint != a.Fingerprint || len(a.Fingerprint) != 64 {
		t.Fatalf("made anew: %v", err)
	}
	if i, err := os.Stat(filepath.Join(dir, caKeyFile)); err != nil || i.Mode() != 0o600 {
		t.Errorf("key: %v %v", i.Mode(), err)
	}
	trust := pool(t, a.CertFile)
	for name, ok := range map[string]bool{"hub.example": true, "HUB.example": true, "localhost": true, "127.0.0.1": true, "evil.example": false} {
		if err := shake(t, a.Config(), trust, name); (err == nil) != ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := shake(t, a.Config(), x509.NewCertPool(), "localhost"); err == nil {
		t.Error("trusted by who does not have it")
	}
	// What was begun is made anew, and what ended says so.
	if err := os.Remove(a.CertFile); err != nil {
		t.Fatal(err)
	}
	if other, err := OwnCA(dir); err != nil || other.Fingerprint == a.Fingerprint {
		t.Errorf("after the certificate was lost: %v", err)
	}
	if err := os.WriteFile(a.CertFile, []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OwnCA(dir); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("junk: %v", err)
	}
}

func TestFilesAreReadAgain(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "c.pem"), filepath.Join(dir, "k.pem")
	if _, err := Files(cert, key, nil); err == nil {
		t.Fatal("files that are not there")
	}
	put := func(from string, at time.Time) {
		t.Helper()
		for target, name := range map[string]string{cert: caFile, key: caKeyFile} {
			text, err := os.ReadFile(filepath.Join(from, name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(target, text, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(target, at, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	one, other := t.TempDir(), t.TempDir()
	for _, d := range []string{one, other} {
		if err := create(d); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	put(one, now)
	var failed error
	f := &files{cert: cert, key: key, onError: func(err error) { failed = err }}
	if err := f.load(); err != nil {
		t.Fatal(err)
	}
	first := f.current(now)
	put(other, now.Add(time.Minute))
	if f.current(now.Add(filesAgain/2)) != first {
		t.Error("read again at once")
	}
	second := f.current(now.Add(2 * filesAgain))
	if second == first || failed != nil {
		t.Errorf("not read again: %v", failed)
	}
	if err := os.WriteFile(key, []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(key, now, now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if f.current(now.Add(4*filesAgain)) != second || failed == nil {
		t.Errorf("junk: %v", failed)
	}
}
