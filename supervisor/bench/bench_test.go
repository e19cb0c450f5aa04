package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) {
	if launching() {
		launch() // the test binary plays the launcher
	}
	os.Exit(m.Run())
}

// needNamespaces skips where the benchmark itself could not run.
func needNamespaces(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("no gcc")
	}
	cmd := exec.Command("/bin/true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
	if err := cmd.Run(); err != nil {
		t.Skipf("no PID namespaces here: %v", err)
	}
}

// TestFloor runs the scenarios that take no long rest on three processes of the
// floor, for real.
func TestFloor(t *testing.T) {
	needNamespaces(t)
	t.Setenv("TMPDIR", t.TempDir())
	file := filepath.Join(t.TempDir(), "out.jsonl")
	var out, log bytes.Buffer
	err := run(t.Context(), []string{
		"-n", "3", "-runs", "1", "-peers", "floor",
		"-scenarios", "boot,restart,shutdown,true", "-json", file,
	}, &out, &log)
	if err != nil {
		t.Fatalf("run: %v\n%s", err, log.String())
	}
	got := map[string]float64{}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		var s sample
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		if s.Peer != nameFloor || s.Run != 1 {
			t.Errorf("a sample of nobody: %+v", s)
		}
		got[s.Metric] = s.Value
	}
	for _, m := range []string{metricBoot, metricRestartMedian, metricRestartTail, metricShutdown} {
		if v, ok := got[m]; !ok || v <= 0 || v > 5000 {
			t.Errorf("%s: %v ms (measured: %v), want something plausible\n%s", m, v, ok, log.String())
		}
	}
	if _, ok := got[metricSingle]; !ok {
		t.Errorf("no number for true\n%s", log.String())
	}
	if strings.Contains(out.String(), "failed") {
		t.Errorf("something has failed:\n%s", out.String())
	}
	left, err := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// TestFailuresAreShown proves that the harness sees what it claims to see:
// a supervisor that loses a child, ends, or never starts is a failure, and the
// words it said are in the error.
func TestFailuresAreShown(t *testing.T) {
	needNamespaces(t)
	for _, tt := range []struct {
		name  string
		setup []string
		want  string
	}{
		{"ends at once", []string{"/bin/sh", "-c", "echo no such service >&2; exit 3"}, "its last words: no such service"},
		{"says nothing", []string{"/bin/sleep", "60"}, "2 of 2 children do not run: not done after"},
		{"starts one of two", []string{"/bin/sh", "-c", `"$0" 1; :`, "WORKLOAD"}, "1 of 2 children do not run"},
		{"numbers wrongly", []string{"/bin/sh", "-c", `"$0" 7; :`, "WORKLOAD"}, "number 7 of 2"},
		{"is not there", []string{"/nonexistent/supervisor"}, "cannot find the program"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newTestBench(t)
			p := peer{name: "broken", setup: func(k task) ([]string, error) {
				argv := append([]string{}, tt.setup...)
				for i := range argv {
					if argv[i] == "WORKLOAD" {
						argv[i] = k.workload
					}
				}
				return argv, nil
			}}
			b.peers = []peer{p}
			sc := bootScenario()
			sc.timeout = 1500 * time.Millisecond
			if err := b.runScenario(t.Context(), sc, 2); err != nil {
				t.Fatal(err)
			}
			if len(b.failures) != 1 || !strings.Contains(b.failures[0].err.Error(), tt.want) {
				t.Fatalf("failures: %v\nwant one with %q", b.failures, tt.want)
			}
			if n := len(b.samples); n != 0 {
				t.Errorf("%d samples of a peer that failed", n)
			}
		})
	}
}

