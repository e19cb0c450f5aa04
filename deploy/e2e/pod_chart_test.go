//go:build e2e

package e2e

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/processmanager/processmanager/deploy/kubetest"
)

// What the Helm chart renders runs: all doors open, with probes, and stops in order.
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
auth: {existingSecret: api, viewerKey: viewer}
tls: {existingSecret: tls}
`
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
	if e := p.terminate("processes"); e.code != 0 || e.killed || e.took > quick {
		t.Errorf("the Pod's end: %+v", e)
	}
}
