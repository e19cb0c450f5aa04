package access

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority signs certificates of a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{}
	a.cert, a.key, a.pem, _ = sign(t, name, nil)
	return a
}

// sign makes a certificate, of an authority if by is nil.
func sign(t *testing.T, name string, by *authority) (*x509.Certificate, *ecdsa.PrivateKey, []byte, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	parent, signer := template, key
	if by == nil {
		template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	} else {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
}

// pair is a client's certificate.
func (a *authority) pair(t *testing.T, name string) tls.Certificate {
	t.Helper()
	_, _, cert, key := sign(t, name, a)
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

type tlsWorld struct {
	files TLSFiles
	ca    *authority
	addr  string

	resumed bool // the last handshake
}

// put writes a new certificate and key.
func (w *tlsWorld) put(t *testing.T, name string) {
	t.Helper()
	_, _, cert, key := sign(t, name, w.ca)
	write(t, w.files.Cert, string(cert))
	write(t, w.files.Key, string(key))
}

// meet makes a handshake and returns the name in the server's certificate.
func (w *tlsWorld) meet(t *testing.T, config *tls.Config) (string, error) {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(w.ca.cert)
	config.RootCAs, config.ServerName = pool, "localhost"
	c, err := tls.DialWithDialer(&net.Dialer{Timeout: 5 * time.Second}, "tcp", w.addr, config)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if _, err := io.ReadAll(c); err != nil { // in TLS 1.3 a refused client learns it here
		return "", err
	}
	w.resumed = c.ConnectionState().DidResume
	return c.ConnectionState().PeerCertificates[0].Subject.CommonName, nil
}

func newTLSWorld(t *testing.T, clientCA string) (*tlsWorld, *tls.Config, *bytes.Buffer) {
	t.Helper()
	dir := t.TempDir()
	w := &tlsWorld{ca: newAuthority(t, "ca"), files: TLSFiles{Cert: filepath.Join(dir, "crt"), Key: filepath.Join(dir, "key")}}
	w.put(t, "first")
	if clientCA != "" {
		w.files.ClientCA = filepath.Join(dir, "ca")
		write(t, w.files.ClientCA, clientCA)
	}
	log, out := logTo()
	config, err := w.files.Config(log)
	if err != nil {
		t.Fatal(err)
	}
	l, err := ListenTCP("127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	l = Places(l, 10, nil)
	t.Cleanup(func() { l.Close() })
	w.addr = l.Addr().String()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_ = c.(*tls.Conn).Handshake()
				c.Close()
			}()
		}
	}()
	return w, config, out
}

// until asks again until the files have been looked at once more.
func until(t *testing.T, want string, ask func() string) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	got := ask()
	for ; got != want && time.Now().Before(deadline); got = ask() {
		<-time.After(50 * time.Millisecond)
	}
	if got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
}

func TestCertificateRotation(t *testing.T) {
	w, _, _ := newTLSWorld(t, "")
	server := func() string {
		name, err := w.meet(t, &tls.Config{})
		if err != nil {
			return err.Error()
		}
		return name
	}
	if got := server(); got != "first" {
		t.Fatalf("got %q, want first", got)
	}
	w.put(t, "second")
	until(t, "second", server)
}

func TestHalfARotationChangesNothing(t *testing.T) {
	w, config, out := newTLSWorld(t, "")
	_, _, cert, _ := sign(t, "half", w.ca)
	write(t, w.files.Cert, string(cert))
	deadline := time.Now().Add(10 * time.Second)
	for out.Len() == 0 && time.Now().Before(deadline) {
		got, err := config.GetConfigForClient(nil)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(got.Certificates[0].Certificate[0])
		if err != nil || leaf.Subject.CommonName != "first" {
			t.Fatalf("got %v, %v, want the first certificate", leaf, err)
		}
		<-time.After(20 * time.Millisecond)
	}
	if !strings.Contains(out.String(), "does not match") {
		t.Errorf("the log does not say what is wrong: %q", out)
	}
}

func TestOldVersionsAreRefused(t *testing.T) {
	w, _, _ := newTLSWorld(t, "")
	if _, err := w.meet(t, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is accepted")
	}
	if _, err := w.meet(t, &tls.Config{MaxVersion: tls.VersionTLS12}); err != nil {
		t.Errorf("TLS 1.2: %v", err)
	}
}

func TestClientCertificates(t *testing.T) {
	good, other := newAuthority(t, "clients"), newAuthority(t, "others")
	w, _, _ := newTLSWorld(t, string(good.pem))
	allowed := tls.Config{Certificates: []tls.Certificate{good.pair(t, "alice")}, ClientSessionCache: tls.NewLRUClientSessionCache(4)}
	foreign := &tls.Config{Certificates: []tls.Certificate{other.pair(t, "mallory")}}
	for range 2 {
		if _, err := w.meet(t, &allowed); err != nil || w.resumed {
			t.Errorf("a client of the authority: %v, resumed: %v", err, w.resumed)
		}
	}
	if _, err := w.meet(t, foreign); err == nil {
		t.Error("a client of another authority comes in")
	}
	if _, err := w.meet(t, &tls.Config{}); err == nil {
		t.Error("a client without a certificate comes in")
	}
	write(t, w.files.ClientCA, string(other.pem))
	until(t, "refused", func() string {
		if _, err := w.meet(t, &allowed); err != nil {
			return "refused"
		}
		return "let in"
	})
	if _, err := w.meet(t, foreign); err != nil {
		t.Errorf("a client of the new authority: %v", err)
	}
}

func TestTLSFilesRefused(t *testing.T) {
	dir := t.TempDir()
	ca := newAuthority(t, "ca")
	_, _, cert, key := sign(t, "a", ca)
	_, _, _, otherKey := sign(t, "b", ca)
	path := func(name string) string { return filepath.Join(dir, name) }
	write(t, path("crt"), string(cert))
	write(t, path("key"), string(key))
	write(t, path("other"), string(otherKey))
	write(t, path("junk"), "junk")
	for _, c := range []struct {
		story string
		files TLSFiles
		want  string
	}{
		{"key missing", TLSFiles{Cert: path("crt")}, "are needed, both"},
		{"client CA alone", TLSFiles{ClientCA: path("crt")}, "are needed, both"},
		{"no such file", TLSFiles{Cert: path("none"), Key: path("key")}, path("none")},
		{"not PEM", TLSFiles{Cert: path("junk"), Key: path("key")}, path("junk")},
		{"wrong key", TLSFiles{Cert: path("crt"), Key: path("other")}, "does not match"},
		{"CA without a certificate", TLSFiles{Cert: path("crt"), Key: path("key"), ClientCA: path("junk")}, path("junk") + ": there is no certificate"},
	} {
		_, err := c.files.Config(nil)
		if err == nil || !strings.HasPrefix(err.Error(), "cannot use TLS: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.story, err, c.want)
		}
	}
	if config, err := (TLSFiles{}).Config(nil); config != nil || err != nil {
		t.Errorf("no files: got %v, %v, want nothing", config, err)
	}
}