// TestNothingIsLeft kills a life in the middle and looks for its children.
func TestNothingIsLeft(t *testing.T) {
	needNamespaces(t)
	b := newTestBench(t)
	in, err := b.launch(t.Context(), b.floorPeer(), task{n: 3})
	if err != nil {
		t.Fatal(err)
	}
	pids, last, err := in.runs(t.Context())
	if err != nil {
		in.kill()
		t.Fatal(err)
	}
	if last <= in.launched {
		t.Errorf("the children ran at %d, before PID 1 was executed at %d", last, in.launched)
	}
	m, err := in.members()
	if err != nil || len(m.pids) != 1 || m.pids[0] != in.pid || m.zombies != 0 {
		t.Errorf("members: %+v %v; want only PID 1, %d", m, err, in.pid)
	}
	mib, err := pss(m.pids)
	if err != nil || mib < 0.05 || mib > 5 {
		t.Errorf("PSS of the floor: %v MiB, %v", mib, err)
	}
	in.kill()
	for _, pid := range pids {
		exe, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/exe")
		if err == nil && exe == b.tools.workload {
			t.Errorf("child %d outlives its PID 1", pid)
		}
	}
	if _, err := os.Stat(in.task.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the run's directory is still there: %v", err)
	}
}

// TestLastReports looks for the report of a PID 1 that is gone before the report is
// read, which a command like true often is.
func TestLastReports(t *testing.T) {
	t.Chdir(t.TempDir()) // short enough for a socket's path
	recv, err := newReceiver("reports")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(recv.close)
	exited := make(chan struct{})
	close(exited)
	for run := range int64(200) {
		in := &instance{b: &bench{recv: recv}, run: run, exited: exited, out: silent(t), errs: silent(t)}
		for _, w := range []wire{{Run: run, Kind: kindLaunched}, {Run: run, Kind: kindRuns, Index: 7}} {
			if err := send(recv.path, w); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := in.next(t.Context(), kindLaunched); err != nil {
			t.Fatalf("run %d: the first report is lost: %v", run, err)
		}
		if m, err := in.next(t.Context(), kindRuns); err != nil || m.Index != 7 {
			t.Fatalf("run %d: the second report is lost: %+v %v", run, m, err)
		}
		if _, err := in.next(t.Context(), kindDone); err == nil || !strings.Contains(err.Error(), "PID 1 has exited") {
			t.Fatalf("run %d: a report that was never sent: %v", run, err)
		}
	}
}

// silent is a stream that has ended without a word.
func silent(t *testing.T) *sink {
	t.Helper()
	s, w, err := newSink()
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(s.close)
	return s
}

func newTestBench(t *testing.T) *bench {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	b, err := newBench(t.Context(), config{sizes: []int{1}, runs: 1}, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.close)
	return b
}

func TestQuantile(t *testing.T) {
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(100 - i)
	}
	for _, tt := range []struct {
		numbers []float64
		q, want float64
	}{
		{[]float64{7}, 0.5, 7},
		{[]float64{7}, 0.99, 7},
		{[]float64{3, 1, 2}, 0.5, 2},
		{[]float64{4, 1, 3, 2}, 0.5, 2.5},
		{hundred, 0.99, 99},
		{hundred, 1, 100},
		{hundred, 0.5, 50.5},
	} {
		if got := quantile(tt.numbers, tt.q); got != tt.want {
			t.Errorf("quantile(%v, %v) = %v, want %v", tt.numbers, tt.q, got, tt.want)
		}
	}
	if got := quantile(nil, 0.5); !math.IsNaN(got) {
		t.Errorf("quantile of nothing = %v, want NaN", got)
	}
}

func TestNumber(t *testing.T) {
	for x, want := range map[float64]string{
		0: "0", 0.0001: "0", 0.00123: "0.00123", 0.4567: "0.457", 1: "1.00", 9.876: "9.88", 12.345: "12.3",
		123.4: "123", 98765: "98765", -1.5: "-1.50",
	} {
		if got := number(x); got != want {
			t.Errorf("number(%v) = %q, want %q", x, got, want)
		}
	}
}

