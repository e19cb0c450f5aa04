package metrics

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/supervisortest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// story is a manager that has seen everything: a healthy server, a job that
// failed, a cron job, and jobs without series of their own.
func story() supervisor.Snapshot {
	at := supervisortest.Epoch
	return supervisor.Snapshot{
		Processes: []supervisor.ProcessStat{
			{
				Name: "job-101", Status: supervisor.StatusRunning, Up: true, Ready: true, // Own false: in Other only
				CPUUser: time.Hour, ResidentBytes: 1,
			},
			{
				Name: "migrate", Own: true, Status: supervisor.StatusFailed, StartTime: at, LastExitCode: new(137),
				Exits:    map[supervisor.Reason]uint64{supervisor.ReasonOOMKilled: 1, supervisor.ReasonError: 3},
				Restarts: map[supervisor.Reason]uint64{supervisor.ReasonError: 3},
			},
			{
				Name: "report", Own: true, Cron: true, Status: supervisor.StatusScheduled, StartTime: at, LastExitCode: new(0),
				Exits:            map[supervisor.Reason]uint64{supervisor.ReasonCompleted: 4, supervisor.ReasonDeadlineExceeded: 1},
				CronRuns:         map[supervisor.CronResult]uint64{supervisor.CronSucceeded: 4, supervisor.CronFailed: 1, supervisor.CronSkipped: 2, supervisor.CronMissed: 3},
				CronLastSuccess:  at.Add(90 * time.Second),
				CronNext:         at.Add(time.Hour),
				DeadlineExceeded: 1,
			},
			{
				Name: "web", Own: true, Essential: true, Status: supervisor.StatusRunning, Up: true, Ready: true,
				CPUUser: 12500 * time.Millisecond, CPUSystem: 250 * time.Millisecond, ResidentBytes: 64 << 20,
				HasDetails: true, OpenFDs: 33, ReadBytes: 1 << 20, WriteBytes: 3 << 20, ProportionalBytes: 40 << 20, WorkingSetBytes: 50 << 20,
				TreeSize: 5, Threads: 17, StartTime: at.Add(1500 * time.Millisecond),
				LogBytes: map[supervisor.Stream]uint64{supervisor.Stdout: 1 << 40, supervisor.Stderr: 7}, LogDropped: 42,
				MemoryLimit: 128 << 20, Probes: map[supervisor.ProbeCount]uint64{
					{Probe: "liveness", OK: true}: 40, {Probe: "readiness", OK: true}: 38, {Probe: "readiness"}: 2,
				},
			},
		},
		Other: supervisor.ProcessStat{
			Name: OtherName, CPUUser: time.Hour, ResidentBytes: 1, TreeSize: 2, Threads: 3,
			Exits: map[supervisor.Reason]uint64{supervisor.ReasonStoppedByUser: 9},
		},
		OrphansReaped: 3, ReadErrors: 2,
		Booted:   true,
		Manifest: supervisor.ManifestStat{Loaded: true, Successful: true, LastSuccess: at},
	}
}

func newServer(snap supervisor.Snapshot) (*Server, *supervisortest.Fake) {
	fake := supervisortest.New()
	fake.Snap = snap
	return New(Options{Control: fake, Version: "1.2.3", Revision: "abcdef0"}), fake
}

func get(t *testing.T, s *Server, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

func scrape(t *testing.T, s *Server) string {
	t.Helper()
	code, body := get(t, s, "/metrics")
	if code != http.StatusOK {
		t.Fatalf("/metrics: %d %s", code, body)
	}
	return body
}

// ours returns the lines of our families; the go version is not ours.
func ours(exposition string) string {
	var b strings.Builder
	for line := range strings.Lines(exposition) {
		if strings.Contains(line, Prefix) {
			b.WriteString(line)
		}
	}
	return regexp.MustCompile(`goversion="[^"]*"`).ReplaceAllString(b.String(), `goversion="GO"`)
}

func parse(t *testing.T, exposition string) map[string]*dto.MetricFamily {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(exposition))
	if err != nil {
		t.Fatalf("the exposition does not parse: %v", err)
	}
	return families
}

