package prometheus_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/processmanager/processmanager/rpc/client"
	"github.com/processmanager/processmanager/supervisor"
)

// patience is how long a test waits before it fails.
const patience = 60 * time.Second

// manifest has something of everything that metrics tell of.
const manifest = `apiVersion: processmanager/v1
kind: ProcessManifest
metadata: {name: observed}
spec:
  exitPolicy: Never
  processes:
    - name: web
      command: "while :; do (i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done); sleep 0.05; done"
      readinessProbe: {exec: {command: ["true"]}, periodSeconds: 1}
      resources: {limits: {memory: 512Mi}}
      metrics: {proportionalMemory: true, workingSet: true}
    - name: crash
      command: ["false"]
      restartBackoff: {initial: 200ms, factor: 1, max: 200ms}
    - name: slow
      command: [sleep, "1000"]
      activeDeadlineSeconds: 1
      restartPolicy: Never
    - name: tick
      command: "echo tick; exit 0"
      schedule: "* * * * * *"
`

// tool finds a program of the distribution's packages.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip(name + " is not installed")
	}
	return path
}

// run starts a program whose standard error tells an address, and ends it with the test.
func run(t *testing.T, says *regexp.Regexp, path string, args ...string) (address string) {
	t.Helper()
	cmd := exec.Command(path, args...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said, drained := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(drained)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			if m := says.FindStringSubmatch(lines.Text()); m != nil {
				select {
				case said <- m[1]:
				default:
				}
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		late := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
		defer late.Stop()
		<-drained
		_ = cmd.Wait()
	})
	select {
	case address = <-said:
	case <-drained:
		t.Fatalf("%s ended before it said where it listens", path)
	case <-time.After(patience):
		t.Fatalf("%s does not say where it listens", path)
	}
	return address
}

// observed is a Prometheus that scrapes a manager each second.
type observed struct {
	t   *testing.T
	url string // of the Prometheus
}

func observe(t *testing.T) observed {
	t.Helper()
	path := tool(t, "prometheus")
	dir, err := os.MkdirTemp("", "pmobserve") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	program, socket := filepath.Join(dir, "processmanager"), filepath.Join(dir, "s.sock")
	if out, err := exec.Command("go", "build", "-o", program, "../../cmd/processmanager").CombinedOutput(); err != nil {
		t.Fatalf("cannot build: %v\n%s", err, out)
	}
	target := run(t, regexp.MustCompile(`metrics-addr=([0-9.:]+)`), program,
		"-manifest", write("manifest.yaml", manifest), "-socket", socket, "-metrics-addr", "127.0.0.1:0")
	api, err := client.New(client.Options{Socket: supervisor.RPCSocketFor(socket)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.Close)
	if _, err := api.List(t.Context(), client.ListParams{}); err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf("global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [%q]\nscrape_configs:\n- job_name: any\n  static_configs: [{targets: [%q], labels: {namespace: shop, pod: shop-0}}]\n",
		absolute(t, "alerts.yaml"), target)
	address := run(t, regexp.MustCompile(`msg="Listening on" address=(\S+)`), path,
		"--config.file="+write("prometheus.yml", config), "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address=127.0.0.1:0")
	return observed{t, "http://" + address}
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// sample is one series of an answer.
type sample struct {
	Metric map[string]string
	Value  [2]any
}

func (s sample) value() float64 {
	var v float64
	if _, err := fmt.Sscan(fmt.Sprint(s.Value[1]), &v); err != nil {
		return 0
	}
	return v
}

// get asks the API of Prometheus.
func (o observed) get(path string, into any) {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, o.url+path, nil)
	if err != nil {
		o.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 500 {
		return // it is not ready yet
	}
	if err := json.Unmarshal(body, into); err != nil {
		o.t.Fatalf("%s: %v in %s", path, err, body)
	}
}

// query evaluates an expression until good says so, and returns the last answer.
func (o observed) query(expr string, good func([]sample) bool) []sample {
	o.t.Helper()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for {
		var answer struct {
			Status, Error string
			Data          struct{ Result []sample }
		}
		o.get("/api/v1/query?query="+url.QueryEscape(expr), &answer)
		if answer.Status == "error" {
			o.t.Fatalf("%s: %s", expr, answer.Error)
		}
		if good(answer.Data.Result) {
			return answer.Data.Result
		}
		select {
		case <-tick.C:
		case <-late:
			o.t.Errorf("%s: %v", expr, answer.Data.Result)
			return nil
		}
	}
}
