package certs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	// caTime and leafTime are how long certificates are good for; a leaf is made anew
	// in the last third of its time.
	caTime, leafTime = 10 * 365 * 24 * time.Hour, 90 * 24 * time.Hour
	// maxLeaves bounds the names that certificates are made for.
	maxLeaves = 64
	caFile    = "ca.pem"
	caKeyFile = "ca.key"
)

// Authority is a certificate authority of a hub's own, for a site without a name on
// the internet. Its clients trust CertFile, or its Fingerprint.
type Authority struct {
	// CertFile is where its certificate is, for link.ca_file of ports.
	CertFile string
	// Fingerprint is the SHA-256 of it, in hex.
	Fingerprint string

	cert  *x509.Certificate
	key   crypto.Signer
	names map[string]bool // those it makes certificates for, besides addresses

	mu     sync.Mutex
	leaves map[string]*tls.Certificate
}

// OwnCA reads the authority of a directory, or makes it there once. It certifies any
// address of the hub, localhost, the machine's name and names.
func OwnCA(dir string, names ...string) (*Authority, error) {
	a := &Authority{CertFile: filepath.Join(dir, caFile), names: map[string]bool{"localhost": true}, leaves: map[string]*tls.Certificate{}}
	if host, err := os.Hostname(); err == nil {
		names = append(names, host, host+".local")
	}
	for _, n := range names {
		a.names[strings.ToLower(n)] = true
	}
	err := a.load(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if err = create(dir); err == nil {
			err = a.load(dir)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("certificate authority in %q: %w", dir, err)
	}
	sum := sha256.Sum256(a.cert.Raw)
	a.Fingerprint = hex.EncodeToString(sum[:])
	return a, nil
}

// PEM is its certificate as a client's file has it.
func (a *Authority) PEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}))
}

// Config serves a certificate for whatever name or address a client asks for.
func (a *Authority) Config() *tls.Config {
	c := base()
	c.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		name := strings.ToLower(hello.ServerName)
		if name == "" { // an address is not told (RFC 6066 section 3): it is where the client got to
			if host, _, err := net.SplitHostPort(hello.Conn.LocalAddr().String()); err == nil {
				name = host
			}
		}
		return a.leaf(name, time.Now())
	}
	return c
}

func (a *Authority) leaf(name string, now time.Time) (*tls.Certificate, error) {
	addr, err := netip.ParseAddr(name)
	if err != nil && !a.names[name] {
		return nil, fmt.Errorf("no certificate for %.80q: reach the hub by an address or by one of its names", name)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if c := a.leaves[name]; c != nil && now.Before(c.Leaf.NotAfter.Add(-leafTime/3)) {
		return c, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(leafTime),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if addr.IsValid() {
		template.IPAddresses = []net.IP{addr.Unmap().WithZone("").AsSlice()}
	} else {
		template.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	if len(a.leaves) >= maxLeaves {
		clear(a.leaves)
	}
	c := &tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key, Leaf: leaf}
	a.leaves[name] = c
	return c, nil
}

func (a *Authority) load(dir string) error {
	pair, err := tls.LoadX509KeyPair(a.CertFile, filepath.Join(dir, caKeyFile))
	if err != nil {
		return err
	}
	key, ok := pair.PrivateKey.(crypto.Signer)
	if !ok || !pair.Leaf.IsCA {
		return errors.New("it is no certificate authority")
	}
	if now := time.Now(); now.After(pair.Leaf.NotAfter) {
		return fmt.Errorf("it ended on %s: remove %s and %s to have another made, and give that to the ports", pair.Leaf.NotAfter.Format(time.DateOnly), caFile, caKeyFile)
	}
	a.cert, a.key = pair.Leaf, key
	return nil
}

// create makes an authority. Its key is written first: without a certificate it is
// none, so that what was begun is made anew.
func create(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "talkgate hub " + now.Format(time.DateOnly)},
		// A board without a clock may be behind: its certificate counts from long ago.
		NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: now.Add(caTime),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := write(filepath.Join(dir, caKeyFile), "PRIVATE KEY", raw, 0o600); err != nil {
		return err
	}
	return write(filepath.Join(dir, caFile), "CERTIFICATE", der, 0o644)
}

// write writes a PEM file whole or not at all.
func write(path, kind string, der []byte, mode os.FileMode) error {
	temporary := path + ".new"
	if err := os.WriteFile(temporary, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

func serial() *big.Int {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[0] &= 0x7f
	return new(big.Int).SetBytes(b[:])
}
