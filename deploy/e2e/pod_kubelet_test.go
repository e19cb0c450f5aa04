//go:build e2e

package e2e

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"

	"github.com/processmanager/processmanager/deploy/kubetest"
)

// pod is a Pod of deploy/examples/pods that podman plays, with this test as its kubelet:
// podman 4.3 runs probes with a curl inside of the container, publishes container
// ports on every address of the machine, knows no preStop hook, no termination
// message and no native sidecars, and copies a ConfigMap once. So the test makes the
// volumes as the kubelet lays them out, asks the probes over the network, and ends the
// Pod. All else of the file is podman's.
type pod struct {
	t       *testing.T
	engine  *podman
	name    string
	spec    corev1.PodSpec // as in the file
	address string
	dir     string // volumes and termination messages
}

// objects are the keys of a ConfigMap or Secret.
type objects map[string]map[string]string

var podCount atomic.Int32

// createPod reads an example and creates its Pod without starting anything. Secrets
// are not in the example: they come from the test.
func createPod(t *testing.T, file string, secrets objects) *pod {
	t.Helper()
	return createPodOf(t, exampleDocuments(t, file), secrets)
}

// createPodOf is createPod for objects: one has a Pod in it, the others are ConfigMaps, or
// nothing of a kubelet's concern.
func createPodOf(t *testing.T, documents []metav1.Object, secrets objects) *pod {
	t.Helper()
	p := &pod{t: t, engine: needPodman(t), name: fmt.Sprintf("pod%d", podCount.Add(1))}
	configMaps := objects{}
	for _, document := range documents {
		if configMap, ok := document.(*corev1.ConfigMap); ok {
			configMaps[configMap.Name] = configMap.Data
		}
		if template, _ := kubetest.Template(document); template != nil {
			p.spec = template.Spec
		}
	}
	p.dir = filepath.Join(p.engine.dir, p.name)
	played := corev1.Pod{Spec: *p.spec.DeepCopy()}
	played.APIVersion, played.Kind, played.Name = "v1", "Pod", p.name
	p.makeVolumes(&played.Spec, configMaps, secrets)
	p.leaveToKubelet(&played.Spec)
	text, err := yaml.Marshal(played)
	if err != nil {
		t.Fatal(err)
	}
	cmd := p.engine.command("kube", "play", "--start=false", "-")
	cmd.Stdin = bytes.NewReader(text)
	t.Cleanup(p.remove)
	if r := run(t, cmd); r.code != 0 {
		t.Fatalf("podman kube play of\n%s\n%s", text, r)
	}
	return p
}

// startPod creates the Pod of an example and starts all its containers.
func startPod(t *testing.T, file string, secrets objects) *pod {
	t.Helper()
	p := createPod(t, file, secrets)
	for _, c := range p.spec.Containers {
		p.start(c.Name)
	}
	return p
}

// leaveToKubelet takes out what the test does itself.
func (p *pod) leaveToKubelet(spec *corev1.PodSpec) {
	spec.RestartPolicy = corev1.RestartPolicyNever
	// Native sidecars: podman waits for every init container to end.
	spec.Containers = append(spec.InitContainers, spec.Containers...)
	spec.InitContainers = nil
	for i := range spec.Containers {
		c := &spec.Containers[i]
		c.ImagePullPolicy = corev1.PullNever
		c.Ports, c.StartupProbe, c.LivenessProbe, c.ReadinessProbe, c.Lifecycle, c.RestartPolicy = nil, nil, nil, nil, nil, nil
		path := cmp.Or(c.TerminationMessagePath, corev1.TerminationMessagePathDefault)
		c.TerminationMessagePath = ""
		p.write(p.messageFile(c.Name), "", 0o666)
		name := "termination-message-" + c.Name
		spec.Volumes = append(spec.Volumes, hostPath(name, p.messageFile(c.Name), corev1.HostPathFile))
		c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: name, MountPath: path})
	}
}

func (p *pod) messageFile(container string) string { return filepath.Join(p.dir, "message-"+container) }

func hostPath(name, path string, kind corev1.HostPathType) corev1.Volume {
	return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: path, Type: &kind}}}
}

// makeVolumes makes a folder of each volume, as the kubelet does.
func (p *pod) makeVolumes(spec *corev1.PodSpec, configMaps, secrets objects) {
	for i, volume := range spec.Volumes {
		path := filepath.Join(p.dir, volume.Name)
		spec.Volumes[i] = hostPath(volume.Name, path, corev1.HostPathDirectory)
		var files map[string]string
		switch {
		case volume.EmptyDir != nil:
		case volume.ConfigMap != nil:
			files = configMaps[volume.ConfigMap.Name]
		case volume.Secret != nil:
			files = secrets[volume.Secret.SecretName]
		default:
			p.t.Fatalf("volume %s: the test cannot make this kind", volume.Name)
		}
		if err := os.MkdirAll(path, 0o755); err != nil {
			p.t.Fatal(err)
		}
		if err := os.Chmod(path, 0o777); err != nil {
			p.t.Fatal(err)
		}
		if volume.EmptyDir == nil {
			if len(files) == 0 {
				p.t.Fatalf("volume %s: nobody has said what is in it", volume.Name)
			}
			p.swap(volume.Name, files)
		}
	}
}

