package clients

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// atMost bounds one client's whole test.
const atMost = 4 * time.Minute

var scratch string // for what the tests share

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "pmclients"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(scratch)
	os.Exit(code)
}

// binary is the manager, built once.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "processmanager")
	cmd := exec.Command("go", "build", "-o", path, "../cmd/processmanager")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("cannot build the manager: %w\n%s", err, out)
	}
	return path, nil
})

// certs is a directory with ca.pem, and cert.pem and key.pem for 127.0.0.1.
var certs = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(scratch, "certs")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", err
	}
	write := func(name, kind string, der []byte, mode os.FileMode) error {
		return os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode)
	}
	template := func(serial int64, usage x509.KeyUsage) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "test " + strconv.FormatInt(serial, 10)},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: usage,
		}
	}
	authority := template(1, x509.KeyUsageCertSign)
	authority.IsCA, authority.BasicConstraintsValid = true, true
	authority.SubjectKeyId = []byte("the test's authority") // strict readers want the leaf to name it
	leaf := template(2, x509.KeyUsageDigitalSignature)
	leaf.IPAddresses, leaf.ExtKeyUsage = []net.IP{net.IPv4(127, 0, 0, 1)}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	caDER, err := x509.CreateCertificate(rand.Reader, authority, authority, &caKey.PublicKey, caKey)
	if err != nil {
		return "", err
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, authority, &key.PublicKey, caKey)
	if err != nil {
		return "", err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", err
	}
	for _, f := range []struct {
		name, kind string
		der        []byte
	}{{"ca.pem", "CERTIFICATE", caDER}, {"cert.pem", "CERTIFICATE", der}, {"key.pem", "PRIVATE KEY", keyDER}} {
		if err := write(f.name, f.kind, f.der, 0o600); err != nil {
			return "", err
		}
	}
	return dir, nil
})

func must(t *testing.T, get func() (string, error)) string {
	t.Helper()
	value, err := get()
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// tool is a program that the test needs.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	return path
}

// run runs a program that may start managers. When the time is up they are asked to end
// too: all are in its group.
func run(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), atMost)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func environment(t *testing.T) []string {
	dir := must(t, certs)
	return []string{"PM_BINARY=" + must(t, binary), "PM_CERTS=" + dir, "NODE_EXTRA_CA_CERTS=" + filepath.Join(dir, "ca.pem")}
}

func TestPythonClient(t *testing.T) {
	t.Parallel()
	python := tool(t, "python3")
	env := append(environment(t), "PYTHONDONTWRITEBYTECODE=1")
	out := run(t, "python", env, python, "-W", "error", "-m", "unittest", "-v", "tests.test_live")
	if !strings.Contains(out, "\nOK\n") {
		t.Errorf("not everything ran:\n%s", out)
	}
}

func TestTypeScriptClient(t *testing.T) {
	t.Parallel()
	npm := tool(t, "npm")
	env := environment(t)
	// In a copy: nothing is to be written beside the sources.
	dir := filepath.Join(t.TempDir(), "typescript")
	if err := os.CopyFS(dir, os.DirFS("typescript")); err != nil {
		t.Fatal(err)
	}
	for _, made := range []string{"node_modules", "dist"} { // by hand
		if err := os.RemoveAll(filepath.Join(dir, made)); err != nil {
			t.Fatal(err)
		}
	}
	packages(t, dir, npm)
	node := nodeOf(t, dir, npm)
	tsc := filepath.Join(dir, "node_modules", "typescript", "bin", "tsc")
	run(t, dir, nil, node, tsc, "-p", ".")
	writeReadme(t, dir)
	run(t, dir, nil, node, tsc, "-p", "test")
	out := run(t, dir, env, node, "--experimental-websocket", "--no-warnings", "--test", filepath.Join("test", "live.test.mjs"))
	if !strings.Contains(out, "fail 0") || strings.Contains(out, "pass 0") || !strings.Contains(out, "skipped 0") {
		t.Errorf("not everything ran:\n%s", out)
	}
}

// writeReadme makes test/readme.ts of what README tells a newcomer to write.
func writeReadme(t *testing.T, dir string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	code := ""
	for _, part := range strings.Split(string(text), "```ts\n")[1:] {
		block, _, _ := strings.Cut(part, "```")
		code += block
	}
	code = strings.Replace(code, `"@processmanager/client"`, `"../processmanager.js"`, 1)
	if err := os.WriteFile(filepath.Join(dir, "test", "readme.ts"), []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
}

// packages installs what a package.json pins. A registry that cannot be reached is told as
// what it is: it is no failure of the client.
func packages(t *testing.T, dir, npm string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), atMost)
	defer cancel()
	cmd := exec.CommandContext(ctx, npm, "ci", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=2", "--fetch-timeout=30000")
	cmd.Dir, cmd.WaitDelay = dir, time.Second
	out, err := cmd.CombinedOutput()
	if err == nil {
		return
	}
	for _, word := range []string{"ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH", "network"} {
		if strings.Contains(string(out), word) {
			t.Fatalf("cannot reach the npm registry, where this test gets the TypeScript compiler from (a mirror is named by npm_config_registry): %s\n%s", word, out)
		}
	}
	t.Fatalf("npm ci: %v\n%s", err, out)
}

// nodeOf is the machine's Node, or a newer one out of the registry: Debian 12 has 18.
func nodeOf(t *testing.T, dir, npm string) string {
	t.Helper()
	if path, err := exec.LookPath("node"); err == nil {
		out, err := exec.Command(path, "--version").Output()
		major, _, _ := strings.Cut(strings.TrimPrefix(string(bytes.TrimSpace(out)), "v"), ".")
		if n, _ := strconv.Atoi(major); err == nil && n >= 20 {
			return path
		}
	}
	runtime := filepath.Join(dir, "test", "runtime")
	packages(t, runtime, npm)
	found, err := filepath.Glob(filepath.Join(runtime, "node_modules", "node-linux-*", "bin", "node"))
	if err != nil || len(found) != 1 {
		t.Fatalf("no Node for this machine in the registry: %v %v", found, err)
	}
	return found[0]
}
