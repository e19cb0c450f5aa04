package metrics

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/processmanager/processmanager/supervisor/access"
	"github.com/processmanager/processmanager/supervisor/supervisortest"
)

const scraper, password = "prometheus", "pl4nted-password"

// web writes a web config into dir: a user, and TLS if there is a certificate.
func web(t *testing.T, dir string) *access.WebConfig {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	text := "basic_auth_users: {" + scraper + ": " + string(hash) + "}\nhttp_server_config: {headers: {X-Frame-Options: deny}}\n"
	if _, err := os.Stat(filepath.Join(dir, "crt")); err == nil {
		text += "tls_server_config: {cert_file: crt, key_file: key}\n"
	}
	put(t, filepath.Join(dir, "web.yml"), []byte(text))
	w, err := access.OpenWebConfig(filepath.Join(dir, "web.yml"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func guardedServer(config *access.WebConfig) *Server {
	fake := supervisortest.New()
	fake.Snap = story()
	return New(Options{Control: fake, Web: config})
}

func put(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// certify writes a certificate for 127.0.0.1 with this number, signed by itself.
func certify(t *testing.T, dir string, number int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(number), Subject: pkix.Name{CommonName: "metrics"}, DNSNames: []string{"metrics.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "crt"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	put(t, filepath.Join(dir, "key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
}

// What is answered to whom, and when: a right password at once, a wrong one later
// each time, and the health pages to everybody.
func TestPasswords(t *testing.T) {
	config := web(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		s := guardedServer(config)
		for _, c := range []struct {
			path, user, password string
			want                 int
			after                time.Duration
		}{
			{"/metrics", "", "", 401, 0},
			{"/livez", "", "", 200, 0},
			{"/readyz?verbose", "", "", 200, 0},
			{"/readyz/web", "", "", 200, 0},
			{"/startupz", "", "", 200, 0},
			{"/metrics", scraper, "wrong", 401, 500 * time.Millisecond},
			{"/metrics", "nobody", password, 401, time.Second},
			{"/metrics", scraper, password, 200, 0},
			{"/metrics", scraper, password, 200, 0},
			{"/metrics", scraper, "", 401, 500 * time.Millisecond},
			{"/metrics/", scraper, "", 404, 0},
			{"//metrics", "", "", 307, 0},
		} {
			req := httptest.NewRequest(http.MethodGet, "http://localhost"+c.path, nil)
			if c.user != "" {
				req.SetBasicAuth(c.user, c.password)
			}
			res, start := httptest.NewRecorder(), time.Now()
			s.Handler().ServeHTTP(res, req)
			if took := time.Since(start); res.Code != c.want || took != c.after {
				t.Errorf("%s as %q with %q: %d after %s, want %d after %s", c.path, c.user, c.password, res.Code, took, c.want, c.after)
			}
			if res.Header().Get("X-Frame-Options") != "deny" {
				t.Errorf("%s: the header is missing", c.path)
			}
			if asked := res.Header().Get("WWW-Authenticate") != ""; asked != (c.want == 401) {
				t.Errorf("%s: asks for a password: %v", c.path, asked)
			}
			if strings.Contains(res.Body.String(), "processmanager_") != (c.want == 200 && c.path == "/metrics") {
				t.Errorf("%s: %d with %.200s", c.path, res.Code, res.Body)
			}
		}
		if got := counterOf(t, s, `processmanager_auth_failures_total{interface="metrics"}`); got != "3" {
			t.Errorf("%s failures are counted, want 3", got)
		}
	})
}

// The log tells who guesses, ever more seldom, and never what was guessed.
func TestWrongPasswordsAreLogged(t *testing.T) {
	config := web(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		fake := supervisortest.New()
		fake.Snap = story()
		s := New(Options{Control: fake, Web: config, Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{
			ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == slog.TimeKey {
					return slog.Attr{}
				}
				return a
			},
		}))})
		ask := func(word string) {
			req := httptest.NewRequest(http.MethodGet, "/metrics", nil)
			req.RemoteAddr = "192.0.2.7:4711"
			if word != "" {
				req.SetBasicAuth(scraper, word)
			}
			s.Handler().ServeHTTP(httptest.NewRecorder(), req)
		}
		ask("") // asks for nothing, guesses nothing
		for range 17 {
			ask("gu3ss")
		}
		ask(password)
		ask("gu3ss")
		var want strings.Builder
		for _, n := range []int{1, 2, 3, 4, 8, 16, 1} { // a right one begins anew
			fmt.Fprintf(&want, "level=WARN msg=\"wrong password\" door=metrics peer=192.0.2.7:4711 attempt=%d event=authn_login_fail\n", n)
		}
		if log.String() != want.String() {
			t.Errorf("the log has\n%s, want\n%s", &log, &want)
		}
	})
}

