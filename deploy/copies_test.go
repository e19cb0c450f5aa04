package deploy

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Helm reads no file outside of a chart, so that the chart has copies of the dashboards
// and rules; go test ./deploy -update makes them.
func TestCopiesInTheChart(t *testing.T) {
	// A file of rules has groups; one with unit tests of them has not.
	for _, kind := range []struct{ name, pattern, content string }{{"grafana", "*.json", ""}, {"prometheus", "*.y*ml", `(?m)^groups:`}} {
		copies := filepath.Join("helm/processmanager/files", kind.name)
		originals := readFiles(t, kind.name, kind.pattern, kind.content)
		if *update {
			if err := os.RemoveAll(copies); err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(copies, 0o755); err != nil { //nolint:gosec // for everybody to read
				t.Fatal(err)
			}
			for name, text := range originals {
				if err := os.WriteFile(filepath.Join(copies, name), text, 0o644); err != nil { //nolint:gosec // for everybody to read
					t.Fatal(err)
				}
			}
		}
		have := readFiles(t, copies, "*", "")
		for name, text := range originals {
			if !bytes.Equal(have[name], text) {
				t.Errorf("%s of the chart is not deploy/%s/%s: go test ./deploy -update copies it", name, kind.name, name)
			}
		}
		for name := range have {
			if originals[name] == nil {
				t.Errorf("the chart has %s, and deploy/%s has not: go test ./deploy -update removes it", name, kind.name)
			}
		}
	}
}

// kustomize has the rules as the object of the Prometheus operator; go test ./deploy -update makes it.
func TestRulesOfKustomize(t *testing.T) {
	const path = "kustomize/monitoring/prometheusrule.yaml"
	var want bytes.Buffer
	want.WriteString(`# Made of deploy/prometheus/alerts.yaml by go test ./deploy -update.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: processmanager
spec:
`)
	alerts, err := os.ReadFile("prometheus/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(alerts)) {
		if strings.TrimSpace(line) != "" {
			want.WriteString("  ")
		}
		want.WriteString(line)
	}
	if *update {
		if err := os.WriteFile(path, want.Bytes(), 0o644); err != nil { //nolint:gosec // for everybody to read
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want.Bytes()) {
		t.Errorf("%s is not deploy/prometheus/alerts.yaml: go test ./deploy -update makes it", path)
	}
}

// readFiles are those of a folder whose names and texts match.
func readFiles(t *testing.T, dir, pattern, content string) map[string][]byte {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, path := range list {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if regexp.MustCompile(content).Match(text) {
			files[filepath.Base(path)] = text
		}
	}
	return files
}
