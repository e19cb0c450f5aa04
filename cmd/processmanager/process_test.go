package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A service runs on, a job completes, and SIGTERM ends all of it with 0.
func TestQuickstart(t *testing.T) {
	t.Parallel()
	asPID1AndNot(t, func(t *testing.T, ns bool) {
		in := launch(t, launching{namespace: ns, manifest: `
  processes:
    - {name: migrate, command: "echo migrated", restartPolicy: Never}
    - {name: web, command: "echo serving as $PM_PROCESS_NAME; exec sleep 1000", dependsOn: [{name: migrate, condition: Completed}]}
`}).up()
		in.awaitOut("migrate | migrated\n")
		in.awaitOut("web | serving as web\n")
		in.end()
		if n := in.running("1000"); n != 0 {
			t.Errorf("%d processes are left behind", n)
		}
		if _, err := os.Stat(in.socket); !os.IsNotExist(err) {
			t.Errorf("the socket is still there: %v", err)
		}
	})
}

// A manifest that is wrong ends the start with 78 and every error, and starts nothing.
func TestBadManifest(t *testing.T) {
	t.Parallel()
	in := launch(t, launching{manifest: `
  processes:
    - {name: marker, command: "echo started"}
    - {name: a, comand: [/bin/true]}
    - {name: b, command: [/bin/true], dependsOn: [{name: nobody}]}
    - {name: c, command: [/bin/true], schedule: "61 * * * *"}
`})
	if code := in.code(); code != exitConfig {
		t.Errorf("exit code %d, want %d", code, exitConfig)
	}
	for _, want := range []string{"the manifest is refused", "comand", `"command"`, `"nobody"`, "61"} {
		in.awaitErr(want)
	}
	if in.stdout.String() != "" {
		t.Errorf("something was started: %q", in.stdout)
	}
	gone := launch(t, launching{args: []string{"-manifest", "/does/not/exist.yaml"}})
	if code := gone.code(); code != exitConfig {
		t.Errorf("absent manifest: exit code %d, want %d", code, exitConfig)
	}
	gone.awaitErr("/does/not/exist.yaml")
}

// In JSON the last line before an end at the start is one like all others.
func TestBadManifestAsJSON(t *testing.T) {
	t.Parallel()
	in := launch(t, launching{
		args:     []string{"-log-format", "json"},
		manifest: "  processes:\n    - {name: a, comand: [x]}\n    - {name: b, command: [x], cron: \"@daily\"}\n",
	})
	if code := in.code(); code != exitConfig {
		t.Errorf("exit code %d, want %d", code, exitConfig)
	}
	lines := strings.Split(strings.TrimSpace(in.stderr.String()), "\n")
	var last struct{ TS, Level, Process, Stream, Msg string }
	if err := json.Unmarshal([]byte(lines[0]), &last); len(lines) != 1 || err != nil {
		t.Fatalf("%d lines, %v:\n%s", len(lines), err, in.stderr)
	}
	if last.TS == "" || last.Level != "ERROR" || last.Process != "processmanager" || last.Stream != "stderr" {
		t.Errorf("%+v", last)
	}
	for _, want := range []string{"the manifest is refused:\n", `(did you mean "command"?)`, `(did you mean "schedule"?)`} {
		if !strings.Contains(last.Msg, want) {
			t.Errorf("%q is not in %q", want, last.Msg)
		}
	}
}

func TestWrongUsageOfTheProgram(t *testing.T) {
	t.Parallel()
	in := launch(t, launching{args: []string{"-telnet-addr", "127.0.0.1:0"}})
	if code := in.code(); code != exitUsage {
		t.Errorf("exit code %d, want %d", code, exitUsage)
	}
	in.awaitErr("there is no secret")
}

// What depends on another ends before it.
func TestShutdownIsOrdered(t *testing.T) {
	t.Parallel()
	asPID1AndNot(t, func(t *testing.T, ns bool) {
		const script = `trap 'echo ends; exit 0' TERM; echo up; while :; do sleep 0.05; done`
		in := launch(t, launching{namespace: ns, manifest: `
  terminationGracePeriodSeconds: 10
  processes:
    - {name: db, command: "` + script + `"}
    - {name: app, command: "` + script + `", dependsOn: [{name: db}]}
    - {name: edge, command: "` + script + `", dependsOn: [{name: app}]}
`})
		in.awaitOut("edge | up")
		begun := time.Now()
		in.end()
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("it took %s", took)
		}
		var order []string
		for line := range strings.Lines(in.stdout.String()) {
			if name, ok := strings.CutSuffix(line, " | ends\n"); ok {
				order = append(order, name)
			}
		}
		if want := []string{"edge", "app", "db"}; !slices.Equal(order, want) {
			t.Errorf("ended in the order %v, want %v", order, want)
		}
	})
}