// swap renews a ConfigMap or Secret in the kubelet's order: a new folder with all
// files, a link to it that is renamed over ..data, then the links to the files, then the old
// folder goes.
func (p *pod) swap(volume string, files map[string]string) {
	p.t.Helper()
	root := filepath.Join(p.dir, volume)
	old, _ := os.Readlink(filepath.Join(root, "..data")) // there is none at first
	mode := os.FileMode(0o644)
	for _, v := range p.spec.Volumes {
		if v.Name == volume && v.Secret != nil && v.Secret.DefaultMode != nil {
			mode = os.FileMode(*v.Secret.DefaultMode)
		}
	}
	folder, err := os.MkdirTemp(root, time.Now().UTC().Format("..2006_01_02_15_04_05."))
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.Chmod(folder, 0o755); err != nil {
		p.t.Fatal(err)
	}
	for name, text := range files {
		p.write(filepath.Join(folder, name), text, mode)
	}
	if err := os.Symlink(filepath.Base(folder), filepath.Join(root, "..data_tmp")); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(root, "..data_tmp"), filepath.Join(root, "..data")); err != nil {
		p.t.Fatal(err)
	}
	for name := range files {
		if err := os.Symlink("..data/"+name, filepath.Join(root, name)); err != nil && !os.IsExist(err) {
			p.t.Fatal(err)
		}
	}
	if old != "" {
		if err := os.RemoveAll(filepath.Join(root, old)); err != nil {
			p.t.Fatal(err)
		}
	}
}

// write makes a file of a volume, of the Pod's group if it has one (fsGroup).
func (p *pod) write(path, text string, mode os.FileMode) {
	p.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask
		p.t.Fatal(err)
	}
	if sc := p.spec.SecurityContext; sc != nil && sc.FSGroup != nil {
		if err := os.Chown(path, -1, int(*sc.FSGroup)); err != nil {
			p.t.Fatal(err)
		}
	}
}

// container is what podman calls a container of the Pod.
func (p *pod) container(name string) string { return p.name + "-" + name }

func (p *pod) start(container string) {
	p.t.Helper()
	// Podman's wait returns before podman has cleaned up behind a container; until then it
	// refuses to start it again.
	eventually(p.t, "podman starts "+container, func() error {
		r := p.try("start", p.container(container))
		if r.code != 0 && !strings.Contains(r.stderr, "container state improper") {
			p.t.Fatalf("podman start: %s", r)
		}
		if r.code != 0 {
			return errors.New(r.stderr)
		}
		return nil
	})
	// Podman ends a Pod with its last container; started again, it has another address.
	infra := p.must("pod", "inspect", "-f", "{{.InfraContainerID}}", p.name)
	p.address = p.must("inspect", "-f", `{{(index .NetworkSettings.Networks "`+podmanNetwork+`").IPAddress}}`, infra)
}

// try runs a command of podman that may fail.
func (p *pod) try(args ...string) result {
	p.t.Helper()
	return run(p.t, p.engine.command(args...))
}

func (p *pod) must(args ...string) string {
	p.t.Helper()
	r := p.try(args...)
	if r.code != 0 {
		p.t.Fatalf("podman %s: %s", strings.Join(args, " "), r)
	}
	return strings.TrimSpace(r.stdout)
}

// exec is kubectl exec.
func (p *pod) exec(container string, argv ...string) result {
	p.t.Helper()
	return p.try(append([]string{"exec", p.container(container)}, argv...)...)
}

func (p *pod) logs(container string) string {
	p.t.Helper()
	r := p.try("logs", p.container(container))
	return r.stdout + r.stderr
}

// says waits until a container has written a text.
func (p *pod) says(container, text string) {
	p.t.Helper()
	eventually(p.t, container+" says "+strconv.Quote(text), func() error {
		if logs := p.logs(container); !strings.Contains(logs, text) {
			return fmt.Errorf("it has said:\n%s", logs)
		}
		return nil
	})
}

func (p *pod) remove() {
	if p.t.Failed() {
		for _, c := range append(p.spec.InitContainers, p.spec.Containers...) {
			p.t.Logf("log of %s:\n%s", c.Name, p.logs(c.Name))
		}
	}
	p.must("pod", "rm", "-f", "-t", "0", p.name)
}

