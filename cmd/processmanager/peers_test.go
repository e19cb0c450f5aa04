package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/supervisor"
)

// A peer is a program that does for one command what `-- command` does.
type peer struct {
	name    string
	rewrite []string // flags that make SIGUSR1 a SIGUSR2; none: it cannot
}

// peers are the columns of the table, this program last.
func peers() []peer {
	return []peer{
		{name: "tini"},
		{name: "dumb-init", rewrite: []string{"--rewrite", "10:12"}},
		{name: "catatonit"},
		{name: us, rewrite: []string{"-rewrite-signal", "10:12"}},
	}
}

const us = "processmanager"

// row is a story that is told to each of them.
type row struct {
	what string
	see  func(t *testing.T, p peer) string // tells the story and says what came of it
	want map[string]string                 // by name; "" is for all who are not named
	why  string                            // we differ from one of them
}

// TestPeers compares this program with those that it can take the place of, as PID 1.
// docs/single-command.md shows the table; -update writes it there.
func TestPeers(t *testing.T) {
	t.Parallel()
	for _, r := range rows() {
		t.Run(r.what, func(t *testing.T) {
			for _, p := range peers() {
				t.Run(p.name, func(t *testing.T) {
					want, ok := r.want[p.name]
					if !ok {
						want = r.want[""]
					}
					if got := r.see(t, p); got != want {
						t.Errorf("%s; want %s", got, want)
					}
				})
			}
		})
	}
}

// The table in the documentation is that of the test.
func TestPeersAreDocumented(t *testing.T) {
	const path, begin, end = "../../docs/single-command.md", "<!-- table: go test ./cmd/processmanager -run Peers -update -->\n", "<!-- end of table -->\n"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", path)
	}
	var table, notes strings.Builder
	table.WriteString("| As PID 1 | tini | dumb-init | catatonit | processmanager |\n|---|---|---|---|---|\n")
	for _, r := range rows() {
		what := r.what
		if r.why != "" {
			what = "**" + what + "**"
			fmt.Fprintf(&notes, "* %s: %s\n", strings.ToUpper(r.what[:1])+r.what[1:], r.why)
		}
		fmt.Fprintf(&table, "| %s ", what)
		for _, p := range peers() {
			cell, ok := r.want[p.name]
			if !ok {
				cell = r.want[""]
			}
			fmt.Fprintf(&table, "| %s ", cell)
		}
		table.WriteString("|\n")
	}
	compareGolden(t, path, head+begin+table.String()+"\nWhere it differs, and why:\n\n"+notes.String()+end+tail)
}

// under starts a command under a peer. Flags are the peer's.
func under(t *testing.T, p peer, l launching, flags []string, command ...string) *instance {
	t.Helper()
	in := &instance{t: t, dir: shortDir(t), exited: make(chan struct{}), silent: make(chan struct{}), stdout: &screen{}, stderr: &screen{}}
	in.asPeer(p, &l, flags, command)
	in.start(l)
	return in
}

// asPeer prepares an instance that becomes a peer.
func (in *instance) asPeer(p peer, l *launching, flags, command []string) {
	t := in.t
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("a PID namespace needs root")
	}
	path := executable(t)
	if p.name != us {
		var err error
		if path, err = exec.LookPath(p.name); err != nil {
			t.Skip(err)
		}
	}
	l.bare = true
	l.args = slices.Concat([]string{path}, flags, []string{"--"}, command)
	in.prepare(*l)
	in.cmd.Env = append(in.cmd.Env, roleVar+"=exec")
	if p.name == us {
		in.cmd.Env = append(in.cmd.Env, nextVar+"=manager")
	}
}

// pid1 is a command under a peer that is PID 1.
func pid1(t *testing.T, p peer, command ...string) *instance {
	t.Helper()
	return under(t, p, launching{namespace: true}, nil, command...)
}

// ends is the story of a command that ends.
func ends(command ...string) func(*testing.T, peer) string {
	return func(t *testing.T, p peer) string { return fmt.Sprint(pid1(t, p, command...).code()) }
}

// says is the story of a command that shows something.
func says(command ...string) func(*testing.T, peer) string {
	return func(t *testing.T, p peer) string {
		in := pid1(t, p, command...)
		in.code()
		<-in.silent
		return strings.TrimSpace(in.stdout.String())
	}
}

func all(want string) map[string]string { return map[string]string{"": want} }

// rows is the table.
func rows() []row {
	return slices.Concat(endRows(), signalRows(), treeRows(), givenRows(), terminalRows())
}