// series returns name{label="value",…} → value of our families.
func series(t *testing.T, exposition string) map[string]float64 {
	t.Helper()
	out := map[string]float64{}
	for name, family := range parse(t, exposition) {
		short, mine := strings.CutPrefix(name, Prefix)
		if !mine {
			continue
		}
		for _, m := range family.Metric {
			var labels []string
			for _, l := range m.Label {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			key := short + "{" + strings.Join(labels, ",") + "}"
			if _, twice := out[key]; twice {
				t.Errorf("%s is there twice", key)
			}
			out[key] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return out
}

func TestGolden(t *testing.T) {
	s, _ := newServer(story())
	s.Request("process.list", "ok")
	s.Request("process.list", "ok")
	s.Request("process.stop", "-32001")
	s.AuthFailed("telnet")
	got := ours(scrape(t, s))
	path := filepath.Join("testdata", "metrics.prom")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the exposition has changed (-want +got); if that is meant, run go test ./metrics -update\n%s", diff)
	}
}

// What the numbers must be, judged without the golden file.
func TestValues(t *testing.T) {
	s, _ := newServer(story())
	got := series(t, scrape(t, s))
	for key, want := range map[string]float64{
		`process_cpu_seconds_total{mode="user",name="web"}`:                    12.5,
		`process_cpu_seconds_total{mode="system",name="web"}`:                  0.25,
		`process_cpu_seconds_total{mode="user",name="_other"}`:                 3600,
		`process_resident_memory_bytes{name="web"}`:                            67108864,
		`process_up{name="web"}`:                                               1,
		`process_up{name="migrate"}`:                                           0,
		`process_ready{name="web"}`:                                            1,
		`process_state{name="migrate",state="failed"}`:                         1,
		`process_state{name="migrate",state="running"}`:                        0,
		`process_start_time_seconds{name="web"}`:                               1767323046.5,
		`process_restarts_total{name="migrate",reason="Error"}`:                3,
		`process_restarts_total{name="web",reason="Error"}`:                    0,
		`process_exits_total{name="migrate",reason="OOMKilled"}`:               1,
		`process_exits_total{name="_other",reason="StoppedByUser"}`:            9,
		`process_last_exit_code{name="migrate"}`:                               137,
		`process_last_exit_code{name="report"}`:                                0,
		`process_threads{name="web"}`:                                          17,
		`process_tree_size{name="web"}`:                                        5,
		`process_log_bytes_total{name="web",stream="stdout"}`:                  1 << 40,
		`process_log_bytes_total{name="web",stream="stderr"}`:                  7,
		`process_log_dropped_bytes_total{name="web"}`:                          42,
		`cron_runs_total{name="report",result="succeeded"}`:                    4,
		`cron_runs_total{name="report",result="replaced"}`:                     0,
		`cron_runs_total{name="report",result="missed"}`:                       3,
		`process_memory_limit_bytes{name="web"}`:                               128 << 20,
		`probe_results_total{name="web",probe="liveness",result="failed"}`:     0,
		`probe_results_total{name="web",probe="liveness",result="successful"}`: 40,
		`probe_results_total{name="web",probe="readiness",result="failed"}`:    2,
		`cron_last_success_timestamp_seconds{name="report"}`:                   1767323135,
		`cron_next_run_timestamp_seconds{name="report"}`:                       1767326645,
		`deadline_exceeded_total{name="report"}`:                               1,
		`orphans_reaped_total{}`:                                               3,
		`proc_read_errors_total{}`:                                             2,
		`process_open_fds{name="web"}`:                                         33,
		`process_io_bytes_total{mode="read",name="web"}`:                       1 << 20,
		`process_io_bytes_total{mode="write",name="web"}`:                      3 << 20,
		`process_proportional_memory_bytes{name="web"}`:                        40 << 20,
		`process_working_set_bytes{name="web"}`:                                50 << 20,
		`manifest_last_reload_successful{}`:                                    1,
		`manifest_last_reload_success_timestamp_seconds{}`:                     1767323045,
		`snapshot_errors_total{}`:                                              0,
		`auth_failures_total{interface="rpc"}`:                                 0,
	} {
		if v, ok := got[key]; !ok || v != want {
			t.Errorf("%s is %v (there: %v), want %v", key, v, ok, want)
		}
	}
	for _, absent := range []string{
		`process_up{name="_other"}`, `process_up{name="job-101"}`, `process_state{name="_other",state="running"}`,
		`process_last_exit_code{name="web"}`, `cron_runs_total{name="web",result="failed"}`,
		`process_exits_total{name="web",reason="OOMKilled"}`,
		`process_open_fds{name="report"}`, `process_io_bytes_total{mode="read",name="report"}`, `process_open_fds{name="_other"}`,
		`process_proportional_memory_bytes{name="report"}`, `process_working_set_bytes{name="report"}`,
	} {
		if _, ok := got[absent]; ok {
			t.Errorf("%s is there", absent)
		}
	}
	for _, name := range []string{"migrate", "report", "web"} {
		sum := 0.0
		for _, status := range supervisor.Statuses() {
			v, ok := got[fmt.Sprintf("process_state{name=%q,state=%q}", name, status)]
			if !ok {
				t.Errorf("%s has no series for the state %s", name, status)
			}
			sum += v
		}
		if sum != 1 {
			t.Errorf("%s is in %v states, want one", name, sum)
		}
	}
}

func TestWithoutAManifestOrProcesses(t *testing.T) {
	s, _ := newServer(supervisor.Snapshot{})
	got := slices.Sorted(maps.Keys(series(t, scrape(t, s))))
	want := []string{
		`auth_failures_total{interface="metrics"}`, `auth_failures_total{interface="rpc"}`, `auth_failures_total{interface="telnet"}`,
		fmt.Sprintf(`build_info{goversion=%q,revision="abcdef0",version="1.2.3"}`, goVersion(t)),
		`orphans_reaped_total{}`, `proc_read_errors_total{}`, `snapshot_errors_total{}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("series of an empty manager (-want +got):\n%s", diff)
	}
	s, _ = newServer(supervisor.Snapshot{Manifest: supervisor.ManifestStat{Error: "broken"}})
	if v, ok := series(t, scrape(t, s))["manifest_last_reload_successful{}"]; !ok || v != 0 {
		t.Errorf("a broken first manifest is %v (there: %v), want 0", v, ok)
	}
}

func goVersion(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOVERSION").Output()
	if err != nil {
		t.Skipf("no go command: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// Names cannot be like that today; the exposition must hold all the same.
func TestT91OddNamesSurviveTheRoundTrip(t *testing.T) {
	var snap supervisor.Snapshot
	for _, name := range []string{`a"b`, `c\d`, "e\nf", "größe", "日本", "bad\xffutf8", "", " {}=,#"} {
		snap.Processes = append(snap.Processes, supervisor.ProcessStat{Name: name, Own: true, Up: true})
	}
	s, _ := newServer(snap)
	got := series(t, scrape(t, s))
	for _, p := range snap.Processes {
		key := fmt.Sprintf("process_up{name=%q}", strings.ToValidUTF8(p.Name, "\uFFFD"))
		if got[key] != 1 {
			t.Errorf("%s is missing", key)
		}
	}
}

func TestT94SeriesOfADeletedProcessDisappear(t *testing.T) {
	s, fake := newServer(story())
	if !strings.Contains(scrape(t, s), `name="web"`) {
		t.Fatal("web has no series")
	}
	fake.Snap.Processes = fake.Snap.Processes[:3]
	if strings.Contains(scrape(t, s), `name="web"`) {
		t.Error("the series of web are still there")
	}
}

// A builder's memory is used again; nothing of the last snapshot may be left.
func TestABuilderForgets(t *testing.T) {
	text := func(list []*dto.MetricFamily) string {
		var b strings.Builder
		for _, family := range list {
			if _, err := expfmt.MetricFamilyToText(&b, family); err != nil {
				t.Fatal(err)
			}
		}
		return b.String()
	}
	used := newBuilder()
	for i, snap := range []supervisor.Snapshot{large(300), story(), large(2), {}, story(), large(200)} {
		if diff := cmp.Diff(text(newBuilder().build(&snap)), text(used.build(&snap))); diff != "" {
			t.Errorf("snapshot %d differs in a used builder (-new +used):\n%s", i, diff)
		}
	}
}

func TestLint(t *testing.T) {
	s, _ := newServer(story())
	s.Request("process.list", "ok")
	problems, err := testutil.GatherAndLint(prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		list, _, err := gatherer{s, prometheus.NewRegistry(), s.counted}.Gather()
		return list, err
	}))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// The registry's own checks: sorted labels, no series twice, types that agree.
func TestT91FamiliesAreConsistent(t *testing.T) {
	s, _ := newServer(story())
	list, done, err := gatherer{s, s.runtime, s.counted}.Gather()
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	if !slices.IsSortedFunc(list, func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) }) {
		t.Error("the families are not sorted by name")
	}
	for _, family := range list {
		for _, m := range family.Metric {
			if !slices.IsSortedFunc(m.Label, func(a, b *dto.LabelPair) int { return strings.Compare(a.GetName(), b.GetName()) }) {
				t.Errorf("%s: the labels of %v are not sorted", family.GetName(), m)
			}
		}
	}
	merged := prometheus.Gatherers{prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return list, nil })}
	if _, err := merged.Gather(); err != nil {
		t.Error(err)
	}
}

