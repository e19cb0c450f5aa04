package deploy

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/processmanager/processmanager/deploy/kubetest"
)

// Every Pod of the examples is one that an API server takes, in a namespace where the
// restricted standard is enforced, and every manifest in it is one that we take. Comments
// tell how a Pod is created; pod_test in e2e runs them.
func TestPodExamples(t *testing.T) {
	files, err := filepath.Glob("examples/pods/*.yaml")
	if err != nil || len(files) < 7 {
		t.Fatalf("found %d examples of Pods: %v", len(files), err)
	}
	program := buildManager(t)
	readme, docs, played := read(t, "examples/pods/README.md"), read(t, "../docs/kubernetes.md"), read(t, "e2e/pod_*_test.go")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		objects, err := kubetest.Decode(data)
		if err != nil {
			t.Errorf("%s: %v", file, err)
		}
		base := filepath.Base(file)
		if !strings.Contains(readme, "\n**["+base+"]("+base+")** – ") {
			t.Errorf("%s has no paragraph in the README beside it", file)
		}
		if !strings.Contains(docs, "| [`"+base+"`](") {
			t.Errorf("%s has no row in docs/kubernetes.md", file)
		}
		if !strings.Contains(played, `Pod(t, "`+base+`", `) {
			t.Errorf("%s has no story in e2e", file)
		}
		if !strings.Contains(string(data), "\n#   kubectl apply -f "+base+"\n") {
			t.Errorf("%s does not say how it is created", file)
		}
		checkObjects(t, file, program, objects)
	}
}

// read returns the texts of all files of a pattern.
func read(t *testing.T, pattern string) string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no such file (%v)", pattern, err)
	}
	var text strings.Builder
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(data)
	}
	return text.String()
}

// The part of a container that the documentation shows belongs into one.
func TestContainerOfTheDocumentation(t *testing.T) {
	text, err := os.ReadFile("../docs/kubernetes.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, block := range blocks(string(text), "yaml") {
		if !strings.HasPrefix(block, "ports:") {
			continue
		}
		seen++
		pod := "apiVersion: v1\nkind: Pod\nmetadata: {name: shop}\nspec:\n  containers:\n  - name: processes\n    image: shop:dev\n" + indent(block)
		objects, err := kubetest.Decode([]byte(pod))
		if err != nil {
			t.Fatalf("%v\n%s", err, pod)
		}
		if err := kubetest.Check(objects[0]); err != nil {
			t.Errorf("%v\n%s", err, pod)
		}
	}
	if seen != 1 {
		t.Errorf("docs/kubernetes.md shows %d parts of a container, want one", seen)
	}
}

// buildManager is the program of this tree, for its judgement of manifests.
func buildManager(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "processmanager")
	if out, err := exec.Command("go", "build", "-o", program, "../cmd/processmanager").CombinedOutput(); err != nil {
		t.Fatalf("cannot build: %v\n%s", err, out)
	}
	return program
}

// checkObjects checks what belongs together: objects, security, what the volumes
// refer to, and manifests.
func checkObjects(t *testing.T, place, program string, objects []metav1.Object) {
	t.Helper()
	configMaps, pods, grace := map[string]*corev1.ConfigMap{}, 0, int64(0)
	for _, object := range objects {
		if err := kubetest.Check(object); err != nil {
			t.Errorf("%s: %s: %v", place, object.GetName(), err)
		}
		configMap, ok := object.(*corev1.ConfigMap)
		if !ok {
			continue
		}
		configMaps[configMap.Name] = configMap
		for key, manifest := range configMap.Data {
			if regexp.MustCompile(`(?m)^kind: ProcessManifest$`).MatchString(manifest) {
				grace = max(grace, checkManifest(t, place+": "+key, program, manifest))
			}
		}
	}
	for _, object := range objects {
		template, _ := kubetest.Template(object)
		if template == nil {
			continue
		}
		pods++
		if patience := template.Spec.TerminationGracePeriodSeconds; grace >= *cmp.Or(patience, new(int64(corev1.DefaultTerminationGracePeriodSeconds))) {
			t.Errorf("%s: %s: the manager's grace of %d s is not below the Pod's, and the kubelet would kill it first", place, object.GetName(), grace)
		}
		if err := kubetest.Restricted(&template.Spec); err != nil {
			t.Errorf("%s: %s: %v", place, object.GetName(), err)
		}
		for _, volume := range template.Spec.Volumes {
			if volume.ConfigMap != nil && configMaps[volume.ConfigMap.Name] == nil {
				t.Errorf("%s: there is no ConfigMap %s", place, volume.ConfigMap.Name)
			}
		}
	}
	if pods != 1 {
		t.Errorf("%s: %d Pods, want one", place, pods)
	}
}

// checkManifest has a manifest validated, and returns the grace of the whole that is in force.
func checkManifest(t *testing.T, place, program, manifest string) int64 {
	t.Helper()
	path := filepath.Join(t.TempDir(), "manifest.yaml")
	if err := os.WriteFile(path, []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(program, "validate", "-print", path).CombinedOutput()
	if err != nil {
		t.Errorf("%s is refused: %v\n%s\n%s", place, err, out, manifest)
		return 0
	}
	grace := regexp.MustCompile(`(?m)^  terminationGracePeriodSeconds: (\d+)$`).FindSubmatch(out)
	if grace == nil {
		t.Fatalf("%s: no terminationGracePeriodSeconds is in force:\n%s", place, out)
	}
	seconds, err := strconv.ParseInt(string(grace[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return seconds
}
