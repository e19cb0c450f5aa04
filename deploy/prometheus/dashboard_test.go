package prometheus_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// dashboard is what of Grafana's model is looked at.
type dashboard struct {
	Title, UID    string
	SchemaVersion int
	Panels        []panel
	Templating    struct {
		List []struct {
			Name, Type, Definition, AllValue string
			Multi, IncludeAll                bool
		}
	}
}

type panel struct {
	ID                       int
	Type, Title, Description string
	Datasource               source
	GridPos                  struct{ H, W, X, Y int }
	FieldConfig              struct{ Defaults struct{ Unit string } }
	Targets                  []struct {
		RefID      string
		Expr       string
		Datasource source
	}
}

type source struct{ Type, UID string }

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	text, err := os.ReadFile("../grafana/processmanager.json")
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// The dashboard is one that Grafana takes, for any data source and any job.
func TestDashboard(t *testing.T) {
	d := readDashboard(t)
	if d.UID == "" || d.Title == "" || d.SchemaVersion < 36 || len(d.Panels) < 20 {
		t.Errorf("uid %q, title %q, schema %d, %d panels", d.UID, d.Title, d.SchemaVersion, len(d.Panels))
	}
	var variables []string
	for _, v := range d.Templating.List {
		variables = append(variables, v.Name)
		if v.Type == "query" && (!v.Multi || !v.IncludeAll || v.AllValue != ".*") {
			t.Errorf("the variable %s: %+v; All must also match what has no such label", v.Name, v)
		}
	}
	if got := strings.Join(variables, " "); got != "datasource namespace pod name" {
		t.Errorf("variables: %s", got)
	}
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.ID == 0 {
			t.Errorf("%s: the id %d is taken", p.Title, p.ID)
		}
		ids[p.ID] = true
		for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
			for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
				if other := taken[[2]int{x, y}]; other != "" || x > 23 {
					t.Fatalf("%s lies over %s at %d,%d", p.Title, other, x, y)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		if p.Title == "" || p.Description == "" || p.FieldConfig.Defaults.Unit == "" || len(p.Targets) == 0 || p.Datasource.UID != "${datasource}" {
			t.Errorf("%+v lacks something", p)
		}
		for _, q := range p.Targets {
			if !strings.Contains(q.Expr, `pod=~"$pod"`) || strings.Contains(q.Expr, "job=") || q.Datasource.UID != "${datasource}" {
				t.Errorf("%s: %s", p.Title, q.Expr)
			}
		}
	}
}

// families are the names in an expression.
var families = regexp.MustCompile(`processmanager_[a-z_]+`)

