//go:build e2e

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// certificate is one that vouches for itself, and its key, as kubectl create secret tls
// puts them into a Secret.
func certificate(t *testing.T) map[string]string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<60))
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "shop"}, DNSNames: []string{"shop"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"tls.crt": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})),
		"tls.key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})),
	}
}

// ask lists the processes over TLS, trusting one certificate only.
func (p *pod) ask(cert, secret string) error {
	p.t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(cert)) {
		p.t.Fatal("not a certificate")
	}
	client := &http.Client{Timeout: patience, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "shop"}, DisableKeepAlives: true,
	}}
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, "https://"+net.JoinHostPort(p.address, "9443")+"/rpc",
		strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"process.list"}`))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+secret)
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || !strings.Contains(string(body), `"name":"web"`)) {
		err = fmt.Errorf("status %d: %s", resp.StatusCode, body)
	}
	return err
}

// head runs the commands at the head of the example that begin with a text, in a folder, with
// the Pod's address in the place of the forwarded one.
func (p *pod) head(dir, begin string) {
	p.t.Helper()
	text, err := os.ReadFile("../examples/pods/tls.yaml")
	if err != nil {
		p.t.Fatal(err)
	}
	commands := regexp.MustCompile(`(?m)^#   (`+regexp.QuoteMeta(begin)+`.*)$`).FindAllStringSubmatch(string(text), -1)
	if len(commands) != 1 {
		p.t.Fatalf("the example has %d commands that begin with %q", len(commands), begin)
	}
	cmd := exec.Command("sh", "-c", strings.ReplaceAll(commands[0][1], "127.0.0.1", p.address))
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	if r := run(p.t, cmd); r.code != 0 {
		p.t.Errorf("%s: %s", commands[0][1], r)
	}
}

// files are those of a folder, by the names that they get.
func files(t *testing.T, dir string, names map[string]string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for key, name := range names {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		found[key] = string(data)
	}
	return found
}

// Certificate, API secret and password come from Secrets and are rotated live. The first ones are
// made, and used by pmclient, as the head of the example tells.
func TestPodTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	making := &pod{t: t}
	making.head(dir, "openssl ")
	making.head(dir, "(umask 077; ")
	first, second := files(t, dir, map[string]string{"tls.crt": "cert.pem", "tls.key": "key.pem"}), certificate(t)
	p := startPod(t, "tls.yaml", objects{
		"shop-tls": first, "shop-api": files(t, dir, map[string]string{"secret": "secret"}), "shop-db": {"DB_PASSWORD": "hunter2"},
	})
	before := p.allAre("processes", "running", "web")
	p.says("processes", "the password has 7 letters")
	eventually(t, "the first certificate and secret work", func() error { return p.ask(first["tls.crt"], "mysecretkey") })
	p.must("cp", p.container("processes")+":/usr/local/bin/pmclient", dir+"/pmclient")
	p.head(dir, "pmclient -rpc ")
	if err := p.ask(first["tls.crt"], "wrong"); err == nil || !strings.Contains(err.Error(), "status 401") {
		t.Errorf("a wrong secret: %v, want status 401", err)
	}
	if err := p.ask(second["tls.crt"], "mysecretkey"); err == nil || strings.Contains(err.Error(), "status") {
		t.Errorf("a certificate of somebody else: %v, want an error of TLS", err)
	}

	p.swap("tls", second)
	p.swap("api", map[string]string{"secret": "anotherkey\n"})
	p.swap("db", map[string]string{"DB_PASSWORD": "correct horse"})
	eventually(t, "the second certificate and secret work", func() error { return p.ask(second["tls.crt"], "anotherkey") })
	if err := p.ask(second["tls.crt"], "mysecretkey"); err == nil || !strings.Contains(err.Error(), "status 401") {
		t.Errorf("the old secret: %v, want status 401", err)
	}
	p.swap("api", map[string]string{"secret": ""})
	p.swap("tls", map[string]string{"tls.crt": first["tls.crt"], "tls.key": second["tls.key"]})
	eventually(t, "what is broken is told", func() error {
		if err := p.ask(second["tls.crt"], "anotherkey"); err != nil {
			t.Errorf("the last good certificate and secret: %v", err)
		}
		logs := p.logs("processes")
		for _, want := range []string{"cannot use the changed secret file: the last good one stays in force", "cannot use the changed TLS certificate: the last good one stays in force"} {
			if !strings.Contains(logs, want) {
				return fmt.Errorf("%q is not in the log", want)
			}
		}
		return nil
	})
	p.swap("api", map[string]string{"secret": "anotherkey\n"})
	p.swap("tls", second)
	if now := p.allAre("processes", "running", "web"); now["web"].PID != before["web"].PID {
		t.Errorf("rotation has restarted web: %+v, then %+v", before["web"], now["web"])
	}
	if r := p.exec("processes", "env", "-u", "PM_SECRET_FILE", "pmclient", "restart", "web"); r.code != 3 {
		t.Errorf("pmclient without the secret: want exit code 3, have %s", r)
	}
	if r := p.exec("processes", "pmclient", "restart", "web"); r.code != 0 {
		t.Errorf("restart: %s", r)
	}
	p.says("processes", "the password has 13 letters")
	if logs := p.logs("processes"); strings.Contains(logs, "hunter2") || strings.Contains(logs, "correct horse") || strings.Contains(logs, "anotherkey") {
		t.Errorf("a secret is in the log:\n%s", logs)
	}
	if e := p.terminate("processes"); e.code != 0 || e.killed {
		t.Errorf("the Pod's end: %+v", e)
	}
}