// containerSpec is a container as it stands in the file.
func (p *pod) containerSpec(name string) corev1.Container {
	p.t.Helper()
	for _, c := range append(p.spec.InitContainers, p.spec.Containers...) {
		if c.Name == name {
			return c
		}
	}
	p.t.Fatalf("the Pod has no container %s", name)
	return corev1.Container{}
}

// port is a port of a container by number or name.
func (p *pod) port(c corev1.Container, port intstr.IntOrString) string {
	p.t.Helper()
	if port.Type == intstr.Int {
		return strconv.Itoa(port.IntValue())
	}
	for _, known := range c.Ports {
		if known.Name == port.StrVal {
			return strconv.Itoa(int(known.ContainerPort))
		}
	}
	p.t.Fatalf("container %s has no port %s", c.Name, port.StrVal)
	return ""
}

// get asks a port of the Pod.
func (p *pod) get(port, path string) (string, error) {
	p.t.Helper()
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + net.JoinHostPort(p.address, port) + path)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %s", resp.StatusCode, body)
	}
	return string(body), err
}

// attempt asks a probe once, over the network of the Pod.
func (p *pod) attempt(container string, probe *corev1.Probe) error {
	p.t.Helper()
	if probe == nil || probe.HTTPGet == nil {
		p.t.Fatalf("container %s does not have this probe by HTTP", container)
	}
	client := &http.Client{
		Timeout:   time.Duration(max(probe.TimeoutSeconds, 1)) * time.Second,
		Transport: &http.Transport{DisableKeepAlives: true},
	}
	address := net.JoinHostPort(p.address, p.port(p.containerSpec(container), probe.HTTPGet.Port))
	resp, err := client.Get("http://" + address + probe.HTTPGet.Path)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode >= 400 {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	return nil
}

// succeeds repeats a probe as often as the file allows until it succeeds, and returns
// how often it failed before.
func (p *pod) succeeds(container string, probe *corev1.Probe) int {
	p.t.Helper()
	tick := time.NewTicker(time.Duration(max(probe.PeriodSeconds, 1)) * time.Second)
	defer tick.Stop()
	for failures := 0; ; failures++ {
		err := p.attempt(container, probe)
		if err == nil {
			return failures
		}
		if failures >= int(max(probe.FailureThreshold, 3)) {
			p.t.Fatalf("the probe of %s has failed %d times, the last time: %v", container, failures+1, err)
		}
		<-tick.C
	}
}

// fails repeats a probe until the kubelet would act on it.
func (p *pod) fails(container string, probe *corev1.Probe) {
	p.t.Helper()
	tick := time.NewTicker(time.Duration(max(probe.PeriodSeconds, 1)) * time.Second)
	defer tick.Stop()
	const most = 20 // the last success may be one of a process that is being stopped just then
	threshold, failed := int(max(probe.FailureThreshold, 3)), 0
	for range most {
		failed++
		if err := p.attempt(container, probe); err == nil {
			failed = 0
		}
		if failed == threshold {
			return
		}
		<-tick.C
	}
	p.t.Fatalf("the probe of %s has not failed %d times in a row", container, threshold)
}

// end is what became of a container.
type end struct {
	code    int
	took    time.Duration
	killed  bool // by the kubelet, after the grace
	message string
}

// terminate does to a container what the kubelet does at the end of a Pod: preStop,
// SIGTERM, and SIGKILL when the grace, which began with preStop, is over.
func (p *pod) terminate(container string) end {
	p.t.Helper()
	grace := 30 * time.Second
	if p.spec.TerminationGracePeriodSeconds != nil {
		grace = time.Duration(*p.spec.TerminationGracePeriodSeconds) * time.Second
	}
	began := time.Now()
	if hook := p.containerSpec(container).Lifecycle; hook != nil && hook.PreStop != nil {
		if r := p.exec(container, hook.PreStop.Exec.Command...); r.code != 0 {
			p.t.Errorf("preStop of %s: %s", container, r)
		}
	}
	p.must("kill", "-s", "TERM", p.container(container))
	killed := make(chan bool, 1)
	timer := time.AfterFunc(max(grace-time.Since(began), 2*time.Second), func() {
		killed <- true
		_ = p.engine.command("kill", "-s", "KILL", p.container(container)).Run()
	})
	e := p.ended(container)
	e.took = time.Since(began)
	timer.Stop()
	e.killed = len(killed) > 0
	return e
}

// ended waits for the end of a container.
func (p *pod) ended(container string) end {
	p.t.Helper()
	code, err := strconv.Atoi(p.must("wait", p.container(container)))
	if err != nil {
		p.t.Fatal(err)
	}
	message, err := os.ReadFile(p.messageFile(container))
	if err != nil {
		p.t.Fatal(err)
	}
	return end{code: code, message: string(message)}
}
