//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	productImage  string // what is shipped, for this machine
	workloadImage string // the same with busybox in /bin
	debianImage   string // nothing of ours: packages of this machine, with Python
)

func TestMain(m *testing.M) {
	os.Exit(withImages(m.Run))
}

// foreign is the architecture that this machine cannot run.
func foreign() string {
	if runtime.GOARCH == "arm64" {
		return "amd64"
	}
	return "arm64"
}

// foreignImage makes what is shipped for the other architecture, when the first test asks
// for it. Few do, and nothing of it runs here.
var foreignImage = sync.OnceValues(func() (string, error) {
	var err error
	if os.Getenv("PM_E2E_IMAGE") == "" {
		err = buildProduct(foreign())
	}
	return productImage + "-" + foreign(), err
})

// buildProduct makes the image for an architecture, or takes the one of a run before this one
// that was made of the same files.
func buildProduct(arch string) error {
	return script("image", "IMAGE="+productImage, "VERSION=v0.0.0-e2e", "PLATFORMS=linux/"+arch, "KEEP=processmanager-e2e-kept")
}

// withImages makes the images, runs the tests and removes what it has made.
func withImages(tests func() int) int {
	tag := fmt.Sprintf("processmanager-e2e-%d", os.Getpid())
	productImage, workloadImage, debianImage = os.Getenv("PM_E2E_IMAGE"), tag+":workload", tag+":debian"
	debian := make(chan error, 1)
	go func() {
		debian <- script("debian-image "+debianImage+" base-files dash coreutils python3", "ENGINE=docker")
	}()
	defer removeImage(debianImage)
	if productImage == "" {
		productImage = tag + ":product"
		if err := buildProduct(runtime.GOARCH); err != nil {
			fmt.Fprintf(os.Stderr, "cannot build the image: %v\n", err)
			return 1
		}
		defer removeImage(productImage)
		// It takes a minute of compiling, in which the other tests mostly wait for something.
		go foreignImage()
		defer func() {
			if name, err := foreignImage(); err == nil {
				removeImage(name)
			}
		}()
	}
	if err := buildWorkloadImage(); err != nil {
		fmt.Fprintf(os.Stderr, "cannot build the image of the workloads: %v\n", err)
		return 1
	}
	defer removeImage(workloadImage)
	if err := <-debian; err != nil {
		fmt.Fprintf(os.Stderr, "cannot make a Debian image: %v\n", err)
		return 1
	}
	defer func() { endPodman() }()
	return tests()
}

// script runs one of deploy/sh with more environment.
func script(line string, env ...string) error {
	args := strings.Fields(line)
	cmd := exec.Command("../sh/"+args[0], args[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return cmd.Run()
}

// workloadDockerfile adds a shell and the usual tools, as an image would have them
// that Process Manager is added to.
const workloadDockerfile = `
FROM %s
USER 0
COPY busybox /bin/busybox
RUN ["/bin/busybox", "sh", "-c", "/bin/busybox --install -s /bin && mkdir -m 1777 /tmp && echo data > /not-executable"]
ENV PATH=/bin:/
USER 65532:65532
`

func buildWorkloadImage() error {
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		return fmt.Errorf("%w (Debian: busybox-static)", err)
	}
	dir, err := os.MkdirTemp("", "processmanager-e2e-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary, err := os.ReadFile(busybox)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "busybox"), binary, 0o755); err != nil {
		return err
	}
	text := fmt.Sprintf(workloadDockerfile, productImage)
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(text), 0o600); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "docker", "build", "-q", "-t", workloadImage, dir)
	cmd.Env = append(os.Environ(), "DOCKER_BUILDKIT=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("docker build: %w\n%s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

func removeImage(name string) {
	if out, err := exec.Command("docker", "rmi", "-f", name).CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "cannot remove the image %s: %v\n%s", name, err, out)
	}
}
