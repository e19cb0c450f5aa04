package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/processmanager/processmanager/rpc"
	"github.com/processmanager/processmanager/rpc/client"
	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/supervisortest"
)

// A session is a file of commands and what they print; "." is an empty line. "!"
// lines are stderr, the exit code follows when it is not 0.
func TestSession(t *testing.T) {
	terminal := screen{terminal: true, size: func() (width, height int) { return 64, 24 }}
	for path, on := range map[string]screen{"testdata/session.txt": {}, "testdata/usage.txt": {}, "testdata/terminal.txt": terminal} {
		golden, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		socket := serve(t, rpc.Options{Control: fleet()})
		var got strings.Builder
		for line := range strings.Lines(string(golden)) {
			switch {
			case strings.HasPrefix(line, "#"), line == "\n":
				got.WriteString(line)
			case strings.HasPrefix(line, "$ pmclient"):
				got.WriteString(line)
				got.WriteString(transcript(socket, on, words(strings.TrimSpace(line[2:]))))
			}
		}
		text := strings.ReplaceAll(got.String(), filepath.Dir(socket), "DIR")
		text = strings.ReplaceAll(text, "\x1b", "␛")
		if *update {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if diff := cmp.Diff(string(golden), text); diff != "" {
			t.Errorf("%s (go test ./cmd/pmclient -update writes it anew)\n%s", path, diff)
		}
	}
}

// Where the manager is and with what secret: flags, environment, files.
func TestConnection(t *testing.T) {
	control := fleet()
	telnet := serve(t, rpc.Options{Control: control, Auth: auth{}})
	api := strings.TrimSuffix(telnet, ".sock") + "-rpc.sock"
	tcp := httptest.NewServer(rpc.NewServer(rpc.Options{Control: control, Auth: auth{}}).Handler())
	defer tcp.Close()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ask := []string{"logs", "web", "-lines", "1"}
	for _, c := range []struct {
		name string
		env  []string
		args []string
		code int
	}{
		{"flags before the command", nil, append([]string{"-socket", telnet, "-secret", secret}, ask...), 0},
		{"flags behind it", nil, append(ask, "--socket="+telnet, "--secret="+secret), 0},
		{"file", nil, append(ask, "-socket", telnet, "-secret-file", file), 0},
		{"first line of stdin", nil, append(ask, "-socket", telnet, "-secret-file", "-"), 0},
		{"environment", []string{"PM_SOCKET=" + telnet, "PM_SECRET=" + secret}, ask, 0},
		{"file in the environment", []string{"PM_SOCKET=" + telnet, "PM_SECRET_FILE=" + file}, ask, 0},
		{"flag over environment", []string{"PM_SOCKET=/nowhere", "PM_SECRET=wrong"}, append(ask, "-socket", telnet, "-secret-file", file), 0},
		{"the API's socket itself", nil, append(ask, "-socket", api, "-secret", secret), 0},
		{"-rpc-socket", []string{"PM_SOCKET=/nowhere"}, append(ask, "-rpc-socket", api, "-secret", secret), 0},
		{"-rpc", []string{"PM_SOCKET=/nowhere"}, append(ask, "-rpc", tcp.URL, "-secret", secret), 0},
		{"-rpc with unix", nil, append(ask, "-rpc", "unix://"+api, "-secret", secret), 0},
		{"PM_RPC over PM_SOCKET", []string{"PM_SOCKET=/nowhere", "PM_RPC=" + tcp.URL, "PM_SECRET=" + secret}, ask, 0},
		{"no secret", nil, append(ask, "-socket", telnet), 3},
		{"wrong secret", nil, append(ask, "-socket", telnet, "-secret", "wrong-1299"), 3},
		{"no such file", nil, append(ask, "-socket", telnet, "-secret-file", "/nowhere/secret"), 3},
		{"empty file", nil, append(ask, "-socket", telnet, "-secret-file", empty), 3},
		{"nobody there", nil, append(ask, "-socket", "/nowhere/pm.sock"), 3},
		{"two secrets", nil, append(ask, "-socket", telnet, "-secret", secret, "-secret-file", file), 2},
		{"two variables", []string{"PM_SECRET=" + secret, "PM_SECRET_FILE=" + file}, append(ask, "-socket", telnet), 2},
		{"two places", nil, append(ask, "-socket", telnet, "-rpc", tcp.URL), 2},
		{"no URL", nil, append(ask, "-rpc", "localhost:1", "-secret", secret), 2},
		{"viewer", nil, []string{"-socket", telnet, "-secret", "viewer", "stop", "web"}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, stdout, stderr := run(c.env, c.args...)
			if code != c.code {
				t.Errorf("exit code %d, want %d\n%s%s", code, c.code, stdout, stderr)
			}
			if c.code == 0 && (stdout != "GET /cart?a=1&b=2: 500\n" || stderr != "") {
				t.Errorf("printed %q, %q", stdout, stderr)
			}
			if c.code != 0 && (!strings.HasPrefix(stderr, "pmclient: ") || stdout != "") {
				t.Errorf("printed %q, %q", stdout, stderr)
			}
			for _, s := range []string{secret, "wrong-1299"} {
				if strings.Contains(stdout+stderr, s) {
					t.Errorf("the secret is printed: %s%s", stdout, stderr)
				}
			}
		})
	}
}