// The table in the package's documentation is the table in the code.
func TestDocumentedFamilies(t *testing.T) {
	source, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, m := range regexp.MustCompile(`(?m)^//\t([a-z_]+)(\{[a-z,]+\})?  +\S`).FindAllStringSubmatch(string(source), -1) {
		documented = append(documented, m[1]+m[2])
	}
	s, _ := newServer(story())
	s.Request("process.list", "ok")
	seen := map[string]bool{}
	for name, family := range parse(t, scrape(t, s)) {
		short, mine := strings.CutPrefix(name, Prefix)
		if !mine {
			continue
		}
		var labels []string
		for _, l := range family.Metric[0].Label {
			labels = append(labels, l.GetName())
		}
		slices.Sort(labels)
		if len(labels) > 0 {
			short += "{" + strings.Join(labels, ",") + "}"
		}
		seen[short] = true
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(seen)), documented); diff != "" {
		t.Errorf("doc.go and the families differ (-code +doc):\n%s", diff)
	}
}

func TestScrapeWhenTheManagerDoesNotAnswer(t *testing.T) {
	s, fake := newServer(story())
	fake.Hook = func(context.Context, string) error { return errors.New("out of order") }
	for want := 1; want <= 2; want++ {
		got := series(t, scrape(t, s))
		if got["snapshot_errors_total{}"] != float64(want) {
			t.Errorf("snapshot_errors_total is %v, want %d", got["snapshot_errors_total{}"], want)
		}
		if _, ok := got[`process_up{name="web"}`]; ok {
			t.Error("there are processes without a snapshot")
		}
	}
	fake.Hook = nil
	if _, ok := series(t, scrape(t, s))[`process_up{name="web"}`]; !ok {
		t.Error("the processes do not come back")
	}
}

