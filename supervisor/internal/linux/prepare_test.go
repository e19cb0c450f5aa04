package linux

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/supervisor"
)

func TestIgnoredSignals(t *testing.T) {
	const sig = unix.Signal(60)
	before := ignoredSignals()
	signal.Ignore(sig)
	defer signal.Reset(sig)
	if got := ignoredSignals(); !slices.Contains(got, sig) || slices.Contains(before, sig) {
		t.Errorf("before %v, after ignoring %d: %v", before, int(sig), got)
	}
}

// T18: a parent that was started with ignored and blocked signals gives its children
// none of that.
func TestT18CleanSignals(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("needs python3 to start a parent with odd signals")
	}
	script := `
import os, signal, sys
for s in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGTERM, signal.SIGUSR1, signal.SIGTSTP, signal.SIGTTOU, signal.SIGCHLD):
    signal.signal(s, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
os.environ["` + childMode + `"] = sys.argv[2]
os.posix_spawn(sys.argv[1], sys.argv[1:2], os.environ)  # which ignores signals 32 and 33 in the child
try:
    os.wait()
except ChildProcessError:  # SIGCHLD is ignored
    pass
`
	run := func(mode string) string {
		t.Helper()
		out, err := exec.Command("python3", "-c", script, exe, mode).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", mode, err, out)
		}
		return string(out)
	}
	if got := run("signals"); !strings.Contains(got, "SigIgn: 0000000000200003") && !strings.Contains(got, "SigBlk: f") {
		t.Logf("the parent itself: %s", got)
	}
	want := "SigBlk: 0000000000000000\nSigIgn: 0000000000000000\n"
	if diff := cmp.Diff(want, run("launch")); diff != "" {
		t.Errorf("signals of the child (-want +got):\n%s", diff)
	}
}

// launch is the parent of T18: it prepares, and shows what its child inherited.
func launch([]string) int {
	if err := Prepare(); err != nil {
		fmt.Println(err)
		return 1
	}
	r := newRecorder()
	s := New(r)
	defer s.Close()
	l := Life{"child", 1}
	out := newText()
	s.Spawn(l, Command{Argv: []string{"grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"}, Env: os.Environ(), Output: out})
	r.ended(l)
	fmt.Print(strings.ReplaceAll(out.String(), "\t", " "))
	if err := r.errs[l]; err != nil {
		fmt.Println(err)
	}
	return 0
}

// T32: nobody reads our stdout any more.
func TestT32ClosedStdout(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), childMode+"=closedpipe")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("the writer ended with: %v", err)
	}
}

// closedPipe writes until the pipe is closed, and must survive that.
func closedPipe() int {
	if err := Prepare(); err != nil {
		return 1
	}
	for {
		if _, err := os.Stdout.WriteString("x"); err != nil {
			if !errors.Is(err, unix.EPIPE) {
				return 2
			}
			return 0
		}
	}
}

func TestNotifySignals(t *testing.T) {
	ch, stop := NotifySignals(supervisor.Signal(unix.SIGUSR1), supervisor.Signal(37))
	for _, want := range []supervisor.Signal{supervisor.Signal(unix.SIGUSR1), 37} {
		if err := unix.Kill(os.Getpid(), unix.Signal(want)); err != nil {
			t.Fatal(err)
		}
		if got := <-ch; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	stop()
	stop() // twice is harmless
	if _, open := <-ch; open {
		t.Error("the channel is open after stop")
	}
	none, stopNone := NotifySignals()
	stopNone()
	if got, open := <-none; open {
		t.Errorf("nothing was asked for, got %s", got)
	}
	signal.Reset(unix.SIGUSR1)
}
