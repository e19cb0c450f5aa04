//go:build e2e

package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"debug/elf"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
)

const (
	maxCompressed = 15 << 20
	maxBinary     = 15 << 20
)

// bothImages runs a test for this machine's image and for the other one.
func bothImages(t *testing.T, test func(t *testing.T, image, arch string)) {
	t.Parallel()
	t.Run(runtime.GOARCH, func(t *testing.T) {
		t.Parallel()
		test(t, productImage, runtime.GOARCH)
	})
	t.Run(foreign(), func(t *testing.T) {
		t.Parallel()
		image, err := foreignImage()
		if err != nil {
			t.Fatalf("cannot build the image: %v", err)
		}
		test(t, image, foreign())
	})
}

func TestImageConfiguration(t *testing.T) {
	bothImages(t, func(t *testing.T, image, arch string) {
		var inspected struct {
			Os, Architecture string
			Config           struct {
				User         string
				Entrypoint   []string
				Env          []string
				StopSignal   string
				ExposedPorts map[string]struct{}
				Labels       map[string]string
				Healthcheck  struct{ Test []string }
			}
		}
		text := must(t, "image", "inspect", "-f", "{{json .}}", image)
		if err := json.Unmarshal([]byte(text), &inspected); err != nil {
			t.Fatal(err)
		}
		config := inspected.Config
		if inspected.Os != "linux" || inspected.Architecture != arch {
			t.Errorf("platform %s/%s, want linux/%s", inspected.Os, inspected.Architecture, arch)
		}
		if config.User != "65532:65532" {
			t.Errorf("user %q, want 65532:65532: numeric, so that runAsNonRoot can be checked", config.User)
		}
		if !slices.Equal(config.Entrypoint, []string{"/processmanager"}) {
			t.Errorf("entrypoint %q", config.Entrypoint)
		}
		for _, variable := range []string{"PATH=/", "PM_SOCKET=/run/processmanager/processmanager.sock", "PM_METRICS_ADDR=:9464"} {
			if !slices.Contains(config.Env, variable) {
				t.Errorf("%s is not in the environment %q", variable, config.Env)
			}
		}
		if config.StopSignal != "SIGTERM" {
			t.Errorf("stop signal %q", config.StopSignal)
		}
		if _, found := config.ExposedPorts["9464/tcp"]; !found {
			t.Errorf("port 9464 is not declared: %v", config.ExposedPorts)
		}
		if !slices.Equal(config.Healthcheck.Test, []string{"CMD", "/processmanager", "healthcheck"}) {
			t.Errorf("health check %q", config.Healthcheck.Test)
		}
		for _, label := range []string{"title", "description", "source", "documentation", "version"} {
			if config.Labels["org.opencontainers.image."+label] == "" {
				t.Errorf("label org.opencontainers.image.%s is missing", label)
			}
		}
	})
}

// contents are the files of an image, by their path without the first slash. Those
// that are programs are kept whole.
func contents(t *testing.T, image, arch string) (map[string]*tar.Header, map[string][]byte) {
	t.Helper()
	id := must(t, "create", "--platform", "linux/"+arch, image)
	t.Cleanup(func() { must(t, "rm", "-f", "-v", id) })
	export := exec.CommandContext(t.Context(), "docker", "export", id)
	stdout, err := export.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := export.Start(); err != nil {
		t.Fatal(err)
	}
	found, programs := map[string]*tar.Header{}, map[string][]byte{}
	for archive := tar.NewReader(stdout); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		name := strings.Trim(header.Name, "/")
		found[name] = header
		if header.Typeflag == tar.TypeReg && header.Mode&0o111 != 0 && header.Size > 0 {
			if programs[name], err = io.ReadAll(archive); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := export.Wait(); err != nil {
		t.Fatal(err)
	}
	return found, programs
}

// Two binaries and a folder for sockets: nothing else to patch, nothing to exec.
func TestImageContents(t *testing.T) {
	bothImages(t, func(t *testing.T, image, arch string) {
		found, programs := contents(t, image, arch)
		// What the engine puts into every container.
		engine := []string{".dockerenv", "dev", "etc", "proc", "sys"}
		for name, header := range found {
			top, _, _ := strings.Cut(name, "/")
			switch {
			case slices.Contains(engine, top), name == "run", name == "run/processmanager":
			case name == "processmanager", name == "pmclient":
				if header.Mode&0o777 != 0o755 || header.Uid != 0 {
					t.Errorf("/%s has mode %o and owner %d; want 755 and root, so that it cannot be replaced", name, header.Mode, header.Uid)
				}
			default:
				t.Errorf("/%s is in the image", name)
			}
		}
		sockets := found["run/processmanager"]
		if sockets == nil {
			t.Fatal("/run/processmanager is not in the image")
		}
		if sockets.Uid != 65532 || sockets.Mode&0o7777 != 0o1777 {
			t.Errorf("/run/processmanager has owner %d and mode %o, want 65532 and 1777", sockets.Uid, sockets.Mode)
		}
		for _, name := range []string{"processmanager", "pmclient"} {
			checkStatic(t, name, arch, programs[name])
		}
	})
}

// checkStatic looks whether the kernel of an architecture can start a program without
// any other file.
func checkStatic(t *testing.T, name, arch string, program []byte) {
	t.Helper()
	file, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		t.Fatalf("/%s: %v", name, err)
	}
	machine := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[arch]
	if file.Machine != machine {
		t.Errorf("/%s is for %v, want %v", name, file.Machine, machine)
	}
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_INTERP || segment.Type == elf.PT_DYNAMIC {
			t.Errorf("/%s has a segment %v: it is not static", name, segment.Type)
		}
	}
	if len(program) > maxBinary {
		t.Errorf("/%s has %d bytes, more than %d", name, len(program), maxBinary)
	}
}

func TestImageIsSmall(t *testing.T) {
	bothImages(t, func(t *testing.T, image, _ string) {
		save := exec.CommandContext(t.Context(), "docker", "save", image)
		stdout, err := save.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := save.Start(); err != nil {
			t.Fatal(err)
		}
		var size counter
		packed := gzip.NewWriter(&size)
		if _, err := io.Copy(packed, stdout); err != nil {
			t.Fatal(err)
		}
		if err := packed.Close(); err != nil {
			t.Fatal(err)
		}
		if err := save.Wait(); err != nil {
			t.Fatal(err)
		}
		t.Logf("%.1f MiB compressed", float64(size)/(1<<20))
		if size > maxCompressed {
			t.Errorf("the image is %d bytes compressed, more than %d", size, maxCompressed)
		}
	})
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

func TestImageTellsItsVersion(t *testing.T) {
	t.Parallel()
	label := must(t, "image", "inspect", "-f", `{{index .Config.Labels "org.opencontainers.image.version"}}`, productImage)
	for _, args := range [][]string{
		{"run", "--rm", productImage, "version"},
		{"run", "--rm", "--entrypoint", "/pmclient", productImage, "version"},
	} {
		if got := must(t, args...); !strings.Contains(got, label) {
			t.Errorf("docker %s says %q; the image's label says %q", strings.Join(args, " "), got, label)
		}
	}
}
