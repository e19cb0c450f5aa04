package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// execIn runs pmclient exec and returns what came on each stream, and the exit code.
func (in *instance) execIn(args ...string) (stdout, stderr string, code int) {
	in.t.Helper()
	cmd := exec.Command(pmclient(in.t), append([]string{"-socket", in.socket, "exec"}, args...)...)
	cmd.Env = cleanEnviron()
	var out, err bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &err
	if bad := cmd.Run(); bad != nil && !errors.As(bad, new(*exec.ExitError)) {
		in.t.Fatal(bad)
	}
	return out.String(), err.String(), cmd.ProcessState.ExitCode()
}

// A command has everything of the process but its stdin: variables out of files, folder,
// user, groups, umask, limits and niceness; whether the process runs or not.
func TestExecHasTheContext(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("another user needs root")
	}
	dir := shortDir(t)
	if err := os.WriteFile(filepath.Join(dir, "vars"), []byte("TOKEN=\"from a file\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	const same = `workingDir: /usr, umask: "027", nice: 3, rlimits: {nofile: 77}, env: [{name: PORT, value: "8080"}], envFrom: [{fileRef: {path: FILE}}],
       securityContext: {runAsUser: 65534, runAsGroup: 65534, supplementalGroups: [4242]}`
	in := launch(t, launching{dir: dir, namespace: true, args: []string{"-secret", "the-secret-of-the-doors"}, manifest: strings.ReplaceAll(`
  exitPolicy: Never
  processes:
    - {name: web, command: [sleep, "1000"], `+same+`}
    - {name: done, command: ["true"], restartPolicy: Never, `+same+`}
    - {name: broken, command: ["false"], restartBackoff: {initial: 1h, max: 1h}, `+same+`}
`, "FILE", filepath.Join(dir, "vars"))}).up()
	secret := []string{"-secret", "the-secret-of-the-doors"}
	if out, code := in.pmclient(append(secret, "wait", "done", "-for", "ended")...); code != 0 {
		t.Fatal(code, out)
	}
	for _, name := range []string{"web", "done", "broken"} {
		out, stderr, code := in.execIn(append(secret, name, "--", "sh", "-c",
			`echo "$PORT|$TOKEN|$PM_PROCESS_NAME|$PWD|$(umask)|$(nice)|$(ulimit -n)|$(id -u)|$(id -g)|$(id -G)|$(cat)|$1"; env | grep -c the-secret >&2`, "x", "$(PORT) $$")...)
		if want := "8080|from a file|" + name + "|/usr|0027|3|77|65534|65534|65534 4242||$(PORT) $$\n"; out != want || stderr != "0\n" || code != 1 {
			t.Errorf("%s: %d %q %q, want %q", name, code, out, stderr, want)
		}
	}
	in.end()
}

// The exit code is handed on, the streams stay apart, bytes stay what they are, and
// nothing of it outlives its time.
func TestExecEnds(t *testing.T) {
	t.Parallel()
	in := launch(t, launching{namespace: true, manifest: `
  processes:
    - {name: web, command: [sleep, "1000"], env: [{name: PATH, value: "/usr/bin:/bin"}]}
`}).up()
	for _, c := range []struct {
		what     string
		args     []string
		out, err string
		code     int
	}{
		{"success", []string{"web", "--", "echo", "-n", "-timeout"}, "-timeout", "", 0},
		{"a code of its own", []string{"web", "--", "sh", "-c", "printf '\\377\\000x'; echo oops >&2; exit 42"}, "\xff\x00x", "oops\n", 42},
		{"a code that is one of ours", []string{"web", "--", "sh", "-c", "exit 3"}, "", "", 3},
		{"a signal", []string{"web", "--", "sh", "-c", "kill -SEGV $$"}, "", "pmclient: ended by SIGSEGV (Signaled)\n", 139},
		{"a shell text", []string{"web", "-command", "echo $PM_PROCESS_NAME | tr a-z A-Z"}, "WEB\n", "", 0},
		{
			"its time is up",
			[]string{"web", "-timeout", "500ms", "--", "sh", "-c", "echo begun; setsid sleep 4711 & sleep 4711"},
			"begun\n",
			"pmclient: no end after 500ms: it and all that it started was killed\n", 124,
		},
		{"what it leaves behind", []string{"web", "--", "sh", "-c", "setsid sleep 4711 & exit 5"}, "", "", 5},
		{"much output", []string{"web", "--", "head", "-c", "1500000", "/dev/zero"}, strings.Repeat("\x00", 1<<20), "pmclient: the command wrote more to stdout: only the first 1048576 bytes were kept\n", 0},
		{"no such program", []string{"web", "--", "no-such-program"}, "", "pmclient: cannot exec in \"web\": process could not be started: exec \"no-such-program\": no such file or directory in PATH \"/usr/bin:/bin\"\n", 1},
		{"no such process", []string{"nobody", "--", "true"}, "", "pmclient: cannot exec in \"nobody\": no such process\n", 1},
		{"no command", []string{"web"}, "", "pmclient: wrong usage of exec: want a command: exec web -- COMMAND…\npmclient help tells the usage\n", 2},
	} {
		out, stderr, code := in.execIn(c.args...)
		if out != c.out || stderr != c.err || code != c.code {
			t.Errorf("%s: %d %.100q %q, want %d %.100q %q", c.what, code, out, stderr, c.code, c.out, c.err)
		}
	}
	if n := in.running("4711"); n != 0 {
		t.Errorf("%d processes are left behind", n)
	}
	var result supervisor.ExecResult
	out, stderr, code := in.execIn("web", "-format", "json", "--", "sh", "-c", "printf '\\377'; exit 7")
	if err := json.Unmarshal([]byte(out), &result); err != nil || stderr != "" || code != 7 || string(result.Stdout) != "\xff" || *result.ExitCode != 7 || result.Run != 1 {
		t.Errorf("%d %s %q %v", code, out, stderr, err)
	}
	// The end of the process takes it along, at once.
	began := time.Now()
	ended := make(chan string, 1)
	go func() {
		_, stderr, code := in.execIn("web", "--", "sleep", "4712")
		if code != 137 {
			stderr += " and the wrong code"
		}
		ended <- stderr
	}()
	eventually(t, "the command runs", func() bool { return in.running("4712") == 1 })
	if out, code := in.pmclient("stop", "web"); code != 0 {
		t.Error(code, out)
	}
	if got := <-ended; got != "pmclient: the process has ended meanwhile: it and all that it started was killed\n" || time.Since(began) > patience {
		t.Errorf("%q", got)
	}
	if got := in.telnetWith("", "!!process.exec name:web command:'printf a; echo b >&2; exit 9'"); got != "a\nb\nexit code 9" {
		t.Errorf("telnet: %q", got)
	}
	in.end()
}
