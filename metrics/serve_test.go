package metrics

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/access"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serving starts the server on loopback and returns its URL and a function that
// ends it.
func serving(t *testing.T, s *Server) (base string, end func() error) {
	t.Helper()
	var config *tls.Config
	if s.web != nil {
		config = s.web.TLS()
	}
	l, err := access.ListenTCP("127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	end = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { _ = end() })
	return "http://" + l.Addr().String(), end
}

func fetch(t *testing.T, address string) (int, string) {
	t.Helper()
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// An end during a scrape lets the scrape finish and is no error.
func TestEndDuringAScrape(t *testing.T) {
	s, fake := newServer(story())
	asked, goOn := make(chan struct{}), make(chan struct{})
	fake.Hook = func(context.Context, string) error { close(asked); <-goOn; return nil }
	base, end := serving(t, s)
	body := make(chan string, 1)
	go func() {
		_, text := fetch(t, base+"/metrics")
		body <- text
	}()
	<-asked
	ended := make(chan error, 1)
	go func() { ended <- end() }()
	for { // until the listener is gone
		c, err := net.DialTimeout("tcp", strings.TrimPrefix(base, "http://"), time.Second)
		if err != nil {
			break
		}
		c.Close()
	}
	close(goOn)
	if text := <-body; !strings.Contains(text, `processmanager_process_up{name="web"} 1`) {
		t.Errorf("the scrape was cut off: %q", text)
	}
	if err := <-ended; err != nil {
		t.Errorf("Serve returned %v, want nil", err)
	}
}

func TestServeTellsOfABrokenListener(t *testing.T) {
	s, _ := newServer(story())
	l, err := access.ListenTCP("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := s.Serve(context.Background(), l); err == nil || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Errorf("got %v, want an error with the address", err)
	}
}

func TestT97ManyScrapesAtOnce(t *testing.T) {
	s, _ := newServer(large(200))
	base, _ := serving(t, s)
	_, want := fetch(t, base+"/metrics")
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			for range 5 {
				code, got := fetch(t, base+"/metrics")
				if code != 200 || processLines(got) != processLines(want) {
					t.Errorf("%d: a scrape beside others differs from one alone", code)
				}
			}
		})
	}
	wg.Wait()
}

func processLines(exposition string) string {
	var b strings.Builder
	for line := range strings.Lines(exposition) {
		if strings.HasPrefix(line, Prefix+"process_") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// A real Prometheus scrapes the server and answers queries.
func TestPrometheusScrapes(t *testing.T) {
	path, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("prometheus is not installed")
	}
	snap := story()
	snap.Processes[3].Exits = map[supervisor.Reason]uint64{supervisor.ReasonError: 4}
	s, _ := newServer(snap)
	base, _ := serving(t, s)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	api := startPrometheus(ctx, t, path, strings.TrimPrefix(base, "http://"), "")
	for expr, want := range map[string]string{
		`up{job="pm"}`: "1",
		`processmanager_process_cpu_seconds_total{name="web",mode="user"}`:                                    "12.5",
		`sum by (name) (processmanager_process_exits_total{name="web"})`:                                      "4",
		`count(processmanager_process_up)`:                                                                    "3",
		`count(processmanager_process_state == 1)`:                                                            "3",
		`processmanager_cron_next_run_timestamp_seconds - on(name) processmanager_process_start_time_seconds`: "3600",
	} {
		if got := query(ctx, t, api, expr); got != want {
			t.Errorf("%s is %q, want %s", expr, got, want)
		}
	}
}

// startPrometheus runs Prometheus on a free port with one target, more lines about
// its job, and returns the URL of its API.
func startPrometheus(ctx context.Context, t *testing.T, path, target, more string) string {
	t.Helper()
	dir := t.TempDir()
	config := fmt.Sprintf("global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: pm\n  static_configs: [{targets: [%q]}]\n%s", target, more)
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, path, "--config.file="+filepath.Join(dir, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address=127.0.0.1:0")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	address, drained := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(drained)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			if _, addr, ok := strings.Cut(lines.Text(), `msg="Listening on" address=`); ok {
				address <- addr
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-drained
		_ = cmd.Wait()
	})
	select {
	case addr := <-address:
		return "http://" + addr + "/api/v1/query?query="
	case <-drained:
		t.Fatal("prometheus ended before it listened")
	case <-ctx.Done():
		t.Fatal("prometheus does not say where it listens")
	}
	return ""
}

// query evaluates an expression with one result, again until there is one.
func query(ctx context.Context, t *testing.T, api, expr string) string {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		code, body := fetch(t, api+url.QueryEscape(expr))
		var answer struct {
			Data struct {
				Result []struct {
					Value [2]any
				}
			}
		}
		if err := json.Unmarshal([]byte(body), &answer); err != nil && code == http.StatusOK {
			t.Fatalf("%s: %v in %s", expr, err, body)
		}
		if len(answer.Data.Result) == 1 {
			return fmt.Sprint(answer.Data.Result[0].Value[1])
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s has no result: %s", expr, body)
		}
	}
}
