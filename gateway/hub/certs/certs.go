// Package certs is where a hub that speaks HTTPS by itself has its certificate
// from: files, a certificate authority of its own, or ACME.
package certs

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// base is what all of them have in common.
func base() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
}

// Files serves the certificate of two PEM files, and a newer one once they change.
// Files that can't be used are an error at first, and later leave the certificate
// as it is; onError is told.
func Files(certFile, keyFile string, onError func(error)) (*tls.Config, error) {
	f := &files{cert: certFile, key: keyFile, onError: onError}
	if err := f.load(); err != nil {
		return nil, err
	}
	c := base()
	c.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return f.current(time.Now()), nil }
	return c, nil
}

// OwnRoot returns, in PEM, the last certificate of a file if nobody else vouches for it, as
// clients then have to be told of it; empty is one that a client may know by itself.
func OwnRoot(certFile string) (string, error) {
	text, err := os.ReadFile(certFile)
	if err != nil {
		return "", fmt.Errorf("certificate: %w", err)
	}
	var last *pem.Block
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			last = block
		}
	}
	if last == nil {
		return "", fmt.Errorf("certificate %q: expected PEM, found none", certFile)
	}
	cert, err := x509.ParseCertificate(last.Bytes)
	if err != nil {
		return "", fmt.Errorf("certificate %q: %w", certFile, err)
	}
	if !bytes.Equal(cert.RawIssuer, cert.RawSubject) {
		return "", nil
	}
	return string(pem.EncodeToMemory(last)), nil
}

// filesAgain is how often files are looked at, at most.
const filesAgain = 10 * time.Second

type files struct {
	cert, key string
	onError   func(error)

	mu      sync.Mutex
	pair    *tls.Certificate
	changed time.Time // of the newer file
	looked  time.Time
}

func (f *files) current(now time.Time) *tls.Certificate {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now.Sub(f.looked) < filesAgain {
		return f.pair
	}
	f.looked = now
	if changed, err := f.newest(); err == nil && !changed.Equal(f.changed) {
		if err := f.load(); err != nil {
			f.onError(err)
		}
	}
	return f.pair
}

// load reads the files. A pair that does not match is no pair: one of them may be
// about to be written.
func (f *files) load() error {
	changed, err := f.newest()
	if err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return fmt.Errorf("certificate %q with key %q: %w", f.cert, f.key, err)
	}
	f.pair, f.changed = &pair, changed
	return nil
}

func (f *files) newest() (time.Time, error) {
	cert, err := os.Stat(f.cert)
	if err != nil {
		return time.Time{}, err
	}
	key, err := os.Stat(f.key)
	if err != nil {
		return time.Time{}, err
	}
	if key.ModTime().After(cert.ModTime()) {
		return key.ModTime(), nil
	}
	return cert.ModTime(), nil
}

// ACME gets certificates for names from an authority (RFC 8555) by TLS-ALPN-01, for
// which the hub has to be reachable at port 443. It keeps them in dir. directory is
// the authority's URL; empty is that of Let's Encrypt.
func ACME(names []string, dir, email, directory string) (*tls.Config, error) {
	if len(names) == 0 || dir == "" {
		return nil, errors.New("ACME: expected a name and a directory to keep certificates in")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("ACME: %w", err)
	}
	m := &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		HostPolicy: autocert.HostWhitelist(names...),
		Cache:      autocert.DirCache(dir),
		Email:      email,
	}
	if directory != "" {
		m.Client = &acme.Client{DirectoryURL: directory}
	}
	c := base()
	c.GetCertificate = m.GetCertificate
	c.NextProtos = append(c.NextProtos, acme.ALPNProto)
	return c, nil
}
