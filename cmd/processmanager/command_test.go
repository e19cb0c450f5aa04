package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func single(t *testing.T, l launching, command ...string) *instance {
	t.Helper()
	l.bare = true
	l.args = append(append(l.args, "--"), command...)
	return launch(t, l)
}

// The container ends as its command does, and as a shell would say it.
func TestCommandCodes(t *testing.T) {
	t.Parallel()
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, []byte("no program"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		command []string
		code    int
		why     string // on stderr; empty: nothing is said
	}{
		{"success", []string{"/bin/true"}, 0, ""},
		{"code", []string{"sh", "-c", "exit 3"}, 3, ""},
		{"not found in PATH", []string{"no-such-program"}, 127, "no-such-program"},
		{"not found at a path", []string{"/no/such/program"}, 127, "/no/such/program"},
		{"not executable", []string{plain}, 126, plain},
		{"a directory", []string{"/etc"}, 126, "/etc"},
		{"ended by a signal", []string{"sh", "-c", "kill -KILL $$"}, 137, ""},
		{"code above 128", []string{"sh", "-c", "exit 255"}, 255, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			asPID1AndNot(t, func(t *testing.T, ns bool) {
				in := single(t, launching{namespace: ns}, c.command...)
				if code := in.code(); code != c.code {
					t.Errorf("exit code %d, want %d", code, c.code)
				}
				<-in.silent
				if said := in.stderr.String(); c.why == "" && said != "" || c.why != "" && (!strings.Contains(said, "cannot start") || !strings.Contains(said, c.why)) {
					t.Errorf("stderr: %q", said)
				}
			})
		})
	}
}

// Its stdio are ours: bytes go through unaltered, stdin too, and nothing of our own
// is said.
func TestCommandHasOurStdio(t *testing.T) {
	t.Parallel()
	in := single(t, launching{stdin: true}, "sh", "-c", "cat; printf 'no line end' ; printf err >&2")
	if _, err := io.WriteString(in.stdin, "one\x00two\n"); err != nil {
		t.Fatal(err)
	}
	in.stdin.Close()
	if code := in.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	in.awaitOut("one\x00two\nno line end")
	in.awaitErr("err")
	if in.stdout.String() != "one\x00two\nno line end" || in.stderr.String() != "err" {
		t.Errorf("stdout %q, stderr %q", in.stdout, in.stderr)
	}
}

// What it is given stays as it is: nothing expands, the environment too.
func TestCommandIsGivenUnaltered(t *testing.T) {
	t.Parallel()
	in := single(t, launching{env: []string{"X=y", "PM_METRICS_ADDR=:1"}}, "sh", "-c", `printf '%s|' "$@" "$X" "$PM_SECRET"`, "sh", "$(X)", "$$", "-socket", "")
	if code := in.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	in.awaitOut("$(X)|$$|-socket||y||")
	if in.stderr.String() != "" {
		t.Errorf("stderr: %q", in.stderr)
	}
}

// Each signal arrives once, and SIGTERM is the command's to answer.
func TestCommandGetsSignals(t *testing.T) {
	t.Parallel()
	asPID1AndNot(t, func(t *testing.T, ns bool) {
		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		in := single(t, launching{namespace: ns}, "env", roleVar+"=signals", exe)
		in.awaitOut("child is ready\n")
		var want strings.Builder
		want.WriteString("child is ready\n")
		for _, s := range []struct {
			sig  syscall.Signal
			name string
		}{{syscall.SIGHUP, "SIGHUP"}, {syscall.SIGUSR1, "SIGUSR1"}, {syscall.SIGUSR2, "SIGUSR2"}, {syscall.SIGINT, "SIGINT"}, {syscall.SIGQUIT, "SIGQUIT"}, {syscall.SIGTERM, "SIGTERM"}} {
			in.signal(s.sig)
			want.WriteString("child got " + s.name + "\n")
			in.awaitOut("got " + s.name)
		}
		if code := in.code(); code != 7 {
			t.Errorf("exit code %d, want the command's 7", code)
		}
		if in.stdout.String() != want.String() {
			t.Errorf("the command saw:\n%s\nwant:\n%s", in.stdout, want.String())
		}
	})
}

func TestCommandGetsRewrittenSignals(t *testing.T) {
	t.Parallel()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	in := single(t, launching{args: []string{"-rewrite-signal", "TERM:QUIT,HUP:0,USR1:TERM"}}, "env", roleVar+"=signals", exe)
	in.awaitOut("child is ready\n")
	in.signal(syscall.SIGHUP)
	in.signal(syscall.SIGTERM)
	in.awaitOut("got SIGQUIT")
	in.signal(syscall.SIGUSR1)
	if code := in.code(); code != 7 {
		t.Errorf("exit code %d", code)
	}
	if want := "child is ready\nchild got SIGQUIT\nchild got SIGTERM\n"; in.stdout.String() != want {
		t.Errorf("the command saw %q, want %q", in.stdout, want)
	}
}

// What the command leaves behind gets the stop signal and is waited for, and the
// code is still that of the command.
func TestCommandIsOverWhenItsTreeIs(t *testing.T) {
	t.Parallel()
	asPID1AndNot(t, func(t *testing.T, ns bool) {
		const child = `trap 'echo child ends; exit 9' TERM; echo child up; while :; do sleep 0.05; done`
		in := single(t, launching{namespace: ns}, "sh", "-c",
			fmt.Sprintf(`(%s) & while ! [ -e "$0" ]; do sleep 0.02; done; exit 5`, child), "/does/not/exist")
		in.awaitOut("child up")
		// End the leader only.
		for _, p := range processes() {
			if p.ppid == in.pid && p.state != 'Z' {
				if err := syscall.Kill(p.pid, syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
			}
		}
		if code := in.code(); code != 137 {
			t.Errorf("exit code %d, want 137", code)
		}
		in.awaitOut("child ends")
	})
}

// A command opens nothing unless a flag asks for it.
func TestCommandListensWhenAsked(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	quiet := single(t, launching{env: []string{"PM_SOCKET=" + filepath.Join(dir, "q.sock")}}, "sh", "-c", "ls "+dir)
	if code := quiet.code(); code != 0 || quiet.stdout.String() != "" {
		t.Errorf("exit code %d, sockets %q", code, quiet.stdout)
	}
	in := launch(t, launching{args: []string{"--", "sleep", "1000"}})
	eventually(t, "the API listens", func() bool { _, code := in.pmclient("list"); return code == 0 })
	if out, code := in.pmclient("status", "sleep"); code != 0 || !strings.Contains(out, "running") {
		t.Errorf("%d: %s", code, out)
	}
	in.signal(syscall.SIGTERM)
	if code := in.code(); code != 143 {
		t.Errorf("exit code %d, want 143", code)
	}
}

// Behind a command that ended, the wait for what ignores the stop signal is bounded.
func TestCommandLeavesAMule(t *testing.T) {
	if testing.Short() {
		t.Skip("lasts ten seconds")
	}
	t.Parallel()
	in := single(t, launching{namespace: true}, "sh", "-c", `(trap '' TERM; echo up; while :; do sleep 0.1; done) & read x < /dev/null; sleep 0.2; exit 4`)
	begun := time.Now()
	if code := in.code(); code != 4 {
		t.Errorf("exit code %d, want 4", code)
	}
	if took := time.Since(begun); took > 15*time.Second {
		t.Errorf("it took %s", took)
	}
}
