//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// podman is an engine with a storage, network and configuration of its own, so that
// nothing of it meets what else runs on the machine.
type podman struct {
	dir string
	env []string
}

const podmanNetwork = "podman-default-kube-network" // where kube play puts Pods

// podEngine is made when the first test asks for it, with the images of the examples.
var podEngine = sync.OnceValues(newPodman)

// needPodman returns the engine of the Pods.
func needPodman(t *testing.T) *podman {
	t.Helper()
	p, err := podEngine()
	if err != nil {
		t.Fatalf("cannot set up podman (Debian: podman, runc, netavark, aardvark-dns): %v", err)
	}
	return p
}

func newPodman() (*podman, error) {
	// Short: sockets lie below.
	dir, err := os.MkdirTemp("", "pm-pods-")
	if err != nil {
		return nil, err
	}
	p := &podman{dir: dir, env: append(
		os.Environ(),
		"CONTAINERS_CONF="+filepath.Join(dir, "containers.conf"),
		"CONTAINERS_STORAGE_CONF="+filepath.Join(dir, "storage.conf"),
		"TMPDIR="+dir,
	)}
	endPodman = p.remove
	for name, text := range map[string]string{
		// Hard limits are not ours to raise, and there is no systemd to ask.
		"containers.conf": fmt.Sprintf(`
[containers]
default_ulimits = []
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
network_config_dir = %q
`, filepath.Join(dir, "networks")),
		"storage.conf": fmt.Sprintf("[storage]\ndriver = %q\ngraphroot = %q\nrunroot = %q\n", storageDriver(), filepath.Join(dir, "graph"), filepath.Join(dir, "run")),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	if err := p.buildImages(); err != nil {
		return nil, err
	}
	out, err := p.command("network", "create", podmanNetwork).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("podman network create: %w\n%s", err, out)
	}
	return p, nil
}

// storageDriver is overlay, where the engine of the images uses it too.
func storageDriver() string {
	out, err := exec.Command("docker", "info", "-f", "{{.Driver}}").Output()
	if err == nil && strings.HasPrefix(string(out), "overlay") {
		return "overlay"
	}
	return "vfs"
}

// endPodman removes what newPodman has made, if it was called.
var endPodman = func() {}

// buildImages makes the images of the examples from their own Dockerfiles, and hands
// them to podman.
func (p *podman) buildImages() error {
	for image, from := range map[string]string{"shop": "debian:12-slim", "operator": "python:3.12-slim"} {
		text, err := os.ReadFile("../examples/pods/" + image + ".Dockerfile")
		if err != nil {
			return err
		}
		file := filepath.Join(p.dir, image+".Dockerfile")
		replaced := strings.NewReplacer("processmanager:dev", productImage, from, debianImage).Replace(string(text))
		if err := os.WriteFile(file, []byte(replaced), 0o600); err != nil {
			return err
		}
		context, err := buildContext(image, string(text))
		if err != nil {
			return err
		}
		name := fmt.Sprintf("%s-%s:dev", strings.SplitN(debianImage, ":", 2)[0], image)
		build := exec.Command("docker", "build", "-q", "-t", name, "-f", file, context)
		build.Env = append(os.Environ(), "DOCKER_BUILDKIT=0")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("docker build of %s: %w\n%s", image, err, out)
		}
		defer removeImage(name)
		archive := filepath.Join(p.dir, image+".tar")
		if out, err := exec.Command("docker", "save", "-o", archive, name).CombinedOutput(); err != nil {
			return fmt.Errorf("docker save: %w\n%s", err, out)
		}
		if out, err := p.command("load", "-q", "-i", archive).CombinedOutput(); err != nil {
			return fmt.Errorf("podman load: %w\n%s", err, out)
		}
		if out, err := p.command("tag", name, image+":dev").CombinedOutput(); err != nil {
			return fmt.Errorf("podman tag: %w\n%s", err, out)
		}
	}
	return nil
}

// buildContext is the folder that a Dockerfile of the examples is built in: the last word of
// the command in its head, which the README has too.
func buildContext(image, dockerfile string) (string, error) {
	head := regexp.MustCompile(`(?m)^#   (docker build -t ` + image + `:dev -f \S+ (\S+))$`).FindStringSubmatch(dockerfile)
	if head == nil {
		return "", fmt.Errorf("%s.Dockerfile does not tell how it is built", image)
	}
	readme, err := os.ReadFile("../examples/pods/README.md")
	if err != nil {
		return "", err
	}
	if !strings.Contains(string(readme), "\n"+head[1]+"\n") {
		return "", fmt.Errorf("README.md of the Pods builds %s:dev by another command than %q", image, head[1])
	}
	return filepath.Join("../..", head[2]), nil
}

func (p *podman) command(args ...string) *exec.Cmd {
	cmd := exec.Command("podman", args...)
	cmd.Env = p.env
	return cmd
}

// remove ends every Pod and removes everything.
func (p *podman) remove() {
	for _, args := range [][]string{
		{"pod", "rm", "-a", "-f", "-t", "0"},
		{"network", "rm", "-f", podmanNetwork},
		{"system", "prune", "-a", "-f", "--volumes"},
	} {
		if out, err := p.command(args...).CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "podman %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	// overlay leaves its own folder mounted.
	_ = exec.CommandContext(context.Background(), "umount", filepath.Join(p.dir, "graph", "overlay")).Run()
	if err := os.RemoveAll(p.dir); err != nil {
		fmt.Fprintf(os.Stderr, "cannot remove the storage of podman: %v\n", err)
	}
}
