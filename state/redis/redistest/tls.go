package redistest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority is a certificate authority of its own, in PEM files.
type Authority struct {
	// CAFile is its certificate; CertFile and KeyFile are a server's on
	// 127.0.0.1 that it signed.
	CAFile, CertFile, KeyFile string
}

// NewAuthority makes an authority that lives until the test ends.
func NewAuthority(t testing.TB) Authority {
	t.Helper()
	dir := t.TempDir()
	a := Authority{filepath.Join(dir, "ca.pem"), filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")}
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	write := func(file, kind string, der []byte) {
		check(os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	check(err)
	write(a.CAFile, "CERTIFICATE", der)
	cert := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "redis"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err = x509.CreateCertificate(rand.Reader, cert, ca, &key.PublicKey, caKey)
	check(err)
	write(a.CertFile, "CERTIFICATE", der)
	der, err = x509.MarshalECPrivateKey(key)
	check(err)
	write(a.KeyFile, "EC PRIVATE KEY", der)
	return a
}

// StartTLS runs a server that takes TLS alone, with the authority's certificate.
func StartTLS(t testing.TB, a Authority, args ...string) *Server {
	t.Helper()
	return Start(t, append([]string{"--tls-cert-file", a.CertFile, "--tls-key-file", a.KeyFile, "--tls-ca-cert-file", a.CAFile,
		"--tls-auth-clients", "no"}, args...)...)
}