// The budget bounds the whole end, whatever a process wants; a second signal ends
// it at once.
func TestStubbornShutdown(t *testing.T) {
	t.Parallel()
	const stubborn = `
  processes:
    - {name: mule, command: "trap '' TERM; echo up; while :; do sleep 0.05; done", terminationGracePeriodSeconds: 600}
`
	t.Run("budget", func(t *testing.T) {
		in := launch(t, launching{namespace: true, manifest: "  terminationGracePeriodSeconds: 1" + stubborn})
		in.awaitOut("up")
		begun := time.Now()
		in.end()
		if took := time.Since(begun); took < 900*time.Millisecond || took > 5*time.Second {
			t.Errorf("the end took %s, want the budget of a second", took)
		}
		in.awaitErr("SIGKILL")
	})
	t.Run("second signal", func(t *testing.T) {
		in := launch(t, launching{namespace: true, manifest: "  terminationGracePeriodSeconds: 600" + stubborn})
		in.awaitOut("up")
		in.signal(syscall.SIGTERM)
		in.awaitErr("stopping")
		<-time.After(600 * time.Millisecond) // one that comes earlier is the first one again
		in.end()
	})
}

// Every signal that may ask PID 1 to end does so.
func TestSignalsThatEnd(t *testing.T) {
	t.Parallel()
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGPWR, 37} {
		in := launch(t, launching{namespace: true, manifest: "\n  processes: [{name: a, command: [sleep, '1000']}]\n"}).up()
		in.signal(s)
		if code := in.code(); code != 0 {
			t.Errorf("%v: exit code %d", s, code)
		}
	}
}

// devFolder becomes the /dev of a namespace, and has a termination log as in a Pod.
func devFolder(t *testing.T) (dev, log string) {
	t.Helper()
	dev = t.TempDir()
	log = filepath.Join(dev, "termination-log")
	for _, path := range []string{log, filepath.Join(dev, "null")} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dev, log
}

// What is refused before anything runs stands in the termination log too, where
// kubectl describe shows it; what happens to a command is not ours to tell, unless it
// could not be started.
func TestRefusalIsTheLastWord(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		manifest string
		args     []string
		code     int
		want     []string // in the log; none: it stays empty
	}{
		{"manifest", "\n  processes:\n    - {name: a, comand: [/bin/true]}\n    - {name: b, command: [/bin/true], dependsOn: [{name: nobody}]}\n", nil, exitConfig, []string{"the manifest is refused", "comand", "nobody"}},
		{"no manifest", "", []string{"-manifest", "/does/not/exist.yaml"}, exitConfig, []string{"/does/not/exist.yaml"}},
		{"interface", "\n  processes: [{name: a, command: [/bin/true]}]\n", []string{"-socket", "/proc/none/pm.sock"}, exitUsage, []string{"-socket", "/proc/none"}},
		{"command", "", []string{"-socket", "/proc/none/pm.sock", "--", "/bin/true"}, exitUsage, []string{"-socket", "/proc/none"}},
		{"command that is not there", "", []string{"--", "/no/such/program"}, 127, []string{"/no/such/program", "no such file", "StartError"}},
		{"command that fails", "", []string{"--", "sh", "-c", "exit 3"}, 3, nil},
		{"flag", "", []string{"-no-such-flag"}, exitUsage, []string{"no-such-flag"}},
		{"flag that does nothing", "", []string{"-log-dir", "/l", "--", "/bin/true"}, exitUsage, []string{"-log-dir"}},
		{"of a probe", "", []string{"healthcheck", "-no-such-flag"}, exitUsage, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			dev, log := devFolder(t)
			in := launch(t, launching{namespace: true, env: []string{devVar + "=" + dev}, manifest: c.manifest, args: c.args})
			if code := in.code(); code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			word, err := os.ReadFile(log)
			if err != nil || len(c.want) == 0 && len(word) > 0 {
				t.Errorf("termination log: %q, %v", word, err)
			}
			for _, want := range c.want {
				in.awaitErr(want)
				if !strings.Contains(string(word), want) {
					t.Errorf("termination log: no %q in %q", want, word)
				}
			}
		})
	}
}

// A signal that comes while the program still reads its manifest is not lost: what
// the manifest asks for is ended in order, with exit code 0. A pipe in the manifest's
// place makes the program wait at that point.
func TestSignalBeforeTheManifestIsRead(t *testing.T) {
	t.Parallel()
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(s.String(), func(t *testing.T) {
			asPID1AndNot(t, func(t *testing.T, ns bool) {
				dir := shortDir(t)
				path := filepath.Join(dir, "pipe.yaml")
				if err := syscall.Mkfifo(path, 0o600); err != nil {
					t.Fatal(err)
				}
				in := launch(t, launching{namespace: ns, dir: dir, args: []string{"-manifest", path}})
				pipe := openPipe(t, in, path)
				in.signal(s)
				if _, err := pipe.WriteString(manifestHead + "\n  processes: [{name: web, command: [sleep, '1000']}]\n"); err != nil {
					t.Error(err)
				}
				if err := pipe.Close(); err != nil {
					t.Error(err)
				}
				if code := in.code(); code != 0 {
					t.Errorf("exit code %d", code)
				}
				in.awaitErr("shutting down")
				if n := in.running("1000"); n != 0 {
					t.Errorf("%d processes are left behind", n)
				}
			})
		})
	}
}

