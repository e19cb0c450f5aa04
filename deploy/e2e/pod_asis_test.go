//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/processmanager/processmanager/deploy/kubetest"
)

// podman takes the examples as they stand, but for their ports, which it would publish on every
// address of this machine, and makes the volumes itself. What the head of a file tells to
// try in its Pod works. One after the other: volumes of one name are one volume to podman.
func TestPodAsItStands(t *testing.T) {
	t.Parallel()
	engine := needPodman(t)
	for _, c := range []struct{ file, container, says string }{
		{"configmap.yaml", "processes", "web | listening on 8080"},
		{"sidecar.yaml", "operator", "42 orders"},
		{"shared-pids.yaml", "processes", ""},
		{"cron.yaml", "processes", "tick | tick of "},
		{"lifecycle.yaml", "processes", ""},
	} {
		p := &pod{t: t, engine: engine}
		text, err := os.ReadFile("../examples/pods/" + c.file)
		if err != nil {
			t.Fatal(err)
		}
		for _, document := range exampleDocuments(t, c.file) {
			if template, _ := kubetest.Template(document); template != nil {
				p.name, p.spec = document.GetName(), template.Spec
			}
		}
		ports := regexp.MustCompile(`(?m)^ +ports:\n( +- \{.*\}\n)+`)
		played := strings.ReplaceAll(ports.ReplaceAllString(string(text), ""), "port: metrics", "port: 9464")
		file := filepath.Join(engine.dir, c.file)
		if err := os.WriteFile(file, []byte(played), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Run(c.file, func(t *testing.T) {
			p.t = t
			t.Cleanup(func() {
				if t.Failed() {
					for _, of := range p.spec.Containers {
						t.Logf("log of %s:\n%s", of.Name, p.logs(of.Name))
					}
				}
				p.must("kube", "down", file)
			})
			p.must("kube", "play", file)
			state := p.allAre("processes", "running", "web")
			p.says(c.container, c.says)
			for _, line := range p.headCommands(string(text)) {
				line = strings.ReplaceAll(line, "PID", fmt.Sprint(state["web"].PID))
				cmd := exec.Command("sh", "-c", line)
				cmd.Env = engine.env
				if r := run(t, cmd); r.code != 0 {
					t.Errorf("%s: %s", line, r)
				}
			}
		})
	}
}

// Podman gives an emptyDir the mode of the folder that it hides, in whichever container starts
// first: in each image it has to be open to any user, as the kubelet's is.
func TestPodImagesHaveOpenFolder(t *testing.T) {
	t.Parallel()
	p := &pod{t: t, engine: needPodman(t)}
	for _, image := range []string{"shop:dev", "operator:dev"} {
		r := p.try("run", "--rm", "--network", "none", "--entrypoint", "stat", image, "-c", "%a", "/run/processmanager")
		if r.code != 0 || r.stdout != "1777\n" {
			t.Errorf("/run/processmanager of %s: want mode 1777, have %s", image, r)
		}
	}
}

// headCommands are the commands for a container in the comment that an example begins with,
// as commands of podman.
func (p *pod) headCommands(example string) []string {
	p.t.Helper()
	head, _, _ := strings.Cut(example, "\napiVersion:")
	var commands []string
	for _, m := range regexp.MustCompile(`(?m)^#   kubectl exec (\S+)(?: -c (\S+))? -- (.*)$`).FindAllStringSubmatch(head, -1) {
		container := m[2]
		if container == "" {
			container = p.spec.Containers[0].Name
		}
		if m[1] != p.name || p.containerSpec(container).Name != container {
			p.t.Errorf("%q is about another Pod than %s", m[0], p.name)
		}
		commands = append(commands, "podman exec "+p.container(container)+" "+m[3])
	}
	if len(commands) == 0 {
		p.t.Error("the head of the example has nothing to try")
	}
	return commands
}
