package deploy

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the generated part of README.md")

const (
	readmePath  = "../README.md"
	quickstart  = "deploy/examples/quickstart.yaml"
	within      = time.Minute
	metricsAddr = "127.0.0.1:9464"
	telnetAddr  = "127.0.0.1:2323"
)

func readme(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(readmePath)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// blocks are the fenced blocks of a language, in their order.
func blocks(text, language string) []string {
	var list []string
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(text, -1) {
		list = append(list, m[1])
	}
	return list
}

// TestCommands runs what README tells a newcomer to type, in its order: first what
// belongs to `make run`, with such a manager beside it, then the telnet dialogue.
func TestCommands(t *testing.T) {
	home := newHome(t)
	all := blocks(readme(t), "sh")
	isServer := func(block string) bool { return strings.Contains(block, "-telnet-addr") }
	serve := slices.IndexFunc(all, isServer)
	if serve < 0 || !slices.Contains(all, "make run\n") || !slices.Contains(all, "make test\n") {
		t.Fatalf("README has no block that is make run, make test or starts a manager with -telnet-addr:\n%q", all)
	}

	stop := home.start(t, "deploy/sh/run "+quickstart, "make run", func() error {
		out, err := home.shell(t.Context(), "./pmclient list")
		if err == nil && !regexp.MustCompile(`(?m)^web +running`).MatchString(out) {
			err = fmt.Errorf("web does not run yet:\n%s", out)
		}
		return err
	})
	ran := 0
	for _, block := range all {
		if isServer(block) || strings.HasPrefix(block, "make ") {
			continue
		}
		ran++
		out, err := home.shell(t.Context(), block)
		if err != nil || strings.TrimSpace(out) == "" {
			t.Errorf("this block of README fails (%v) or prints nothing:\n%s\n%s", err, block, out)
		}
	}
	if ran < 6 {
		t.Errorf("ran %d blocks of README, want at least 6: are they still marked sh?", ran)
	}
	// The same manager answers what other pages ask it.
	for page, text := range pages(t) {
		if !slices.Contains([]string{"docs/logs.md", "docs/pmclient.md", "docs/rpc.md", "docs/telnet.md"}, page) {
			continue
		}
		for _, block := range blocks(text, "sh") {
			if strings.Contains(block, "HOST") { // over TLS, with another manager
				continue
			}
			out, err := home.shell(t.Context(), block)
			if err != nil || strings.TrimSpace(out) == "" {
				t.Errorf("this block of %s fails (%v) or prints nothing:\n%s\n%s", page, err, block, out)
			}
		}
	}
	stop()

	stop = home.start(t, all[serve], "the manager with -telnet-addr", func() error {
		conn, err := net.Dial("tcp", home.replace(telnetAddr))
		if err == nil {
			_ = conn.Close()
		}
		return err
	})
	home.dialogue(t, blocks(readme(t), "text"))
	stop()
}

// home is a folder that looks like the working tree to the commands of README, with
// sockets and ports of its own.
type home struct {
	dir   string // the programs are in it
	cwd   string // in which commands are run
	names *strings.Replacer
}

func newHome(t *testing.T) *home {
	t.Helper()
	for _, tool := range []string{"socat", "curl", "nc"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("README uses %s, which is not installed", tool)
		}
	}
	// A short path: that of a unix socket must be below 108 bytes.
	dir, err := os.MkdirTemp("", "pm-readme-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	build := exec.Command("go", "build", "-o", dir+"/", "../cmd/processmanager", "../cmd/pmclient")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("cannot build: %v\n%s", err, out)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(here, filepath.Join(dir, "deploy")); err != nil {
		t.Fatal(err)
	}
	return &home{dir, dir, strings.NewReplacer(
		"/tmp/processmanager", dir+"/pm",
		metricsAddr, freePort(t), telnetAddr, freePort(t),
	)}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (h *home) replace(text string) string { return h.names.Replace(text) }

// command is text for the shell, with paths and ports replaced.
func (h *home) command(ctx context.Context, text string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", h.replace(text))
	cmd.Dir = h.cwd
	env := slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "PM_") })
	cmd.Env = append(env, "PATH="+h.dir+":"+os.Getenv("PATH"), h.replace("PM_SOCKET=/tmp/processmanager.sock"), h.replace("PM_METRICS_ADDR="+metricsAddr))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

func (h *home) shell(ctx context.Context, text string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	out, err := h.command(ctx, text).CombinedOutput()
	return string(out), err
}