func TestUnreachableTellsWhatToDo(t *testing.T) {
	_, _, stderr := run(nil, "-socket", "/nowhere/pm.sock", "stop", "a", "b")
	want := "pmclient: cannot reach the manager at /nowhere/pm-rpc.sock: connect: no such file or directory; is it running? (-socket names its telnet socket)\n"
	if stderr != want {
		t.Errorf("got  %swant %s", stderr, want)
	}
}

// The hint fits the way to the manager and what went wrong on it.
func TestUnreachableHints(t *testing.T) {
	refused := fmt.Errorf("%w at x: %w", client.ErrUnreachable, syscall.ECONNREFUSED)
	for _, c := range []struct {
		way  string
		err  error
		want string
	}{
		{"socket", refused, "-socket names"},
		{"rpc-socket", refused, "-rpc-socket names"},
		{"rpc", refused, "-rpc names"},
		{"socket", fmt.Errorf("%w at x: %w", client.ErrUnreachable, syscall.EACCES), "may not"},
		{"rpc", fmt.Errorf("%w at x: %w", client.ErrUnreachable, x509.UnknownAuthorityError{}), "-ca-file names"},
		{"rpc", fmt.Errorf("%w at x: %w", client.ErrUnreachable, tls.RecordHeaderError{}), "does not speak TLS"},
	} {
		p := &program{way: c.way, place: "/nowhere/s"}
		if got := p.messages(c.err); len(got) != 1 || !strings.Contains(got[0], c.want) || strings.Count(got[0], "; ") != 1 {
			t.Errorf("%s: %q, want … %s …", c.way, got, c.want)
		}
	}
}

// T66: a terminal is not steered by what a process wrote; a pipe gets it as it is.
func TestT66LogsOnATerminal(t *testing.T) {
	fake := fleet()
	fake.AddLog("web", supervisor.LogLine{Run: 3, Msg: "\x1b[2J\x1b]0;owned\x07 50%\r\ttab \u009b31m"})
	socket := serve(t, rpc.Options{Control: fake})
	for terminal, want := range map[bool]string{
		true:  `\x1b[2J\x1b]0;owned\x07 50%\x0d` + "\ttab " + `\xc2\x9b31m` + "\n",
		false: "\x1b[2J\x1b]0;owned\x07 50%\r\ttab \u009b31m\n",
	} {
		var stdout, stderr bytes.Buffer
		p := &program{out: &stdout, screen: screen{terminal: terminal}, now: time.Now}
		code := p.run([]string{"pmclient", "-socket", socket, "logs", "web", "-lines", "1"}, &stderr)
		if code != 0 || stdout.String() != want {
			t.Errorf("terminal %v: %d %q %s", terminal, code, &stdout, &stderr)
		}
	}
	if file, err := os.Create(filepath.Join(t.TempDir(), "out")); err != nil || screenOf(file).terminal || screenOf(&bytes.Buffer{}).terminal {
		t.Error("a file or a buffer is taken for a terminal")
	}
}

// What could be taken for another manifest, or for none, is not sent.
func TestManifestThatIsNotSent(t *testing.T) {
	fake := fleet()
	socket := serve(t, rpc.Options{Control: fake})
	for text, want := range map[string]string{
		" \n":                                  "stdin is empty",
		"a: \xff":                              "stdin is not valid UTF-8",
		strings.Repeat("#", maxManifest) + "#": "stdin is longer than 1048576 bytes",
		strings.Repeat("#", maxManifest):       "longer than 1048576 bytes", // by its frame: the server says it
	} {
		for _, command := range []string{"apply", "diff"} {
			var stdout, stderr bytes.Buffer
			p := &program{in: strings.NewReader(text), out: &stdout, now: time.Now}
			code := p.run([]string{"pmclient", "-socket", socket, command, "-f", "-"}, &stderr)
			if code != map[string]int{"apply": exitRefused, "diff": exitUsage}[command] || !strings.Contains(stderr.String(), want) {
				t.Errorf("%s: %d %s", command, code, &stderr)
			}
		}
	}
	for _, call := range fake.Calls() {
		t.Errorf("the manager was asked: %v", call)
	}
}