func endRows() []row {
	why := "as a shell has it, and tini"
	return []row{
		{"command ends with 0", ends("true"), all("0"), ""},
		{"command ends with 255", ends("sh", "-c", "exit 255"), all("255"), ""},
		{"command is killed by SIGKILL", ends("sh", "-c", "kill -KILL $$"), all("137"), ""},
		{"command is killed by SIGSEGV", ends("sh", "-c", "kill -SEGV $$"), all("139"), ""},
		{"command is not found", ends("no-such-program"), map[string]string{"": "127", "dumb-init": "2", "catatonit": "1"}, why},
		{"command is not executable", ends("/etc/passwd"), map[string]string{"": "126", "dumb-init": "2", "catatonit": "1"}, why},
		{"command is a script without #!", func(t *testing.T, p peer) string {
			path := filepath.Join(t.TempDir(), "script")
			if err := os.WriteFile(path, []byte("exit 5\n"), 0o755); err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(pid1(t, p, path).code())
		}, map[string]string{}, "TODO"},
		{"the reader of stdout is gone", func(t *testing.T, p peer) string {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			r.Close()
			in := under(t, p, launching{namespace: true, out: w}, nil, "sh", "-c", "while :; do echo x; done")
			w.Close()
			return fmt.Sprint(in.code())
		}, all("141"), ""},
	}
}