// start runs text beside the test until stop is called, and returns when ready does
// not fail any more. SIGTERM has to end it with code 0.
func (h *home) start(t *testing.T, text, name string, ready func() error) (stop func()) {
	t.Helper()
	// exec, so that what is in the foreground gets the signal itself.
	lines := strings.Split(strings.TrimSpace(text), "\n")
	lines[len(lines)-1] = "exec " + lines[len(lines)-1]
	ctx, cancel := context.WithTimeout(context.Background(), 3*within)
	cmd := h.command(ctx, strings.Join(lines, "\n"))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	var code error
	go func() { code = cmd.Wait(); close(ended) }()
	end := sync.OnceFunc(func() {
		// It may be at its end, as the last step of the tutorial asks for it: then a signal in
		// its last moment, when it catches none any more, would be what has ended it.
		select {
		case <-ended:
		case <-time.After(2 * time.Second):
		}
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		<-ended
		cancel()
	})
	t.Cleanup(end)
	deadline, tick := time.After(within), time.NewTicker(50*time.Millisecond)
	defer tick.Stop()
	for err := ready(); err != nil; err = ready() {
		select {
		case <-ended:
			t.Fatalf("%s ended at once: %v\n%s", name, code, out.String())
		case <-deadline:
			t.Fatalf("%s is not ready: %v", name, err)
		case <-tick.C:
		}
	}
	return func() {
		end()
		if code != nil {
			t.Errorf("%s was asked to end: %v, want code 0\n%s", name, code, out.String())
		}
	}
}

// dialogue types what stands in the text block of README and compares what comes
// back. The secret and the lines with !! are typed; all others are answers.
func (h *home) dialogue(t *testing.T, list []string) {
	t.Helper()
	if len(list) != 1 {
		t.Fatalf("README has %d text blocks, want one: the telnet dialogue", len(list))
	}
	conn, err := net.Dial("tcp", h.replace(telnetAddr))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(within)); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	var got strings.Builder
	for _, line := range strings.SplitAfter(strings.TrimSuffix(list[0], "\n"), "\n") {
		if strings.HasPrefix(line, "!!") || line == "mysecretkey\n" {
			fmt.Fprint(conn, line)
			got.WriteString(line)
			continue
		}
		answer, err := in.ReadString('\n')
		if err != nil {
			t.Fatalf("the answer broke off: %v; so far:\n%s", err, got.String())
		}
		got.WriteString(strings.ReplaceAll(withoutTelnet(answer), "\r\n", "\n"))
	}
	if rest, _ := io.ReadAll(in); len(rest) > 0 {
		got.Write(rest)
	}
	if diff := cmp.Diff(list[0], got.String()); diff != "" {
		t.Errorf("the dialogue in README is not the real one (-README +real):\n%s", diff)
	}
}

// withoutTelnet removes telnet's options: the byte 255, a verb, an option.
func withoutTelnet(text string) string {
	for {
		i := strings.IndexByte(text, 255)
		if i < 0 || i+3 > len(text) {
			return text
		}
		text = text[:i] + text[i+3:]
	}
}

// TestPlaces looks for every file, every constant beside one, and every target of
// the Makefile that the texts for newcomers name.
func TestPlaces(t *testing.T) {
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	file := regexp.MustCompile(`^(cmd|supervisor|rpc|telnet|metrics|deploy|docs|\.ci)/\S+$|^\.?[\w.-]+\.(md|yml|mod)$`)
	all := pages(t)
	for _, doc := range []string{"README.md", "supervisor/DESIGN.md", "CHANGELOG.md", "docs/limits.md", "docs/security.md", "docs/performance.md"} {
		prose := regexp.MustCompile("(?ms)^```.*?^```$").ReplaceAllString(all[doc], "")
		for line := range strings.Lines(prose) {
			current := ""
			for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(line, -1) {
				word := m[1]
				switch target, isMake := strings.CutPrefix(word, "make "); {
				case isMake:
					target, _, _ = strings.Cut(target, " ")
					if !bytes.Contains(makefile, []byte("\n"+target+":")) {
						t.Errorf("%s: there is no make %s", doc, target)
					}
				case file.MatchString(word):
					var err error
					if current, err = textOf(filepath.Join("..", word)); err != nil {
						t.Errorf("%s: %v", doc, err)
					}
				case current != "" && regexp.MustCompile(`^[A-Za-z]+$`).MatchString(word):
					if !strings.Contains(current, word) {
						t.Errorf("%s: the file before it does not contain %s:\n%s", doc, word, line)
					}
				}
			}
		}
	}
}

// textOf is what a file holds, or all Go files of a folder.
func textOf(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	list := []string{path}
	if info.IsDir() {
		if list, err = filepath.Glob(filepath.Join(path, "*.go")); err != nil {
			return "", err
		}
	}
	var all strings.Builder
	for _, name := range list {
		data, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		all.Write(data)
	}
	return all.String(), nil
}
