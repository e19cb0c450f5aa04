//go:build e2e

package deploy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/processmanager/processmanager/deploy/kubetest"
)

// What helm says after an installation; helm shows it only with a cluster, so that a
// copy of the chart renders it as an object.
func TestChartNotes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "processmanager")
	if err := os.CopyFS(dir, os.DirFS(chart)); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "templates/NOTES.txt"), filepath.Join(dir, "notes.txt")); err != nil {
		t.Fatal(err)
	}
	const wrapped = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: notes}\ndata:\n  notes: |\n{{ tpl (.Files.Get \"notes.txt\") . | indent 4 }}\n"
	if err := os.WriteFile(filepath.Join(dir, "templates/notes.yaml"), []byte(wrapped), 0o600); err != nil {
		t.Fatal(err)
	}
	for values, want := range map[string][]string{
		someProcesses:                           {"runs 2 processes.", "kubectl exec -n market deploy/shop-processmanager -- pmclient list", "kubectl pm -n market -l app.kubernetes.io/name=processmanager,app.kubernetes.io/instance=shop list", "applied to the running Pods"},
		combinations["existing"]:                {"runs what ConfigMap mine has."},
		combinations["files"]:                   {"runs 2 processes, and what more.yaml says."},
		someProcesses + "replicas: 2":           {"Schedules run in every Pod."},
		someProcesses + "replicas: null":        {"Schedules run in every Pod."}, // an autoscaler's
		someProcesses + "kind: DaemonSet":       {"Schedules run in every Pod."},
		combinations["rolled"]:                  {"A changed manifest makes new Pods."},
		"manifest: {inImage: [/app/base.yaml]}": {"runs 0 processes, over /app/base.yaml of the image."},
		"service: {enabled: true, ports: [{name: http, port: 80, targetPort: 8080}]}\nnetworkPolicy: {enabled: true}": {"WARNING: the network policy lets nobody reach service.ports"},
		"kind: DaemonSet":   {"exec -n market ds/shop"},
		"kind: Deployment":  {"WARNING: there are no processes", "manifest.spec.processes"},
		"kind: StatefulSet": {"exec -n market sts/shop"},
		"rpc: {enabled: true}\nauth: {existingSecret: s}\nnetworkPolicy: {enabled: true}": {"WARNING: the network policy", "WARNING: rpc and telnet are open without TLS"},
	} {
		text, err := tool(values, "helm", "template", "shop", dir, "-n", "market", "-f", "-", "-s", "templates/notes.yaml")
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range want {
			if !strings.Contains(text, line) {
				t.Errorf("the notes do not say %q with\n%s\nbut\n%s", line, values, text)
			}
		}
		if values == someProcesses && strings.Contains(text, "every Pod") {
			t.Errorf("one Pod is warned of others:\n%s", text)
		}
	}
}

// The values and the kustomization that the documentation shows work.
func TestChartOfTheDocumentation(t *testing.T) {
	program := buildManager(t)
	text, err := os.ReadFile("../docs/kubernetes.md")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(chartReadme)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, block := range append(blocks(string(text), "yaml"), blocks(string(readme), "yaml")...) {
		switch {
		case strings.HasPrefix(block, "# values.yaml"):
			checkObjects(t, "docs", program, render(t, block))
		case strings.HasPrefix(block, "# kustomization.yaml"):
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS("kustomize")); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "examples/shop/kustomization.yaml"), []byte(block), 0o600); err != nil {
				t.Fatal(err)
			}
			rendered, err := tool("", "kustomize", "build", filepath.Join(dir, "examples/shop"))
			if err != nil {
				t.Fatal(err)
			}
			objects, err := kubetest.Decode([]byte(rendered))
			if err != nil {
				t.Fatalf("%v\n%s", err, rendered)
			}
			checkObjects(t, "docs", program, objects)
		default:
			continue
		}
		seen++
	}
	if seen != 3 {
		t.Errorf("docs/kubernetes.md and the chart's README show %d of values and kustomization, want three", seen)
	}
}
