package traps_test

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// scrape returns the metrics by series; nothing is demanded of them.
func (in *instance) scrape() map[string]float64 {
	in.t.Helper()
	m := listens.FindStringSubmatch(in.out.String())
	if m == nil {
		in.t.Fatal("there is no metrics address")
	}
	resp, err := http.Get("http://" + m[1] + "/metrics")
	if err != nil {
		in.t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		in.t.Fatalf("a scrape: %d, %v\n%s", resp.StatusCode, err, page)
	}
	all := map[string]float64{}
	for line := range strings.Lines(string(page)) {
		if at := strings.LastIndexByte(strings.TrimSpace(line), ' '); at > 0 && line[0] != '#' {
			if v, err := strconv.ParseFloat(strings.TrimSpace(line[at:]), 64); err == nil {
				all[strings.TrimPrefix(line[:at], "processmanager_")] = v
			}
		}
	}
	return all
}

// A counter never goes back: not over twenty restarts, and not when children of
// children that burned CPU are reaped.
func TestT93CountersNeverGoBack(t *testing.T) {
	in := launch(t, launching{args: []string{"-metrics-addr", "127.0.0.1:0"}, spec: `
  exitPolicy: Never
  processes:
  - name: phoenix
    command: "spin() { i=0; while [ $i -lt 8000 ]; do i=$((i+1)); done; }; (spin); spin & setsid sh -c 'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done' & sleep 0.05; exit 1"
    restartBackoff: {initial: 0s, max: 0s}
`}).up()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	last := map[string]float64{}
	scrapes := 0
	eventually(t, "it was restarted twenty times", func() bool {
		<-tick.C
		now := in.scrape()
		scrapes++
		for series, v := range now {
			if name, _, _ := strings.Cut(series, "{"); strings.HasSuffix(name, "_total") && v < last[series] {
				t.Errorf("%s was %v and is %v", series, last[series], v)
			}
		}
		for series := range last {
			if _, there := now[series]; !there && strings.Contains(series, "_total") {
				t.Errorf("%s has gone", series)
			}
		}
		last = now
		return now[`process_restarts_total{name="phoenix",reason="Error"}`] >= 20
	})
	if last[`process_cpu_seconds_total{mode="user",name="phoenix"}`] < 0.1 {
		t.Errorf("it has burned %v s in user mode", last[`process_cpu_seconds_total{mode="user",name="phoenix"}`])
	}
	t.Logf("%d scrapes", scrapes)
}

// Where /proc hides a process of another user, what is not known is absent, and it is
// counted; nothing fails, and what may be seen is shown.
func TestT99HiddenProcesses(t *testing.T) {
	in := launch(t, launching{args: []string{"-metrics-addr", "127.0.0.1:0"}, env: blindVar + "=1", spec: `
  exitPolicy: Never
  processes:
  - {name: own, command: [sleep, "1000"]}
  - {name: hidden, command: [sleep, "1000"], securityContext: {runAsUser: 12345, runAsGroup: 12345}}
`}).up()
	var now map[string]float64
	eventually(t, "what is hidden was missed", func() bool {
		now = in.scrape()
		return now["proc_read_errors_total"] > 0 && now[`process_resident_memory_bytes{name="own"}`] > 0
	})
	if now[`process_up{name="hidden"}`] != 1 || now[`process_tree_size{name="own"}`] != 1 || now[`process_open_fds{name="own"}`] < 3 {
		t.Errorf("up %v, tree of the other one %v", now[`process_up{name="hidden"}`], now[`process_tree_size{name="own"}`])
	}
	for _, family := range []string{"process_resident_memory_bytes", "process_tree_size", "process_threads", "process_open_fds"} {
		if v, there := now[family+`{name="hidden"}`]; there {
			t.Errorf("%s of what is hidden is %v", family, v)
		}
	}
	if now["snapshot_errors_total"] != 0 {
		t.Error("a scrape has failed")
	}
	if tree, err := in.api.Tree(t.Context(), "hidden"); err != nil || len(tree) != 0 {
		t.Errorf("its tree is %+v, %v", tree, err)
	}
	if _, err := in.api.Stop(t.Context(), "hidden"); err != nil {
		t.Errorf("it cannot be stopped: %v", err)
	}
}
