//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/processmanager/processmanager/deploy/kubetest"
)

// What the Helm chart renders runs: all doors open, with probes; kubectl pm finds it by its
// labels; and it stops in order.
func TestPodChart(t *testing.T) {
	t.Parallel()
	const values = `
image: {repository: shop, tag: dev}
manifest:
  spec:
    processes:
      - {name: web, command: "echo listening; exec sleep infinity"}
rpc: {enabled: true}
telnet: {enabled: true}
logLevel: debug
logTimestamps: true
auth: {existingSecret: api, viewerKey: viewer}
tls: {existingSecret: tls}
`
	// It may have to be compiled first.
	if out, err := exec.CommandContext(t.Context(), "../sh/tool", "helm", "version").CombinedOutput(); err != nil {
		t.Fatalf("helm: %v\n%s", err, out)
	}
	helm := exec.Command("../sh/tool", "helm", "template", "shop", "../helm/processmanager", "-f", "-")
	helm.Stdin = strings.NewReader(values)
	r := run(t, helm)
	if r.code != 0 {
		t.Fatal(r)
	}
	rendered, err := kubetest.Decode([]byte(r.stdout))
	if err != nil {
		t.Fatal(err)
	}
	cert := certificate(t)
	p := createPodOf(t, rendered, objects{"api": {"secret": "mysecretkey", "viewer": "look"}, "tls": cert})
	p.start("processes")
	c := p.containerSpec("processes")
	p.succeeds("processes", c.StartupProbe)
	p.succeeds("processes", c.ReadinessProbe)
	if err := p.attempt("processes", c.LivenessProbe); err != nil {
		t.Errorf("liveness: %v", err)
	}
	p.allAre("processes", "running", "web")
	for _, secret := range []string{"mysecretkey", "look"} {
		if err := p.ask(cert["tls.crt"], secret); err != nil {
			t.Errorf("the API with %s: %v", secret, err)
		}
	}
	p.says("processes", "Z processmanager | INFO process manager")
	p.askByPlugin(rendered)
	if e := p.terminate("processes"); e.code != 0 || e.killed || e.took > quick {
		t.Errorf("the Pod's end: %+v", e)
	}
}

// askByPlugin drives the Pod by kubectl pm, with podman exec as its kubectl exec.
func (p *pod) askByPlugin(rendered []metav1.Object) {
	p.t.Helper()
	dir := p.t.TempDir()
	if out, err := exec.Command("go", "build", "-o", dir+"/", "../../cmd/kubectl-pm").CombinedOutput(); err != nil {
		p.t.Fatalf("cannot build kubectl-pm: %v\n%s", err, out)
	}
	var list corev1.PodList
	for _, object := range rendered {
		if template, _ := kubetest.Template(object); template != nil {
			item := corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: p.spec, Status: corev1.PodStatus{Phase: corev1.PodRunning}}
			item.Name, item.Namespace = p.name, "market"
			list.Items = append(list.Items, item)
		}
	}
	text, err := json.Marshal(list)
	if err != nil {
		p.t.Fatal(err)
	}
	const script = `#!/bin/sh
if [ "$1" = get ]; then [ "$5" = --selector ] && [ "$6" = processmanager.org/managed=true ] && exec cat "$0.json"; exit 1; fi
name=$4-$6
shift 7
podman exec "$name" "$@" || { code=$?; echo "command terminated with exit code $code" >&2; exit $code; }
`
	kubectl := filepath.Join(dir, "kubectl")
	for name, data := range map[string]string{kubectl: script, kubectl + ".json": string(text)} {
		if err := os.WriteFile(name, []byte(data), 0o755); err != nil {
			p.t.Fatal(err)
		}
	}
	for _, c := range []struct{ line, want string }{ // in this order: a history needs a life that has ended
		{"list", p.name + "  web   running"},
		{"restart web", p.name + ": web: running"},
		{"restart --rolling web", p.name + ": web: running"},
		{"logs", p.name + " web | listening"},
		{"logs web --prefix=0", "listening\n"},
		{"pmclient history web", p.name + " | web"},
		{"top -once", "web"},
		{"restart nope", `cannot restart "nope": no such process`},
	} {
		cmd := exec.Command(filepath.Join(dir, "kubectl-pm"), strings.Fields(c.line)...)
		cmd.Env = append(p.engine.env, "KUBECTL="+kubectl)
		r := run(p.t, cmd)
		if code := map[bool]int{false: 0, true: 1}[strings.Contains(c.line, "nope")]; r.code != code || !strings.Contains(r.stdout+r.stderr, c.want) {
			p.t.Errorf("kubectl pm %s: want %q and exit code %d; have %s", c.line, c.want, code, r)
		}
	}
}