func signalRows() []row {
	const mule = `trap 'echo asked' TERM; echo up; while ! [ -e "$0" ]; do sleep 0.02; done; exit 6`
	return []row{
		{"signals that do not reach the command", seeSignals, map[string]string{}, "TODO"},
		{"SIGTSTP stops it, SIGCONT goes on", func(t *testing.T, p peer) string {
			in := pid1(t, p, "sleep", "4330")
			eventually(t, "it runs", func() bool { return in.running("4330") >= 1 })
			eventually(t, "only the command runs", func() bool { return in.running("4330") == 1 })
			in.signal(syscall.SIGTSTP)
			eventually(t, "it is stopped", func() bool { return in.stopped("4330") == 1 })
			in.signal(syscall.SIGCONT)
			eventually(t, "it goes on", func() bool { return in.stopped("4330") == 0 })
			return "yes"
		}, all("yes"), ""},
		{"another signal instead", func(t *testing.T, p peer) string {
			if p.rewrite == nil {
				return "–"
			}
			in := under(t, p, launching{namespace: true}, p.rewrite, "env", roleVar+"=every signal", executable(t))
			in.awaitOut("ready")
			in.signal(unix.SIGUSR1)
			in.awaitOut("got")
			return strings.Fields(in.stdout.String())[4]
		}, map[string]string{"": "–", "dumb-init": "12", us: "12"}, "10 becomes 12: `--rewrite 10:12`, here `-rewrite-signal USR1:USR2`"},
		{"who ignores SIGTERM, twice", func(t *testing.T, p peer) string {
			stop := filepath.Join(t.TempDir(), "stop")
			in := pid1(t, p, "sh", "-c", mule, stop)
			in.awaitOut("up")
			in.signal(unix.SIGTERM)
			in.awaitOut("asked")
			in.signal(unix.SIGTERM)
			eventually(t, "it was asked again", func() bool { return strings.Count(in.stdout.String(), "asked") == 2 })
			if err := os.WriteFile(stop, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			return fmt.Sprintf("lives on, ends with %d", in.code())
		}, all("lives on, ends with 6"), ""},
		{"signals that were blocked or ignored before", func(t *testing.T, p peer) string {
			in := under(t, p, launching{namespace: true, env: []string{oddVar + "=1"}}, nil, "grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status")
			in.code()
			<-in.silent
			f := strings.Fields(in.stdout.String())
			word := func(s string) string {
				return map[bool]string{true: "default", false: "kept"}[strings.Trim(s, "0") == ""]
			}
			return "blocked: " + word(f[1]) + ", ignored: " + word(f[3])
		}, map[string]string{}, "TODO"},
	}
}

// seeSignals sends every signal that can be caught, and those that stop nothing.
func seeSignals(t *testing.T, p peer) string {
	in := pid1(t, p, "env", roleVar+"=every signal", executable(t))
	in.awaitOut("child is ready\n")
	fences := 0
	// SIGPWR is the fence: behind it, what was sent before has been passed on or not.
	fence := func() {
		fences++
		in.signal(unix.SIGPWR)
		eventually(t, "the fence is passed on", func() bool { return strings.Count(in.stdout.String(), "got 30\n") == fences })
	}
	sent := []int{}
	for n := 1; n <= 64; n++ {
		switch unix.Signal(n) {
		case unix.SIGKILL, unix.SIGSTOP, unix.SIGTERM, unix.SIGPWR, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU, unix.SIGCHLD, unix.SIGURG, unix.SIGPROF, 32, 33, 34:
			continue // the last five are the Go runtime's in the command of this test
		}
		sent = append(sent, n)
		in.signal(unix.Signal(n))
		eventually(t, "the signal is taken", func() bool { return !in.pending(n) })
		fence()
	}
	fence()
	var missing []string
	for _, n := range sent {
		switch strings.Count(in.stdout.String(), fmt.Sprintf("got %d\n", n)) {
		case 0:
			missing = append(missing, strings.TrimPrefix(supervisor.Signal(n).String(), "SIG"))
		case 1:
		default:
			t.Errorf("%d came more than once", n)
		}
	}
	in.signal(unix.SIGTERM)
	if code := in.code(); code != 7 {
		t.Errorf("exit code %d", code)
	}
	if len(missing) > 20 {
		missing = append(missing[:1], "…", missing[len(missing)-1])
	}
	return strings.Join(missing, " ")
}

// pending reports whether PID 1 has not yet taken a signal.
func (in *instance) pending(n int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", in.pid))
	if err != nil {
		in.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "ShdPnd:\t")
	var mask uint64
	if _, err := fmt.Sscanf(rest, "%x", &mask); err != nil {
		in.t.Fatal(err)
	}
	return mask&(1<<(n-1)) != 0
}

func treeRows() []row {
	left := func(namespace bool, how string) func(t *testing.T, p peer) string {
		return func(t *testing.T, p peer) string {
			dir := t.TempDir()
			in := under(t, p, launching{namespace: namespace}, nil, "sh", "-c", how+
				` sh -c 'trap "sleep 0.1; touch '$0'/end; exit" TERM; touch '$0'/up; while :; do sleep 0.02; done' & while ! [ -e $0/up ]; do sleep 0.02; done; exit 8`, dir)
			code := in.code()
			fate := "killed"
			if _, err := os.Stat(dir + "/end"); err == nil {
				fate = "ends by SIGTERM"
			} else if in.killRest() > 0 {
				fate = "runs on"
			}
			return fmt.Sprintf("%s, code %d", fate, code)
		}
	}
	const why = "what the command leaves behind gets SIGTERM and ten seconds to end, then SIGKILL; the code is the command's"
	return []row{
		{"orphans are reaped", func(t *testing.T, p peer) string {
			in := pid1(t, p, "env", roleVar+"=storm", executable(t))
			in.awaitOut("the storm is over")
			eventually(t, "no zombie is left", func() bool { return in.zombies() == 0 })
			return "yes"
		}, all("yes"), ""},
		{"left behind in its group", left(true, ""), map[string]string{}, why},
		{"left behind in a session of its own", left(true, "setsid"), map[string]string{}, why},
		{"the same, when it is not PID 1", left(false, "setsid"), map[string]string{}, "not PID 1, it becomes the reaper of what the command leaves behind"},
	}
}

func givenRows() []row {
	return []row{
		{"stdin goes through", func(t *testing.T, p peer) string {
			in := under(t, p, launching{namespace: true, stdin: true}, nil, "cat")
			if _, err := in.stdin.Write([]byte("a\x00b")); err != nil {
				t.Fatal(err)
			}
			in.stdin.Close()
			in.code()
			in.awaitOut("a\x00b")
			return "yes"
		}, all("yes"), ""},
		{"says anything itself", func(t *testing.T, p peer) string {
			in := pid1(t, p, "true")
			in.code()
			<-in.silent
			return map[bool]string{true: "no", false: "yes"}[in.stdout.String()+in.stderr.String() == ""]
		}, all("no"), ""},
		{"working directory", says("sh", "-c", `[ "$(pwd)" = "$PWD" ] && echo "the same"`), all("the same"), ""},
		{"added to the environment", func(t *testing.T, p peer) string {
			in := under(t, p, launching{namespace: true, env: []string{"A=b c", "EMPTY=", "NO_EQUALS"}}, nil, "env")
			in.code()
			<-in.silent
			got := strings.Split(strings.TrimSpace(in.stdout.String()), "\n")
			var more []string
			for _, kv := range got {
				if !slices.Contains(in.cmd.Env, kv) {
					more = append(more, strings.SplitN(kv, "=", 2)[0])
				}
			}
			for _, kv := range in.cmd.Env {
				if !slices.Contains(got, kv) && !strings.HasPrefix(kv, "TEST_") {
					more = append(more, "without "+kv)
				}
			}
			slices.Sort(more)
			return strings.Join(more, ", ")
		}, map[string]string{}, "TODO"},
		{"inherited descriptors above 2", func(t *testing.T, p peer) string {
			in := under(t, p, launching{namespace: true, env: []string{oddVar + "=1"}}, nil, "sh", "-c", "[ -e /proc/$$/fd/7 ] && echo kept || echo closed")
			in.code()
			<-in.silent
			return strings.TrimSpace(in.stdout.String())
		}, map[string]string{"": "kept", us: "closed"}, "a command has 0, 1 and 2, so that no port stays busy and no file open"},
		{"descriptors of its own that leak", says("sh", "-c", "ls /proc/self/fd | grep -v -x -e 0 -e 1 -e 2 -e 3 | wc -l"), all("0"), ""},
		{"group and session of its own", says("sh", "-c", "read pid c s ppid pgrp sid rest < /proc/$$/stat; [ $pgrp = $pid ] && printf group; [ $sid = $pid ] && printf ', session'"), map[string]string{}, "TODO"},
	}
}

func terminalRows() []row { return nil }
