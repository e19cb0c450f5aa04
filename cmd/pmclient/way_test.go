package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/processmanager/processmanager/rpc"
)

// authority signs certificates for tests, as files.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	a.key, a.cert = a.make("ca", &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

// make writes NAME.pem and NAME.key.
func (a *authority) make(name string, c *x509.Certificate) (*ecdsa.PrivateKey, *x509.Certificate) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	c.SerialNumber, c.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: name}
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	secretPart, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		name + ".pem": {Type: "CERTIFICATE", Bytes: der}, name + ".key": {Type: "EC PRIVATE KEY", Bytes: secretPart},
	} {
		if err := os.WriteFile(filepath.Join(a.dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return key, made
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

// Over TCP the manager's certificate is checked, and one's own is shown.
func TestTLS(t *testing.T) {
	ca := newAuthority(t)
	ca.make("server", &x509.Certificate{DNSNames: []string{"manager.example"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	ca.make("me", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	pair, err := tls.LoadX509KeyPair(ca.file("server.pem"), ca.file("server.key"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	control := fleet()
	server := httptest.NewUnstartedServer(rpc.NewServer(rpc.Options{Control: control, Auth: auth{}, AllowedHosts: []string{"manager.example"}}).Handler())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}
	server.StartTLS()
	defer server.Close()

	ask := []string{"-rpc", server.URL, "-secret", secret, "logs", "web", "-lines", "1"}
	all := []string{"-ca-file", ca.file("ca.pem"), "-server-name", "manager.example", "-cert-file", ca.file("me.pem"), "-key-file", ca.file("me.key")}
	for _, c := range []struct {
		name string
		env  []string
		args []string
		code int
		says string
	}{
		{"all", nil, all, 0, ""},
		{"environment", []string{"PM_CA_FILE=" + all[1], "PM_SERVER_NAME=" + all[3], "PM_CERT_FILE=" + all[5], "PM_KEY_FILE=" + all[7]}, nil, 0, ""},
		{"flag over environment", []string{"PM_CA_FILE=/nowhere"}, all, 0, ""},
		{"no authority", nil, all[2:], 3, "-ca-file names the certificate of the authority"},
		{"another name", nil, append([]string{"-ca-file", all[1]}, all[4:]...), 3, "-server-name tells another name"},
		{"no certificate of one's own", nil, all[:4], 3, "-cert-file and -key-file give a certificate"},
		{"no such file", nil, append([]string{"-ca-file", "/nowhere"}, all[2:]...), 2, "/nowhere"},
		{"key of another", nil, append([]string{"-key-file", ca.file("server.key")}, all[:6]...), 2, "-key-file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, stdout, stderr := run(c.env, append(c.args, ask...)...)
			if code != c.code || !strings.Contains(stderr, c.says) || (code == 0) != (stdout == "GET /cart?a=1&b=2: 500\n") {
				t.Errorf("exit code %d, want %d\n%s%s", code, c.code, stdout, stderr)
			}
			if strings.Contains(stdout+stderr, secret) {
				t.Errorf("the secret is printed: %s", stderr)
			}
		})
	}
	t.Run("events", func(t *testing.T) {
		w := watch(t, screen{}, append(append([]string{"events"}, all...), "-rpc", server.URL, "-secret", secret)...)
		listening(t, control, 1)
		forget(t, control, "web")
		w.out.await(t, "deleted\n")
		w.cancel()
		w.ends(t, exitDone)
	})
	t.Run("https where http is", func(t *testing.T) {
		simple := httptest.NewServer(server.Config.Handler)
		defer simple.Close()
		code, _, stderr := run(nil, "list", "-rpc", strings.Replace(simple.URL, "http:", "https:", 1))
		if code != 3 || !strings.Contains(stderr, "does not speak TLS: is it http://?") {
			t.Errorf("%d %s", code, stderr)
		}
	})
}

// Who may not use the socket is told who may. T101: any user.
func TestT101SocketOfAnotherUser(t *testing.T) {
	dir := installed(t)
	serveAt(t, dir, rpc.Options{Control: fleet()})
	socket := filepath.Join(dir, "pm-rpc.sock")
	if err := os.Chmod(socket, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(dir, "pmclient"), "-rpc", "unix://"+socket, "list")
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65533, Gid: 65532}}
	} else if err := os.Chmod(socket, 0); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr, cmd.Dir = &stderr, "/"
	if err := cmd.Run(); cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != exitUnreachable {
		t.Errorf("%v, want exit code 3: %s", err, &stderr)
	}
	if text := stderr.String(); !strings.Contains(text, "may not use the socket (uid ") || strings.Count(text, "\n") != 1 {
		t.Errorf("said %q", text)
	}
	if os.Getuid() == 0 && !strings.Contains(stderr.String(), "this user (uid 65533, gid 65532) may not use the socket (uid 0, gid 0, mode 0600) (the") {
		t.Errorf("said %q", stderr.String())
	}
}

// A socket that nobody listens on any more is there, and nobody is reached.
func TestStaleSocket(t *testing.T) {
	dir := t.TempDir()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "pm-rpc.sock")})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	for _, args := range [][]string{{"list"}, {"list", "-watch"}, {"events"}, {"logs", "web", "-follow"}, {"shell"}} {
		code, stdout, stderr := run(nil, append(args, "-socket", filepath.Join(dir, "pm.sock"))...)
		if code != 3 || stdout != "" || !strings.Contains(stderr, "connection refused; is it running?") {
			t.Errorf("%q: %d %q %q", args, code, stdout, stderr)
		}
	}
}

// T78: a secret that is typed is not shown.
func TestT78TypedSecret(t *testing.T) {
	socket := serve(t, rpc.Options{Control: fleet(), Auth: auth{}})
	r := onTerminal(t, 80, 24, exec.Command(filepath.Join(installed(t), "pmclient"), "-secret-file", "-", "-socket", socket, "logs", "web", "-lines", "1"))
	r.await(t, "Secret: ")
	r.keys(secret + "\n")
	text := r.await(t, "500\r\n")
	if code := r.wait().ExitCode(); code != 0 || strings.Contains(text+r.String(), secret) {
		t.Errorf("exit code %d: %q", code, text)
	}
}
