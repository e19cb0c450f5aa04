//go:build e2e

package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/processmanager/processmanager/deploy/kubetest"
)

// The base and the example of kustomize render what an API server and the manager take.
func TestKustomize(t *testing.T) {
	program := buildManager(t)
	for _, dir := range []string{"kustomize/base", "kustomize/examples/shop"} {
		text, err := tool("", "kustomize", "build", dir)
		if err != nil {
			t.Fatal(err)
		}
		objects, err := kubetest.Decode([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v\n%s", dir, err, text)
		}
		checkObjects(t, dir, program, objects)
		template, c := processes(t, objects)
		if *template.Spec.AutomountServiceAccountToken || template.Labels["processmanager.org/managed"] != "true" {
			t.Errorf("%s: %+v", dir, template)
		}
		if dir == "kustomize/base" {
			continue
		}
		if rule := one[*monitoringv1.PrometheusRule](t, objects); rule.Namespace != "shop" || len(rule.Spec.Groups) == 0 || len(rule.Spec.Groups[0].Rules) == 0 {
			t.Errorf("the rules of %s: %+v", dir, rule)
		}
		for key, value := range one[*appsv1.Deployment](t, objects).Spec.Selector.MatchLabels {
			selects := one[*monitoringv1.PodMonitor](t, objects).Spec.Selector.MatchLabels
			if key == "app.kubernetes.io/instance" && selects[key] != value {
				t.Errorf("the PodMonitor scrapes the Pods of other overlays: %v", selects)
			}
		}
		if monitor := one[*monitoringv1.PodMonitor](t, objects); c.Image != "shop:dev" || monitor.Namespace != "shop" ||
			!strings.Contains(one[*corev1.ConfigMap](t, objects).Data["processes.yaml"], "name: report") {
			t.Errorf("the overlay has not changed image, namespace or processes:\n%s", text)
		}
	}
}

// The table of the documentation: a part of the manifest is changed, and a change makes new Pods.
func TestKustomizeOverlays(t *testing.T) {
	program := buildManager(t)
	const head = "resources: [../../base]\nnamePrefix: my-\n"
	for name, tc := range map[string]struct{ overlay, file, want string }{
		"merge": {
			"configMapGenerator: [{name: processes, behavior: merge, files: [site.yaml]}]\n",
			"apiVersion: processmanager/v1\nkind: ProcessManifestPatch\nspec: {terminationGracePeriodSeconds: 20}\n", `^my-processes$`,
		},
		"new Pods": {
			"configMapGenerator: [{name: mine, files: [site.yaml]}]\npatches:\n  - target: {kind: Deployment}\n    patch: |\n" +
				"      - {op: replace, path: /spec/template/spec/volumes/0/configMap/name, value: mine}\n" +
				"      - {op: add, path: /spec/template/spec/containers/0/env/-, value: {name: PM_LOG_LEVEL, value: debug}}\n",
			"apiVersion: processmanager/v1\nkind: ProcessManifest\nspec: {processes: [{name: web, command: [a]}]}\n", `^my-mine-[a-z0-9]+$`,
		},
	} {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS("kustomize")); err != nil {
			t.Fatal(err)
		}
		for file, text := range map[string]string{"kustomization.yaml": head + tc.overlay, "site.yaml": tc.file, "processes.yaml": ""} {
			if err := os.WriteFile(filepath.Join(dir, "examples/shop", file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		text, err := tool("", "kustomize", "build", filepath.Join(dir, "examples/shop"))
		if err != nil {
			t.Fatal(err)
		}
		objects, err := kubetest.Decode([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		template, _ := processes(t, objects)
		mounted := template.Spec.Volumes[0].ConfigMap.Name
		if !regexp.MustCompile(tc.want).MatchString(mounted) {
			t.Errorf("%s: the ConfigMap %s is mounted, want %s", name, mounted, tc.want)
		}
		for _, object := range objects {
			if configMap, ok := object.(*corev1.ConfigMap); ok && configMap.Name == mounted {
				manifests := filepath.Join(dir, name)
				if err := os.Mkdir(manifests, 0o700); err != nil {
					t.Fatal(err)
				}
				for file, text := range configMap.Data {
					if err := os.WriteFile(filepath.Join(manifests, file), []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				if out, err := exec.Command(program, "validate", manifests).CombinedOutput(); err != nil {
					t.Errorf("%s: %v\n%s", name, err, out)
				}
			}
		}
	}
}
