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
	why := "the codes of a shell, and of tini"
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
		}, all("5"), ""},
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
		{"signals that do not reach the command", seeSignals, map[string]string{"tini": "ILL TRAP ABRT BUS FPE SEGV SYS", "catatonit": "ILL TRAP ABRT BUS FPE SEGV SYS", "dumb-init": "none", us: "URG PROF RTMIN"}, "the Go runtime has these three for itself; nobody sends them to a container"},
		{"SIGTSTP stops it, SIGCONT goes on", func(t *testing.T, p peer) string {
			if p.name == "catatonit" {
				return "never seen" // it takes the signal; there is nothing to wait for
			}
			in := pid1(t, p, "sleep", "4330")
			eventually(t, "it runs", func() bool { return in.running("4330") >= 1 })
			eventually(t, "only the command runs", func() bool { return in.running("4330") == 1 })
			in.signal(syscall.SIGTSTP)
			eventually(t, "it is stopped", func() bool { return in.stopped("4330") == 1 })
			in.signal(syscall.SIGCONT)
			eventually(t, "it goes on", func() bool { return in.stopped("4330") == 0 })
			return "yes"
		}, map[string]string{"": "yes", "catatonit": "never seen"}, ""},
		{"another signal instead", func(t *testing.T, p peer) string {
			if p.rewrite == nil {
				return "–"
			}
			in := under(t, p, launching{namespace: true}, p.rewrite, "env", roleVar+"=signals", executable(t))
			in.awaitOut("ready")
			in.signal(unix.SIGUSR1)
			in.awaitOut("got SIGUSR2")
			return "yes"
		}, map[string]string{"": "–", "dumb-init": "yes", us: "yes"}, "dumb-init's `--rewrite 15:3` is `-rewrite-signal TERM:QUIT` here; 0 in the second place drops a signal in both"},
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
		}, map[string]string{"": "blocked: kept, ignored: kept", "dumb-init": "blocked: default, ignored: default", us: "blocked: default, ignored: default"}, "a command starts with default signals whoever started us; for a command behind `nohup`, `-rewrite-signal HUP:0`"},
	}
}

// everySignal says each signal that comes, and ends at SIGTERM.
const everySignal = `$| = 1; @name = split " ", $Config{sig_name};
	for (split " ", $Config{sig_num}) { my $n = $_; $SIG{$name[$i++]} = sub { print "got $n\n"; exit 7 if $n == 15 } }
	print "child is ready\n"; sleep 1 while 1`

// seeSignals sends every signal that can be caught, and those that stop nothing.
func seeSignals(t *testing.T, p peer) string {
	if _, err := exec.LookPath("perl"); err != nil {
		t.Skip("needs perl: a Go program cannot catch them all")
	}
	in := pid1(t, p, "perl", "-MConfig", "-e", everySignal)
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
		case unix.SIGKILL, unix.SIGSTOP, unix.SIGTERM, unix.SIGPWR, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU, unix.SIGCHLD, 32, 33: // the last two are the C library's
			continue
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
	if len(missing) == 0 {
		return "none"
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
		{"left behind in its group", left(true, ""), map[string]string{"": "killed, code 8", us: "ends by SIGTERM, code 8"}, why},
		{"left behind in a session of its own", left(true, "setsid"), map[string]string{"": "killed, code 8", us: "ends by SIGTERM, code 8"}, why},
		{"the same, when it is not PID 1", left(false, "setsid"), map[string]string{"": "runs on, code 8", us: "ends by SIGTERM, code 8"}, "not PID 1, it becomes the reaper of what the command leaves behind"},
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
			if len(more) == 0 {
				return "nothing"
			}
			slices.Sort(more)
			return strings.Join(more, ", ")
		}, map[string]string{"": "nothing", us: "PM_PROCESS_NAME, PM_PROCESS_RUN"}, "what a daemon leaves behind is known by them; `PM_SECRET` is taken out"},
		{"inherited descriptors above 2", func(t *testing.T, p peer) string {
			in := under(t, p, launching{namespace: true, env: []string{oddVar + "=1"}}, nil, "ls", "/proc/self/fd")
			in.code()
			<-in.silent
			fds := strings.Fields(in.stdout.String()) // 3 is the folder
			return map[bool]string{true: "kept", false: "closed"}[slices.Contains(fds, "7")] + map[bool]string{true: " leak"}[len(fds) > 4 && p.name == us]
		}, map[string]string{"": "kept", us: "closed"}, "a command has 0, 1 and 2, so that no port stays busy and no file open"},
		{"group and session of its own", says("sh", "-c", "read pid c s ppid pgrp sid rest < /proc/$$/stat; [ $pgrp = $pid ] && printf group; [ $sid = $pid ] && printf ', session'"), map[string]string{"": "group", "dumb-init": "group, session"}, "in a session of its own SIGTSTP would not stop it, and it would have no terminal but by taking it from us"},
	}
}