func TestInventedMethodsAreBounded(t *testing.T) {
	s, _ := newServer(supervisor.Snapshot{})
	s.Request("process.list", "ok")
	for i := range 10_000 {
		s.Request(fmt.Sprintf("method-%d\xff", i), "-32601")
	}
	s.Request("process.list", "ok")
	got := series(t, scrape(t, s))
	n, sum := 0, 0.0
	for key, v := range got {
		if strings.HasPrefix(key, "rpc_requests_total") {
			n, sum = n+1, sum+v
		}
	}
	if n > maxMethods+1 || sum != 10_002 || got[`rpc_requests_total{code="ok",method="process.list"}`] != 2 {
		t.Errorf("%d series with the sum %v, want at most %d with 10002", n, sum, maxMethods+1)
	}
}

func TestT91Promtool(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed")
	}
	s, _ := newServer(story())
	s.Request("process.list", "ok")
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, promtool, "check", "metrics")
	cmd.Stdin = strings.NewReader(scrape(t, s))
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Contains(string(out), Prefix) {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

// large is a manager with n processes.
func large(n int) supervisor.Snapshot {
	snap := supervisor.Snapshot{Booted: true, Manifest: supervisor.ManifestStat{Loaded: true, Successful: true, LastSuccess: supervisortest.Epoch}}
	for i := range n {
		p := story().Processes[3]
		p.Name = fmt.Sprintf("process-%04d", i)
		p.LastExitCode = new(1)
		p.Restarts = map[supervisor.Reason]uint64{supervisor.ReasonError: 3}
		p.Exits = map[supervisor.Reason]uint64{supervisor.ReasonError: 3, supervisor.ReasonOOMKilled: 1}
		snap.Processes = append(snap.Processes, p)
	}
	return snap
}

// discard is a ResponseWriter without memory.
type discard struct {
	header http.Header
	n      int64
}

func (d *discard) Header() http.Header { return d.header }
func (d *discard) WriteHeader(int)     {}
func (d *discard) Write(b []byte) (int, error) {
	d.n += int64(len(b))
	return len(b), nil
}

var _ io.Writer = (*discard)(nil)

// BenchmarkScrape is one scrape of /metrics; the budget for 1000 processes is
// 25 ms.
func BenchmarkScrape(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("processes=%d", n), func(b *testing.B) {
			s, _ := newServer(large(n))
			request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
			b.ReportAllocs()
			for b.Loop() {
				w := &discard{header: http.Header{}}
				s.Handler().ServeHTTP(w, request)
				b.SetBytes(w.n)
			}
		})
	}
}