// What the manager finds wrong in a manifest that was sent is told by the file that it is in,
// and by its line there.
func TestManifestFaultsByFile(t *testing.T) {
	fake := fleet()
	fake.Hook = func(_ context.Context, method string) error {
		if method != "Diff" {
			return nil
		}
		return fmt.Errorf("cannot compare the manifest: %w: manifest: spec.a: it is wrong (line 2)\nmanifest: spec.b: the name \"x\" is taken by spec.c on line 1 (line 6)\nmanifest: spec.d: it is missing", supervisor.ErrInvalid)
	}
	socket := serve(t, rpc.Options{Control: fake})
	dir := t.TempDir()
	for name, text := range map[string]string{"a.yaml": "one\ntwo\nthree", "b.yml": "one\ntwo\n", "c.txt": "no"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{
		dir:             "DIR/a.yaml: spec.a: it is wrong (line 2)\nDIR/b.yml: spec.b: the name \"x\" is taken by spec.c on line 1 of DIR/a.yaml (line 2)\nDIR: spec.d: it is missing\n",
		dir + "/a.yaml": "DIR/a.yaml: spec.a: it is wrong (line 2)\nDIR/a.yaml: spec.b: the name \"x\" is taken by spec.c on line 1 (line 6)\nDIR/a.yaml: spec.d: it is missing\n",
	} {
		var stdout, stderr bytes.Buffer
		p := &program{out: &stdout, now: time.Now}
		code := p.run([]string{"pmclient", "-socket", socket, "diff", "-f", path}, &stderr)
		want = "pmclient: cannot compare the manifest: invalid request:\n" + strings.ReplaceAll(want, "DIR", dir)
		if code != exitUsage || stderr.String() != want {
			t.Errorf("%s: %d\n%s\nwant\n%s", path, code, &stderr, want)
		}
	}
}

// Who waits for many waits for all at once, and for more than the manager has connections
// for with some of them: none is refused.
func TestWaitForMany(t *testing.T) {
	for _, many := range []int{20, 1100} {
		t.Run(fmt.Sprint(many), func(t *testing.T) { waitForMany(t, many) })
	}
}

func waitForMany(t *testing.T, many int) {
	fake := supervisortest.New()
	args := []string{"wait", "-for", "ended", "-timeout", "0s", "-socket", serve(t, rpc.Options{Control: fake})}
	for i := range many {
		name := fmt.Sprintf("p%d", i)
		fake.Put(supervisor.ProcessInfo{Name: name, PID: new(42), Status: supervisor.StatusRunning})
		args = append(args, name)
	}
	arrived := make(chan struct{}, many)
	fake.Hook = func(context.Context, string) error {
		arrived <- struct{}{}
		return nil
	}
	go func() {
		for range min(many, waitAtOnce) {
			<-arrived
		}
		for i := range many {
			fake.Put(supervisor.ProcessInfo{Name: fmt.Sprintf("p%d", i), Status: supervisor.StatusCompleted})
		}
	}()
	if code, stdout, stderr := run(nil, args...); code != 0 || strings.Count(stdout, "has ended\n") != many {
		t.Errorf("exit code %d, %d have ended\n%.300s", code, strings.Count(stdout, "has ended\n"), stderr)
	}
}

// The timeout is that of the whole, also for those whose turn comes later.
func TestRestOfTimeout(t *testing.T) {
	for _, tt := range []struct{ timeout, gone, want time.Duration }{
		{0, time.Hour, 0},
		{30 * time.Second, 0, 30 * time.Second},
		{30 * time.Second, 20 * time.Millisecond, 30 * time.Second},
		{30 * time.Second, 12 * time.Second, 18 * time.Second},
		{30 * time.Second, 29500 * time.Millisecond, time.Second},
		{30 * time.Second, 30 * time.Second, 100 * time.Millisecond},
		{30 * time.Second, time.Hour, 100 * time.Millisecond},
		{50 * time.Millisecond, 0, 50 * time.Millisecond},
		{time.Microsecond, time.Hour, time.Microsecond},
	} {
		if got := restOf(tt.timeout, tt.gone); got != tt.want {
			t.Errorf("after %s of %s: %s, want %s", tt.gone, tt.timeout, got, tt.want)
		}
	}
}

// What ends or begins processes takes as long as the slowest of them, and not as all behind
// each other: they are asked at the same time.
func TestChangesOfManyAreAtOnce(t *testing.T) {
	const many = 100
	for _, verb := range []string{"start", "stop", "restart", "delete", "trigger", "probe"} {
		t.Run(verb, func(t *testing.T) {
			fake := supervisortest.New()
			for i := range many {
				info := supervisor.ProcessInfo{Name: fmt.Sprintf("p%d", i), PID: new(42), Status: supervisor.StatusRunning}
				if verb == "start" || verb == "trigger" {
					info.PID, info.Status, info.Cron = nil, supervisor.StatusStopped, "@daily"
				}
				fake.Put(info)
			}
			arrived := make(chan struct{})
			var here atomic.Int32
			fake.Hook = func(ctx context.Context, method string) error {
				if !strings.EqualFold(method, verb) {
					return nil
				}
				if here.Add(1) == many {
					close(arrived)
				}
				select {
				case <-arrived:
					return nil
				case <-time.After(5 * time.Second):
					return errors.New("the others have not come")
				}
			}
			args := []string{verb, "-socket", serve(t, rpc.Options{Control: fake})}
			for i := range many {
				args = append(args, fmt.Sprintf("p%d", i))
			}
			_, _, stderr := run(nil, args...)
			if here.Load() != many || strings.Contains(stderr, "have not come") {
				t.Errorf("%d of %d have come at once\n%.300s", here.Load(), many, stderr)
			}
		})
	}
}

// What was said on the command line arrives as it was said.
func TestStartPassesEverythingOn(t *testing.T) {
	want := supervisor.StartRequest{Name: "x", Command: `echo "a" > b`, Log: true, Deadline: 5, Cron: "@daily", JobID: "e42"}
	for _, args := range [][]string{
		{"start", "-name", "x", "-command", want.Command, "-log", "-deadline", "5", "-cron", "@daily", "-jobid", "e42"},
		{"start", "--name=x", "--command=" + want.Command, "--log=true", "--deadline=5", "--cron=@daily", "--jobid=e42"},
		{"start", "x", "-command", want.Command, "-log", "true", "-deadline=5", "-cron", "@daily", "--jobid", "e42"},
	} {
		fake := supervisortest.New()
		code, _, stderr := run(nil, append(args, "-socket", serve(t, rpc.Options{Control: fake}))...)
		if code != 0 {
			t.Fatalf("%q: %d %s", args, code, stderr)
		}
		if diff := cmp.Diff(want, fake.Calls()[0].Arg); diff != "" {
			t.Errorf("%q\n%s", args, diff)
		}
	}
	fake := supervisortest.New()
	run(nil, "start", "x", "-command", "true", "-log", "false", "-socket", serve(t, rpc.Options{Control: fake}))
	if got := fake.Calls()[0].Arg.(supervisor.StartRequest); got.Log {
		t.Error("-log false is true")
	}
}

// Nobody reads any more: that is a failure, not a success.
func TestOutputThatCannotBeWritten(t *testing.T) {
	p := &program{out: broken{}, now: time.Now}
	var stderr bytes.Buffer
	if code := p.run([]string{"pmclient", "list", "-socket", serve(t, rpc.Options{Control: fleet()})}, &stderr); code != 1 {
		t.Errorf("exit code %d: %s", code, &stderr)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("the pipe is broken") }

func TestVersion(t *testing.T) {
	if code, stdout, _ := run(nil, "version", "-format", "json"); code != 0 || !strings.HasPrefix(stdout, `{"version":"`) {
		t.Errorf("%d %q", code, stdout)
	}
	for _, word := range []string{"version", "-version", "--version"} {
		if code, stdout, _ := run(nil, word); code != 0 || !strings.HasPrefix(stdout, "pmclient ") {
			t.Errorf("%s: %d %q", word, code, stdout)
		}
	}
}

// JSON cannot carry such bytes: another command would be run than was asked for.
func TestTextIsUTF8(t *testing.T) {
	code, _, stderr := run(nil, "start", "-name", "x", "-command", "echo \xff")
	if code != exitUsage || !strings.Contains(stderr, "not valid UTF-8") {
		t.Errorf("%d %q", code, stderr)
	}
}

// The commands cover the methods of the API that have to do with processes.
func TestCommandsCoverTheMethods(t *testing.T) {
	have := map[string]bool{}
	for _, name := range commandNames((&program{}).command()) {
		have[name] = true
	}
	for _, method := range rpc.MethodNames() {
		if actor, verb, _ := strings.Cut(method, "."); actor == "process" && !have[verb] {
			t.Errorf("there is no command for %s", method)
		}
	}
}
