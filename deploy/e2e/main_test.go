//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var (
	productImage  string // what is shipped
	workloadImage string // the same with busybox in /bin
)

func TestMain(m *testing.M) {
	os.Exit(withImages(m.Run))
}

// withImages builds both images, runs the tests and removes what it has built.
func withImages(tests func() int) int {
	tag := fmt.Sprintf("processmanager-e2e-%d", os.Getpid())
	productImage, workloadImage = os.Getenv("PM_E2E_IMAGE"), tag+":workload"
	if productImage == "" {
		productImage = tag + ":product"
		cmd := exec.Command("../sh/image")
		cmd.Env = append(os.Environ(), "IMAGE="+productImage, "VERSION=v0.0.0-e2e")
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := cmd.Run(); err != nil {
			fmt.Fprintf(os.Stderr, "cannot build the image: %v\n", err)
			return 1
		}
		defer removeImage(productImage)
	}
	if err := buildWorkloadImage(); err != nil {
		fmt.Fprintf(os.Stderr, "cannot build the image of the workloads: %v\n", err)
		return 1
	}
	defer removeImage(workloadImage)
	return tests()
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