// openPipe opens a pipe for writing once the program reads it.
func openPipe(t *testing.T, in *instance, path string) *os.File {
	t.Helper()
	var pipe *os.File
	eventually(t, "the program opens the pipe", func() bool {
		select {
		case <-in.exited:
			t.Fatal("the program has ended before it read the manifest")
		default:
		}
		fd, err := syscall.Open(path, syscall.O_WRONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
		if err != nil { // nobody reads it yet
			return false
		}
		pipe = os.NewFile(uintptr(fd), path)
		return true
	})
	return pipe
}

// The process that decides gives its code to the container, and the last word.
func TestEssentialProcessDecides(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, script string
		code         int
		word         string
	}{
		{"code", "exit 42", 42, "main has failed with code 42 (Error)\n"},
		{"signal", "kill -SEGV $$", 139, "main was ended by SIGSEGV (Signaled)\n"},
		{"success", "exit 0", 0, "main has completed\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dev, log := devFolder(t)
			in := launch(t, launching{namespace: true, env: []string{devVar + "=" + dev}, manifest: `
  processes:
    - {name: other, command: [sleep, "1000"]}
    - {name: main, command: "` + c.script + `", restartPolicy: Never, essential: true}
`})
			if code := in.code(); code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			word, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.word, string(word)); diff != "" {
				t.Errorf("termination log (-want +got):\n%s", diff)
			}
		})
	}
}

// The container is done when all of its processes are.
func TestExitsWhenDone(t *testing.T) {
	t.Parallel()
	asPID1AndNot(t, func(t *testing.T, ns bool) {
		in := launch(t, launching{namespace: ns, manifest: `
  exitPolicy: WhenDone
  processes:
    - {name: good, command: [/bin/true], restartPolicy: Never}
    - {name: bad, command: "exit 3", restartPolicy: Never}
    - {name: worse, command: "exit 4", restartPolicy: Never}
`})
		if code := in.code(); code != 3 {
			t.Errorf("exit code %d, want 3", code)
		}
	})
}

// A hundred orphans that end at once leave no zombie.
func TestOrphanStorm(t *testing.T) {
	t.Parallel()
	asPID1AndNot(t, func(t *testing.T, ns bool) {
		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		in := launch(t, launching{namespace: ns, manifest: `
  processes:
    - {name: storm, command: ["` + exe + `"], env: [{name: ` + roleVar + `, value: storm}]}
`})
		in.awaitOut("the storm is over")
		eventually(t, "no zombie is left", func() bool { return in.zombies() == 0 })
		in.end()
	})
}

// What has left its session and its parent still belongs to its process, and ends
// with it.
func TestT22DaemonEndsWithItsProcess(t *testing.T) {
	t.Parallel()
	asPID1AndNot(t, func(t *testing.T, ns bool) {
		in := launch(t, launching{namespace: ns, manifest: `
  processes:
    - {name: daemon, command: "(setsid sh -c 'sleep 4321 & sleep 4321 & exit' &) ; setsid sleep 4321 & echo up; exec sleep 4320", terminationGracePeriodSeconds: 2}
    - {name: other, command: [sleep, "4322"]}
`}).up()
		eventually(t, "all daemons run", func() bool { return in.running("4321") == 3 })
		if out, code := in.pmclient("stop", "daemon"); code != 0 {
			t.Fatalf("stop ended with %d: %s", code, out)
		}
		if n := in.running("4321") + in.running("4320"); n != 0 {
			t.Errorf("stopped, and %d of its processes live", n)
		}
		if in.running("4322") != 1 {
			t.Error("another process was hit")
		}
		in.end()
		if n := in.running("4322"); n != 0 {
			t.Error("something is left behind")
		}
	})
}

// Signals that do not end it.
func TestSignalsThatInform(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	in := launch(t, launching{namespace: true, args: []string{"-log-dir", dir}, manifest: `
  processes:
    - {name: tick, command: "while :; do echo tick; sleep 0.02; done", log: true}
`}).up()
	in.awaitOut("tick | tick")
	in.signal(syscall.SIGHUP)
	in.awaitErr("the manifest was applied")
	in.signal(syscall.SIGUSR2)
	in.awaitErr("orphans_reaped=")
	in.awaitErr("name=tick status=running")

	path := filepath.Join(dir, "tick.log")
	full := func() bool {
		data, err := os.ReadFile(path)
		return err == nil && strings.Contains(string(data), "tick")
	}
	eventually(t, "the log file is written", full)
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	in.signal(syscall.SIGUSR1)
	in.awaitErr("reopened")
	eventually(t, "a new log file is written", full)
	in.end()
}
