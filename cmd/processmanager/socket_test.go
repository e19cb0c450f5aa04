package main

import (
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

const oneSleeper = `
  processes:
    - {name: sleeper, command: [sleep, "1000"]}
`

// A second instance is refused and does not harm the first.
func TestT81SecondInstanceIsRefused(t *testing.T) {
	t.Parallel()
	first := launch(t, launching{manifest: oneSleeper}).up()
	for _, flag := range []string{"said by a flag", "by the environment"} {
		l := launching{dir: first.dir}
		if flag == "by the environment" {
			l.bare, l.env = true, []string{"PM_SOCKET=" + first.socket}
		}
		second := launch(t, l)
		if code := second.code(); code != exitUsage {
			t.Errorf("%s: the second ended with %d, want %d", flag, code, exitUsage)
		}
		if got := second.stderr.String(); !strings.Contains(got, first.socket) || !strings.Contains(got, "another program answers there") {
			t.Errorf("%s: the second said %q", flag, got)
		}
		if out, code := first.pmclient("status", "sleeper"); code != 0 || !strings.Contains(out, "running") {
			t.Fatalf("%s: the first is harmed: %d: %s", flag, code, out)
		}
	}
	first.end()
}

// The sockets are for their owner only, from the beginning.
func TestT81T103SocketPermissions(t *testing.T) {
	t.Parallel()
	for flag, want := range map[string]os.FileMode{"": 0o600, "0660": 0o660} {
		l := launching{manifest: oneSleeper}
		if flag != "" {
			l.args = []string{"-socket-mode", flag}
		}
		in := launch(t, l).up()
		for _, path := range []string{in.socket, filepath.Join(in.dir, "pm-rpc.sock")} {
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm() != want {
				t.Errorf("%s has the mode %v, want %v", path, info.Mode().Perm(), want)
			}
		}
		in.end()
	}
}

// What SIGKILL leaves behind does not hinder the next start; a file does.
func TestStaleSocketIsReplaced(t *testing.T) {
	t.Parallel()
	first := launch(t, launching{manifest: oneSleeper}).up()
	first.signal(syscall.SIGKILL)
	<-first.exited
	if _, err := os.Stat(first.socket); err != nil {
		t.Fatalf("there is no stale socket to be tried: %v", err)
	}
	second := launch(t, launching{dir: first.dir, manifest: oneSleeper}).up()
	if out, code := second.pmclient("status", "sleeper"); code != 0 {
		t.Errorf("exit code %d: %s", code, out)
	}
	second.end()

	if err := os.WriteFile(first.socket, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	third := launch(t, launching{dir: first.dir})
	if code := third.code(); code != exitUsage {
		t.Errorf("in front of a file: exit code %d, want %d", code, exitUsage)
	}
	if data, err := os.ReadFile(first.socket); err != nil || string(data) != "precious" {
		t.Errorf("the file was touched: %q, %v", data, err)
	}
}

// Where the default socket cannot be made the manager goes on without, and says so
// in one line for each interface; a path that a flag names is an error.
func TestDefaultSocketCannotBeWritten(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("/var/tmp", "pm")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := writeManifest(t, dir, oneSleeper)
	l := launching{
		namespace: true, bare: true, env: []string{hideVar + "=/tmp"},
		args: []string{"-manifest", path, "-metrics-addr", "127.0.0.1:0"},
	}
	in := launch(t, l).up()
	if n := strings.Count(in.stderr.String(), "this interface stays off"); n != 2 {
		t.Errorf("it was said %d times, want once for each of two interfaces", n)
	}
	in.awaitErr("cannot listen on /tmp/processmanager.sock: its directory cannot be written: read-only file system; mount a volume there (a tmpfs, an emptyDir), or choose another path")
	if code, body := in.get(in.addr("metrics-addr"), "/livez"); code != http.StatusOK {
		t.Errorf("/livez: %d %s", code, body)
	}
	in.end()

	l.args = append(l.args, "-socket", "/tmp/here.sock")
	named := launch(t, l)
	if code := named.code(); code != exitUsage {
		t.Errorf("a path that was named: exit code %d, want %d", code, exitUsage)
	}
	named.awaitErr("-socket: cannot listen on /tmp/here.sock")
}

// A port that is taken is an error, and nothing is left of the sockets.
func TestTakenPort(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	in := launch(t, launching{manifest: oneSleeper, args: []string{"-metrics-addr", l.Addr().String()}})
	if code := in.code(); code != exitUsage {
		t.Errorf("exit code %d, want %d", code, exitUsage)
	}
	in.awaitErr("-metrics-addr")
	if left, _ := filepath.Glob(filepath.Join(in.dir, "*.sock")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if strings.Contains(in.stderr.String(), "started") {
		t.Error("a process was started nevertheless")
	}
}

// addr is where an interface listens, as the log says.
func (in *instance) addr(flag string) string {
	in.t.Helper()
	in.awaitErr("listens=")
	m := regexp.MustCompile(`[" ]` + flag + `=([^ "]+)`).FindStringSubmatch(in.stderr.String())
	if m == nil {
		in.t.Fatalf("-%s does not listen:\n%s", flag, in.stderr)
	}
	return m[1]
}

// get asks a page of an address.
func (in *instance) get(addr, page string) (int, string) {
	in.t.Helper()
	res, err := http.Get("http://" + addr + page)
	if err != nil {
		in.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		in.t.Fatal(err)
	}
	return res.StatusCode, string(body)
}