// Each query of the dashboard has an answer, and the questions about CPU, memory,
// restarts and schedules have the right one.
func TestPrometheusOfARealManager(t *testing.T) {
	o := observe(t)
	some := func(list []sample) bool { return len(list) > 0 }
	between := func(least, most float64) func([]sample) bool {
		return func(list []sample) bool {
			return len(list) == 1 && list[0].value() >= least && list[0].value() <= most
		}
	}
	for expr, good := range map[string]func([]sample) bool{
		`sum(rate(processmanager_process_cpu_seconds_total{name="web"}[10s]))`:                            between(0.01, 2),
		`processmanager_process_resident_memory_bytes{name="web"}`:                                        between(100<<10, 100<<20),
		`processmanager_process_proportional_memory_bytes{name="web"}`:                                    between(10<<10, 100<<20),
		`processmanager_process_memory_limit_bytes{name="web"}`:                                           between(512<<20, 512<<20),
		`processmanager_process_open_fds{name="web"}`:                                                     between(3, 100),
		`sum(increase(processmanager_process_restarts_total{name="crash"}[10s]))`:                         between(2, 100),
		`increase(processmanager_cron_runs_total{name="tick",result="succeeded"}[10s])`:                   between(1, 20),
		`processmanager_cron_next_run_timestamp_seconds{name="tick"} - time()`:                            between(-5, 5),
		`processmanager_deadline_exceeded_total{name="slow"}`:                                             between(1, 1),
		`processmanager_process_ready{name="web",namespace="shop",pod="shop-0"}`:                          between(1, 1),
		`processmanager_process_state{name="slow"} == 1 and processmanager_process_state{state="failed"}`: between(1, 1),
		`processmanager_rpc_requests_total{method="process.list",code="ok"}`:                              between(1, 1),
	} {
		o.query(expr, good)
	}

	d := readDashboard(t)
	asked := map[string]bool{}
	for _, p := range d.Panels {
		for i, q := range p.Targets {
			for _, name := range families.FindAllString(q.Expr, -1) {
				asked[name] = true
			}
			if strings.Contains(q.Expr, "working_set") {
				continue // there is no cgroup here that tells
			}
			expr := strings.NewReplacer("$__rate_interval", "30s", "$namespace", "shop", "$pod", ".*", "$name", "web|crash|slow|tick").Replace(q.Expr)
			if strings.Contains(expr, "$") {
				t.Errorf("%s: %s has a variable that is not known", p.Title, expr)
			}
			if o.query(expr, some) == nil {
				t.Errorf("%s, query %d has no data: %s", p.Title, i, expr)
			}
		}
	}
	for _, v := range d.Templating.List {
		if v.Type != "query" {
			continue
		}
		m := regexp.MustCompile(`^label_values\((.*), (\w+)\)$`).FindStringSubmatch(v.Definition)
		if m == nil {
			t.Errorf("the variable %s: %q", v.Name, v.Definition)
			continue
		}
		expr := strings.NewReplacer("$namespace", ".*", "$pod", ".*").Replace(m[1])
		for _, s := range o.query(fmt.Sprintf("count by (%s) (%s)", m[2], expr), some) {
			if s.Metric[m[2]] == "" {
				t.Errorf("the variable %s has no values", v.Name)
			}
		}
	}

	text, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	recipes := regexp.MustCompile("(?s)```promql\n(.*?)\n```").FindAllStringSubmatch(string(text), -1)
	if len(recipes) < 8 {
		t.Errorf("%d recipes were found in docs/metrics.md: the search has lost them", len(recipes))
	}
	for _, m := range recipes {
		if strings.HasPrefix(m[1], "processmanager_process_ready == 0") {
			m[1] = strings.Replace(m[1], "== 0", ">= 0", 1) // all is ready here
		}
		o.query(m[1], some)
	}

	// What is measured is shown somewhere, and what is shown is measured.
	var names struct{ Data []string }
	o.get("/api/v1/label/__name__/values", &names)
	alerts, err := os.ReadFile("alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range families.FindAllString(string(alerts), -1) {
		asked[name] = true
	}
	measured := map[string]bool{"processmanager_process_working_set_bytes": true}
	for _, name := range names.Data {
		if families.MatchString(name) {
			measured[name] = true
		}
	}
	for name := range asked {
		if !measured[name] {
			t.Errorf("%s is asked for, and there is no such family", name)
		}
	}
	delete(measured, "processmanager_manifest_last_reload_success_timestamp_seconds") // its neighbour says it better
	for name := range measured {
		if !asked[name] {
			t.Errorf("%s is measured, and neither the dashboard nor an alert asks for it", name)
		}
	}
	o.alerts()
}

// alerts waits until Prometheus has evaluated all rules without an error and knows of the
// process that crashes.
func (o observed) alerts() {
	o.t.Helper()
	o.query(`ALERTS{alertname="ProcessCrashLooping",name="crash",pod="shop-0"}`, func(list []sample) bool { return len(list) > 0 })
	var answer struct {
		Data struct {
			Groups []struct {
				Rules []struct{ Name, Health, LastError string }
			}
		}
	}
	o.get("/api/v1/rules", &answer)
	for _, g := range answer.Data.Groups {
		for _, r := range g.Rules {
			if r.Health != "ok" {
				o.t.Errorf("%s is %s: %s", r.Name, r.Health, r.LastError)
			}
		}
	}
}