// BenchmarkConstMetrics is the same scrape the usual way, for comparison: each
// sample a const metric that goes through a registry.
func BenchmarkConstMetrics(b *testing.B) {
	snap := large(1000)
	registry := prometheus.NewRegistry()
	registry.MustRegister(constMetrics{newBuilder().build(&snap)})
	handler := promhttp.HandlerFor(registry, promhttp.HandlerOpts{DisableCompression: true})
	request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	b.ReportAllocs()
	for b.Loop() {
		w := &discard{header: http.Header{}}
		handler.ServeHTTP(w, request)
		b.SetBytes(w.n)
	}
}

type constMetrics struct{ families []*dto.MetricFamily }

func (c constMetrics) Describe(chan<- *prometheus.Desc) {}

func (c constMetrics) Collect(ch chan<- prometheus.Metric) {
	for _, family := range c.families {
		var names []string
		for _, l := range family.Metric[0].Label {
			names = append(names, l.GetName())
		}
		desc := prometheus.NewDesc(family.GetName(), family.GetHelp(), names, nil)
		for _, m := range family.Metric {
			var values []string
			for _, l := range m.Label {
				values = append(values, l.GetValue())
			}
			if m.Counter != nil {
				ch <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, m.GetCounter().GetValue(), values...)
			} else {
				ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, m.GetGauge().GetValue(), values...)
			}
		}
	}
}

// BenchmarkBuild is the part of a scrape before the text is written.
func BenchmarkBuild(b *testing.B) {
	snap, builder := large(1000), newBuilder()
	b.ReportAllocs()
	for b.Loop() {
		builder.build(&snap)
	}
}
