package telnet_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/processmanager/processmanager/supervisor/access"
	"github.com/processmanager/processmanager/telnet"
)

// certificate writes a certificate for 127.0.0.1 and returns its files.
func certificate(t *testing.T) access.TLSFiles {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	files := access.TLSFiles{Cert: filepath.Join(t.TempDir(), "cert"), Key: filepath.Join(t.TempDir(), "key")}
	for file, block := range map[string]*pem.Block{files.Cert: {Type: "CERTIFICATE", Bytes: der}, files.Key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func tlsConfig(t *testing.T) (*tls.Config, access.TLSFiles) {
	t.Helper()
	files := certificate(t)
	config, err := files.Config(nil)
	if err != nil {
		t.Fatal(err)
	}
	return config, files
}

// tlsListener makes TLS connections of those of a memoryListener.
type tlsListener struct {
	*memoryListener
	config *tls.Config
}

func (l tlsListener) Accept() (net.Conn, error) {
	c, err := l.memoryListener.Accept()
	if err != nil {
		return nil, err
	}
	return tls.Server(c, l.config), nil
}

// Who opens a connection and does not begin with TLS is put out when the time to log in
// is up; meanwhile, and when the house is full of such, others are served.
func TestT79SilentHandshake(t *testing.T) {
	config, _ := tlsConfig(t)
	synctest.Test(t, func(t *testing.T) {
		listen := tlsListener{newListener(), config}
		srv := telnet.NewServer(telnet.Options{Control: newFake(), Auth: oneSecret, MaxConnections: 1})
		ctx, stop := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- srv.Serve(ctx, listen, true) }()
		dial := func() half {
			server, end := connPair()
			listen.conns <- server
			synctest.Wait()
			return end
		}
		silent := dial()
		start := time.Now()
		_, _ = io.ReadAll(silent)
		if d := time.Since(start); d != time.Minute {
			t.Errorf("the silent one was put out after %v", d)
		}
		known := tls.Client(dial(), &tls.Config{InsecureSkipVerify: true})
		go func() { _, _ = io.WriteString(known, "mysecretkey\n") }() // beside reading: a pipe has no buffer
		text, buf := "", make([]byte, 100)
		for !strings.Contains(text, "you are authenticated") {
			n, err := known.Read(buf)
			if err != nil {
				t.Fatalf("%v behind %q", err, text)
			}
			text += string(buf[:n])
		}
		// Now there is no place. Who is refused and says nothing is not waited for long.
		start = time.Now()
		refused := dial()
		_, _ = io.ReadAll(refused)
		_ = dial().Close()
		if d := time.Since(start); d > time.Second {
			t.Errorf("a refusal held up the next one for %v", d)
		}
		waiting := dial() // in the middle of a handshake the server ends all the same
		stop()
		go func() { _, _ = io.Copy(io.Discard, known) }()
		if err := <-served; err != nil {
			t.Error(err)
		}
		for _, c := range []net.Conn{silent, refused, waiting, known} {
			_ = c.Close()
		}
	})
}

// openssl as the client, with the certificate checked, and everything in one write.
func TestTLSWithOpenSSL(t *testing.T) {
	config, files := tlsConfig(t)
	addr := serveTLS(t, config)
	p := start(t, "openssl", "s_client", "-quiet", "-verify_return_error", "-CAfile", files.Cert, "-connect", addr)
	p.expect(" ** Welcome: you are not authenticated, provide secret.\r\n")
	p.send("mysecretkey\n")
	p.expect(" ** Welcome: you are authenticated.\r\n")
	p.send(ask(1) + ask(2))
	p.expect(strings.ReplaceAll(notFound(1)+notFound(2), "\n", "\r\n"))
	p.send("!!quit\n")
	p.expect("Bye\r\n")
	p.expectEnd()
}

// A client that speaks plain text to a TLS port gets nothing, and the server goes on.
func TestTLSRefusesPlainText(t *testing.T) {
	config, files := tlsConfig(t)
	addr := serveTLS(t, config)
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	_, _ = io.WriteString(conn, "mysecretkey\n")
	if got, _ := io.ReadAll(conn); strings.Contains(string(got), "Welcome") {
		t.Errorf("got %q", got)
	}
	pool := x509.NewCertPool()
	cert, err := os.ReadFile(files.Cert)
	if err != nil || !pool.AppendCertsFromPEM(cert) {
		t.Fatal(err)
	}
	secure, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: pool})
	if err != nil {
		t.Fatal(err)
	}
	defer secure.Close()
	_ = secure.SetDeadline(time.Now().Add(20 * time.Second))
	_, _ = io.WriteString(secure, "mysecretkey\n"+ask(1)+"\n")
	_ = secure.CloseWrite()
	got, err := io.ReadAll(secure)
	want := "\xff\xfb\x01\xff\xfb\x03" + strings.ReplaceAll(" ** Welcome: you are not authenticated, provide secret.\n ** Welcome: you are authenticated.\n"+notFound(1), "\n", "\r\n")
	if err != nil || string(got) != want {
		t.Errorf("got %q, %v", got, err)
	}
}