func counterOf(t *testing.T, s *Server, series string) string {
	t.Helper()
	req := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	req.SetBasicAuth(scraper, password)
	res := httptest.NewRecorder()
	s.Handler().ServeHTTP(res, req)
	for line := range strings.Lines(res.Body.String()) {
		if value, ok := strings.CutPrefix(line, series+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Who guesses in parallel is held back, and neither the scraper beside him nor a
// scraper that comes for the first time from elsewhere waits for it.
func TestGuessersBlockNobody(t *testing.T) {
	config := web(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		s := guardedServer(config)
		ask := func(from, word string) int {
			req := httptest.NewRequest(http.MethodGet, "/metrics", nil)
			req.RemoteAddr = from
			req.SetBasicAuth(scraper, word)
			res := httptest.NewRecorder()
			s.Handler().ServeHTTP(res, req)
			return res.Code
		}
		var all sync.WaitGroup
		codes := make(chan int, 20)
		for i := range cap(codes) {
			all.Go(func() { codes <- ask(fmt.Sprintf("192.0.2.1:%d", 1000+i), fmt.Sprint("guess", i)) })
		}
		synctest.Wait()
		start := time.Now()
		for _, from := range []string{"192.0.2.2:1", "192.0.2.1:1"} { // the second one is known by now
			if code := ask(from, password); code != 200 || time.Since(start) != 0 {
				t.Errorf("the scraper at %s: %d after %s", from, code, time.Since(start))
			}
		}
		all.Wait()
		close(codes)
		count := map[int]int{}
		for code := range codes {
			count[code]++
		}
		if count[401] != 4 || count[429] != 16 {
			t.Errorf("the guesser got %v, want 4 times 401 and 16 times 429", count)
		}
	})
}

// A real Prometheus scrapes over TLS with a password, also after the certificate was
// rotated; curl gets what it should.
func TestPrometheusScrapesOverTLS(t *testing.T) {
	path, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("prometheus is not installed")
	}
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl is not installed")
	}
	dir := t.TempDir()
	certify(t, dir, 1)
	s := guardedServer(web(t, dir))
	base, _ := serving(t, s)
	target := strings.TrimPrefix(base, "http://")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	for _, c := range []struct{ args, want string }{
		{"-u " + scraper + ":" + password + " https://" + target + "/metrics", "200 2"},
		{"-u " + scraper + ":" + password + " --http1.1 https://" + target + "/metrics", "200 1.1"},
		{"-u " + scraper + ":wrong https://" + target + "/metrics", "401 2"},
		{"https://" + target + "/metrics", "401 2"},
		{"https://" + target + "/livez", "200 2"},
		{"http://" + target + "/livez", "400 1"}, // speaks no TLS
	} {
		args := append([]string{"-sS", "--cacert", filepath.Join(dir, "crt"), "--resolve", "metrics.example:" + port(target) + ":127.0.0.1", "-o", "/dev/null", "-w", "%{http_code} %{http_version}"}, strings.Fields(strings.ReplaceAll(c.args, "https://127.0.0.1", "https://metrics.example"))...)
		out, err := exec.CommandContext(ctx, curl, args...).CombinedOutput()
		if err != nil || string(out) != c.want {
			t.Errorf("curl %s: %q, %v, want %q", c.args, out, err, c.want)
		}
	}

	put(t, filepath.Join(dir, "password"), []byte(password))
	job := fmt.Sprintf("  scheme: https\n  tls_config: {ca_file: %s, server_name: metrics.example}\n  basic_auth: {username: %s, password_file: %s}\n",
		filepath.Join(dir, "crt"), scraper, filepath.Join(dir, "password"))
	api := startPrometheus(ctx, t, path, target, job)
	for expr, want := range map[string]string{
		`up{job="pm"}`: "1",
		`processmanager_process_cpu_seconds_total{name="web",mode="user"}`: "12.5",
		`processmanager_auth_failures_total{interface="metrics"}`:          "1",
	} {
		if got := query(ctx, t, api, expr); got != want {
			t.Errorf("%s is %q, want %s", expr, got, want)
		}
	}
	certify(t, dir, 2)
	serial := func() string {
		c, err := tls.Dial("tcp", target, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	for serial() != "2" && ctx.Err() == nil {
		<-time.After(50 * time.Millisecond)
	}
	if got := query(ctx, t, startPrometheus(ctx, t, path, target, job), `up{job="pm"}`); got != "1" {
		t.Errorf("after the rotation up is %q", got)
	}
}

func port(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }
