//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/processmanager/processmanager/deploy/kubetest"
)

func exampleDocuments(t *testing.T, file string) []metav1.Object {
	t.Helper()
	text, err := os.ReadFile("../examples/pods/" + file)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := kubetest.Decode(text)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return objects
}

// process is what the tests look at in a ProcessInfo.
type process struct {
	Name, Status string
	PID          int
	Restarts     int
	Ready        bool
}

// list asks for the processes from a container that has pmclient.
func (p *pod) list(container string) (map[string]process, error) {
	p.t.Helper()
	r := p.exec(container, "pmclient", "list", "-format", "json")
	if r.code != 0 {
		return nil, errors.New(r.String())
	}
	var infos []process
	if err := json.Unmarshal([]byte(r.stdout), &infos); err != nil {
		return nil, fmt.Errorf("cannot read the list %q: %w", r.stdout, err)
	}
	byName := map[string]process{}
	for _, info := range infos {
		byName[info.Name] = info
	}
	return byName, nil
}

// allAre waits until processes have a status, and returns the whole list.
func (p *pod) allAre(container, status string, names ...string) map[string]process {
	p.t.Helper()
	var last map[string]process
	eventually(p.t, fmt.Sprintf("%v are %s", names, status), func() (err error) {
		if last, err = p.list(container); err != nil {
			return err
		}
		for _, name := range names {
			if last[name].Status != status {
				return fmt.Errorf("%+v", last)
			}
		}
		return nil
	})
	return last
}

// A changed ConfigMap restarts what it changes, keeps what it does not change, adds
// and removes; a broken one changes nothing and is told.
func TestPodConfigMap(t *testing.T) {
	t.Parallel()
	p := startPod(t, "configmap.yaml", nil)
	before := p.allAre("processes", "running", "web", "queue")
	manifest := exampleDocuments(t, "configmap.yaml")[0].(*corev1.ConfigMap).Data["shop.yaml"]

	changed := strings.Replace(manifest, `value: "8080"`, `value: "9090"`, 1) +
		"    - {name: mail, command: [sleep, infinity]}\n"
	p.swap("processes", map[string]string{"shop.yaml": changed})
	p.says("processes", "listening on 9090")
	after := p.allAre("processes", "running", "web", "queue", "mail")
	if after["queue"].PID != before["queue"].PID {
		t.Errorf("queue was restarted, and nothing of it has changed: %+v, then %+v", before["queue"], after["queue"])
	}
	if after["web"].PID == before["web"].PID {
		t.Errorf("web still runs with its old environment: %+v", after["web"])
	}

	p.swap("processes", map[string]string{"shop.yaml": strings.Replace(changed, "restartPolicy", "restartPolice", 1)})
	p.says("processes", "restartPolice")
	if now, err := p.list("processes"); err != nil || now["web"].PID != after["web"].PID || now["mail"].Status != "running" {
		t.Errorf("a broken manifest has changed something: %+v, then %+v, %v", after, now, err)
	}

	p.swap("processes", map[string]string{"shop.yaml": manifest})
	eventually(t, "mail is gone", func() error {
		now, err := p.list("processes")
		if _, there := now["mail"]; err == nil && there {
			err = fmt.Errorf("%+v", now)
		}
		return err
	})
	if e := p.terminate("processes"); e.code != 0 || e.killed || e.took > quick {
		t.Errorf("the Pod's end: %+v", e)
	}
}

// A sibling with another user drives the processes over the shared folder: by the
// Python client, by pmclient and by telnet's language.
func TestPodSidecar(t *testing.T) {
	t.Parallel()
	p := startPod(t, "sidecar.yaml", nil)
	p.says("operator", "report completed 0")
	p.says("operator", "42 orders")

	if r := p.exec("operator", "pmclient", "restart", "web"); r.code != 0 {
		t.Errorf("pmclient in the sibling: %s", r)
	}
	if r := p.exec("operator", "pmclient", "list"); r.code != 0 || !regexp.MustCompile(`(?m)^web +running`).MatchString(r.stdout) {
		t.Errorf("pmclient in the sibling: %s", r)
	}
	const telnet = `
import socket
s = socket.socket(socket.AF_UNIX)
s.settimeout(20)
s.connect("/run/processmanager/processmanager.sock")
s.sendall(b"!!process.status name:web\n\n!!quit\n\n")
while data := s.recv(4096):
    print(data.decode(), end="")
`
	if r := p.exec("operator", "python3", "-c", telnet); r.code != 0 || !strings.Contains(r.stdout, "**RESULT**") || !strings.Contains(r.stdout, "running") {
		t.Errorf("telnet's language in the sibling: %s", r)
	}
	if r := p.try("exec", "--user", "1001:1001", p.container("operator"), "pmclient", "list"); r.code != 3 {
		t.Errorf("a user outside of the sockets' group: want exit code 3, have %s", r)
	}
	if e := p.terminate("processes"); e.code != 0 || e.killed {
		t.Errorf("the manager's end: %+v", e)
	}
}

// The manager as a native sidecar: the kubelet starts it first, waits for its startup
// probe, runs the Job, and stops it when the Job is done.
func TestPodNativeSidecar(t *testing.T) {
	t.Parallel()
	p := createPod(t, "native-sidecar.yaml", nil)
	p.start("helpers")
	p.succeeds("helpers", p.containerSpec("helpers").StartupProbe)
	if state := p.allAre("helpers", "running", "proxy", "metrics-agent"); !state["proxy"].Ready {
		t.Errorf("the startup probe has succeeded, and proxy is not ready: %+v", state)
	}
	p.start("import")
	if e := p.ended("import"); e.code != 0 {
		t.Fatalf("the Job failed: %+v\n%s", e, p.logs("import"))
	}
	p.says("import", "imported")
	if e := p.terminate("helpers"); e.code != 0 || e.killed || e.took > quick {
		t.Errorf("the sidecar's end: %+v", e)
	}
	p.says("helpers", "proxy says goodbye")
}

// With one PID namespace for all the manager is not PID 1: it says so, reaps all the
// same, and siblings reach its processes by signal.
func TestPodSharedPIDs(t *testing.T) {
	t.Parallel()
	p := startPod(t, "shared-pids.yaml", nil)
	state := p.allAre("processes", "running", "web", "litter")
	if r := p.exec("processes", "pmclient", "info", "-format", "json"); r.code != 0 || strings.Contains(r.stdout, `"pid":1,`) {
		t.Errorf("the manager must not be PID 1 here: %s", r)
	}
	eventually(t, "orphans are reaped by the manager", func() error {
		body, err := p.get("9464", "/metrics")
		if err == nil && !regexp.MustCompile(`(?m)^processmanager_orphans_reaped_total [1-9]\d`).MatchString(body) {
			err = fmt.Errorf("no orphans_reaped_total of at least 10 in:\n%s", body)
		}
		return err
	})
	eventually(t, "no zombie", func() error {
		r := p.exec("debug", "sh", "-c", `grep -l "^State:.Z" /proc/[0-9]*/status; true`)
		if lines := strings.Count(r.stdout, "\n"); r.code != 0 || lines > 1 { // one may be on its way
			return fmt.Errorf("%s", r)
		}
		return nil
	})
	pid := fmt.Sprint(state["web"].PID)
	if r := p.exec("debug", "sh", "-c", "kill -HUP "+pid); r.code != 0 {
		t.Errorf("a signal from the sibling: %s", r)
	}
	p.says("processes", "reloaded")
	if e := p.terminate("processes"); e.code != 0 || e.killed || e.took > quick {
		t.Errorf("the manager's end: %+v", e)
	}
}

// Jobs by the clock inside of the Pod: they run, are remembered, and can be run now.
func TestPodCron(t *testing.T) {
	t.Parallel()
	p := startPod(t, "cron.yaml", nil)
	p.says("processes", "tick | tick of ")
	eventually(t, "two runs are in the history", func() error {
		r := p.exec("processes", "pmclient", "history", "tick", "-format", "json")
		if r.code != 0 || strings.Count(r.stdout, `"exit_code":0`) < 2 {
			return fmt.Errorf("%s", r)
		}
		return nil
	})
	if state := p.allAre("processes", "scheduled", "report"); state["web"].Status != "running" {
		t.Errorf("the server beside the jobs: %+v", state)
	}
	if r := p.exec("processes", "pmclient", "trigger", "report"); r.code != 0 {
		t.Fatalf("trigger: %s", r)
	}
	p.says("processes", "report | report of ")
	if e := p.terminate("processes"); e.code != 0 || e.killed {
		t.Errorf("the Pod's end: %+v", e)
	}
}

// A manager that does nothing any more fails its liveness probe. The kubelet ends it: SIGTERM, which
// it cannot answer, and SIGKILL after the grace. The next container of the Pod finds the
// volumes as they were left, with the sockets of the dead one, and runs all the same.
func TestPodRestartedByKubelet(t *testing.T) {
	t.Parallel()
	p := startPod(t, "configmap.yaml", nil)
	const container = "processes"
	c := p.containerSpec(container)
	p.succeeds(container, c.StartupProbe)
	p.allAre(container, "running", "web", "queue")

	p.must("kill", "-s", "STOP", p.container(container))
	liveness := c.LivenessProbe.DeepCopy()
	liveness.PeriodSeconds, liveness.TimeoutSeconds = 1, 1 // as often, only sooner
	p.fails(container, liveness)
	p.spec.TerminationGracePeriodSeconds = new(int64(3))
	if e := p.terminate(container); e.code != 137 || !e.killed || e.took < 3*time.Second {
		t.Errorf("want SIGKILL after a grace of 3 s, have %+v", e)
	}

	p.start(container)
	p.succeeds(container, c.StartupProbe)
	p.succeeds(container, c.ReadinessProbe)
	if state := p.allAre(container, "running", "web", "queue"); state["web"].Restarts != 0 {
		t.Errorf("a new manager remembers the old one: %+v", state)
	}
	if err := p.attempt(container, c.LivenessProbe); err != nil {
		t.Errorf("liveness of the new container: %v", err)
	}
	if e := p.terminate(container); e.code != 0 || e.killed {
		t.Errorf("the end of the new container: %+v", e)
	}
}

// The manager is killed while a change is half done: one process stops for it, another runs
// with it already. The next container runs the new manifest, over the sockets of the dead one.
func TestPodKilledDuringUpdate(t *testing.T) {
	t.Parallel()
	p := startPod(t, "configmap.yaml", nil)
	p.allAre("processes", "running", "web", "queue")
	manifest := exampleDocuments(t, "configmap.yaml")[0].(*corev1.ConfigMap).Data["shop.yaml"]
	slow := strings.Replace(manifest, "exec sleep infinity", "trap 'sleep 100' TERM; while :; do sleep 0.1; done", 1)
	p.swap("processes", map[string]string{"shop.yaml": strings.Replace(slow, "8080", "9090", 1)})
	p.says("processes", "listening on 9090")
	p.swap("processes", map[string]string{"shop.yaml": strings.Replace(slow, "8080", "9191", 1) +
		"    - {name: mail, command: [sleep, infinity]}\n"})
	if state := p.allAre("processes", "running", "mail"); state["web"].Status != "stopping" {
		t.Fatalf("the change is not half done: %+v", state)
	}
	p.must("kill", "-s", "KILL", p.container("processes"))
	if e := p.ended("processes"); e.code != 137 {
		t.Errorf("the end of the killed one: %+v", e)
	}
	p.start("processes")
	p.says("processes", "listening on 9191")
	p.allAre("processes", "running", "web", "queue", "mail")
}

// A crash of the essential process is the container's exit code and the Pod's message.
func TestPodTerminationMessage(t *testing.T) {
	t.Parallel()
	p := startPod(t, "lifecycle.yaml", nil)
	p.succeeds("processes", p.containerSpec("processes").StartupProbe)
	if r := p.exec("processes", "touch", "/run/processmanager/crash"); r.code != 0 {
		t.Fatal(r)
	}
	e := p.ended("processes")
	if e.code != 3 || !strings.Contains(e.message, "web") || !strings.Contains(e.message, "3") {
		t.Errorf("want exit code 3, and a message that names web and 3; have %+v", e)
	}
	if logs := p.logs("processes"); !strings.Contains(logs, "db says goodbye") {
		t.Errorf("the rest was not stopped in order:\n%s", logs)
	}
}

// The kubelet's probes see what the manager knows, at the right times; the end is in
// order: preStop, then dependents first, the stubborn one by force, all before the
// kubelet's patience is over.
func TestPodLifecycle(t *testing.T) {
	t.Parallel()
	p := startPod(t, "lifecycle.yaml", nil)
	c := p.containerSpec("processes")
	if failures := p.succeeds("processes", c.StartupProbe); failures > 20 {
		t.Errorf("the startup probe failed %d times", failures)
	}
	if err := p.attempt("processes", c.LivenessProbe); err != nil {
		t.Errorf("liveness: %v", err)
	}
	p.succeeds("processes", c.ReadinessProbe)
	p.allAre("processes", "running", "db", "web", "intake", "stubborn")

	// Not ready is not dead.
	if r := p.exec("processes", "rm", "/run/processmanager/web-is-up"); r.code != 0 {
		t.Fatal(r)
	}
	eventually(t, "the Pod is not ready", func() error {
		if p.attempt("processes", c.ReadinessProbe) == nil {
			return errors.New("it is")
		}
		return nil
	})
	if err := p.attempt("processes", c.LivenessProbe); err != nil {
		t.Errorf("liveness of a Pod that is not ready: %v", err)
	}

	e := p.terminate("processes")
	if e.code != 0 || e.killed || e.took < minStubborn || e.took > minStubborn+quick {
		t.Errorf("the Pod's end: %+v; want 0 after the grace of stubborn and not much more", e)
	}
	logs := p.logs("processes")
	last := -1
	for _, goodbye := range []string{"intake says goodbye", "web says goodbye", "db says goodbye"} {
		at := strings.Index(logs, goodbye)
		if at < last || at < 0 {
			t.Errorf("%q is not where it should be:\n%s", goodbye, logs)
		}
		last = at
	}
}