func TestFlags(t *testing.T) {
	for _, tt := range []struct {
		args string
		want config
		fail string
	}{
		{args: "", want: config{sizes: []int{1, 100, 1000}, runs: 5}},
		{
			args: "-n 3,7 --runs=2 -scenarios boot,idle -peers floor -ours a -pmclient b -compare c -json d -plot e",
			want: config{[]int{3, 7}, 2, []string{"boot", "idle"}, []string{"floor"}, "a", "b", "c", "d", "e"},
		},
		{args: "-n 0", fail: "want numbers from 1 to"},
		{args: "-n 1,x", fail: "want numbers from 1 to"},
		{args: "-n ,", fail: "no number given"},
		{args: "-runs 0", fail: "at least 1"},
		{args: "boot", fail: "unexpected argument"},
		{args: "-nosuch", fail: "nosuch"},
	} {
		var log bytes.Buffer
		got, err := parseFlags(strings.Fields(tt.args), &log)
		if tt.fail != "" {
			if !errors.Is(err, errUsage) || !strings.Contains(err.Error(), tt.fail) {
				t.Errorf("%q: error %v, want a usage error with %q", tt.args, err, tt.fail)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", tt.args, err)
		}
		if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(config{}), cmp.Transformer("nil", func(s []string) []string {
			return append([]string{}, s...)
		})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.args, diff)
		}
	}
}

// TestReport compares a whole report with testdata/report.md.
func TestReport(t *testing.T) {
	b := &bench{
		cfg:     config{runs: 3},
		machine: "2 cores of a test",
		peers:   []peer{{name: nameFloor, note: "the least"}, {name: nameOurs, note: "all on"}, {name: "s6", note: "slow"}, {name: "runit", note: "small"}},
		absent:  []string{"tini: not installed (no tini)"},
		failures: []failure{
			{"restart", 100, "s6", errors.New("child 0 has no replacement: not done after 1m0s")},
		},
	}
	add := func(scenario, metric string, n int, peer string, values ...float64) {
		for i, v := range values {
			b.samples = append(b.samples, sample{scenario, metric, metricOf(metric).unit, n, peer, i + 1, v})
		}
	}
	add("boot", metricBoot, 1, nameFloor, 1.5, 1.7, 1.6)
	add("boot", metricBoot, 1, nameOurs, 5, 4, 6)      // 5 ≤ 1.6 + 5
	add("boot", metricBoot, 1, "s6", 4, 4, 4)          // the best peer
	add("boot", metricBoot, 1, "runit", 1000, 4.1, 5)  // median 5
	add("boot", metricBoot, 1000, nameFloor, 100, 100) //
	add("boot", metricBoot, 1000, nameOurs, 251, 251)  // 251 > 2.5 × 100
	add("restart", metricRestartMedian, 100, nameFloor, 0.4)
	add("restart", metricRestartMedian, 100, nameOurs, 0.8) // exactly 2 ×
	add("restart", metricRestartMedian, 100, "runit", 0.64)
	add("logs", metricRawRate, 1, nameFloor, 1000)
	add("logs", metricRawRate, 1, nameOurs, 699) // more is better: 699 < 700
	add("logs", metricRawRate, 1, "s6", 180)
	add("logs", metricRawRate, 1, "runit", 25)
	add("idle", metricWakeups, 1000, nameFloor, 0)
	add("idle", metricWakeups, 1000, nameOurs, 1)
	var out bytes.Buffer
	b.report(&out)
	golden(t, "report.md", out.Bytes())
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got); after a look: go test -update\n%s", file, diff)
	}
}

// A budget under a misspelt metric would never be checked.
func TestBudgets(t *testing.T) {
	for _, m := range []string{
		metricBoot, metricRestartMedian, metricRestartTail, metricOrphanCPU, metricOrphanBurst, metricPSS, metricIdleCPU,
		metricWakeups, metricRawRate, metricRawLost, metricPrefixRate, metricPrefixCPU, metricPrefixLost, metricList,
		metricShutdown, metricSingle, metricJSONLost, metricScrape, metricPassCPU,
	} {
		if _, ok := budgetOf(m, 1000); !ok {
			t.Errorf("%s has no budget at N = 1000", m)
		}
	}
	if _, ok := budgetOf(metricBoot, 7); ok {
		t.Error("boot at N = 7 has a budget; it is given for 1, 100 and 1000 only")
	}
}