func terminalRows() []row {
	return []row{
		{"job control and Ctrl-C of a shell on a terminal", func(t *testing.T, p peer) string {
			k := peerOnTerminal(t, p, "bash", "--norc", "--noprofile", "-i")
			k.write("PS1=; stty -echo; echo r''eady\n")
			k.awaitOut("ready")
			k.write("sh -c 'trap \"echo fg-int; exit 3\" INT; echo fg-''up; while :; do sleep 0.05; done'; echo code=$?\n")
			k.awaitOut("fg-up")
			k.write("\x03")
			k.awaitOut("code=3")
			if p.name == "catatonit" {
				return "Ctrl-C only"
			}
			k.write("sleep 4331\n")
			eventually(t, "the sleep runs", func() bool { return k.running("4331") == 1 })
			k.write("\x1a")
			k.awaitOut("Stopped")
			k.write("fg\n")
			eventually(t, "the sleep goes on", func() bool { return k.stopped("4331") == 0 })
			k.write("\x03exit 6\n")
			once := strings.Count(k.stdout.String(), "fg-int") == 1 && !strings.Contains(k.stdout.String(), "no job control")
			return map[bool]string{true: "yes", false: "no"}[once && k.code() == 6]
		}, map[string]string{"": "yes", "catatonit": "Ctrl-C only"}, ""},
		{"Ctrl-Z without a shell", func(t *testing.T, p peer) string {
			k := peerOnTerminal(t, p, "sh", "-c", "stty -echo; echo up; cat")
			k.awaitOut("up")
			k.write("one\n")
			k.awaitOut("one")
			k.write("\x1atwo\n")
			fate := ""
			eventually(t, "it goes on or stays stopped", func() bool {
				switch {
				case strings.Contains(k.stdout.String(), "two"):
					fate = "goes on"
				case k.stopped("cat") == 1 && p.name != us:
					fate = "stopped, nobody can continue it"
				}
				return fate != ""
			})
			return fate
		}, map[string]string{"": "stopped, nobody can continue it", "dumb-init": "goes on", us: "goes on"}, "who is stopped by the terminal and not by a signal to us is continued, where there is no shell to do it"},
		{"Ctrl-Z, bg and fg under a shell, when it is not PID 1", seeSuspend, map[string]string{"": "yes", "tini": "the shell waits for ever", "catatonit": "Ctrl-Z does nothing"}, "a command that stops stops us, too, and the terminal goes back to the shell"},
	}
}

// peerOnTerminal runs a command under a peer that is PID 1 and has a terminal.
func peerOnTerminal(t *testing.T, p peer, command ...string) *keyboard {
	t.Helper()
	return onTerminalOf(t, func(in *instance, l *launching) {
		l.namespace = true
		in.asPeer(p, l, nil, command)
	})
}

// seeSuspend tells what an interactive shell makes of Ctrl-Z.
func seeSuspend(t *testing.T, p peer) string {
	k := shellOnTerminal(t)
	program := "$PM"
	if p.name != us {
		path, err := exec.LookPath(p.name)
		if err != nil {
			t.Skip(err)
		}
		program = path
	}
	k.write(program + " -- sleep 4332\n")
	eventually(t, "the sleep runs", func() bool { return k.running("4332") == 2 })
	k.write("\x1a")
	polls := 0
	eventually(t, "the shell is told, or nothing happens", func() bool {
		polls++
		return strings.Contains(k.stdout.String(), "Stopped") || polls > 50 && p.name != us
	})
	switch {
	case k.stopped("4332") == 0:
		return "Ctrl-Z does nothing"
	case !strings.Contains(k.stdout.String(), "Stopped"):
		return "the shell waits for ever"
	}
	k.write("bg\n")
	eventually(t, "both go on", func() bool { return k.stopped("4332") == 0 })
	shown := func() int { return strings.Count(k.stdout.String(), "-- sleep 4332\r\n") }
	before := shown()
	k.write("fg\n")
	eventually(t, "fg begins", func() bool { return shown() > before })
	eventually(t, "Ctrl-C ends it", func() bool {
		k.write("\x03") // the first ones may be the shell's
		return k.running("4332") == 0
	})
	return "yes"
}
