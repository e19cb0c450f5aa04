package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// No signal that means nothing to a manager ends it, nor does it end what it runs.
func TestT31SignalsThatMeanNothing(t *testing.T) {
	t.Parallel()
	asPID1AndNot(t, func(t *testing.T, ns bool) {
		in := launch(t, launching{namespace: ns, manifest: "\n  processes: [{name: a, command: [sleep, '4340']}]\n"}).up()
		mean := []syscall.Signal{unix.SIGTERM, unix.SIGINT, unix.SIGQUIT, unix.SIGPWR, 37, unix.SIGKILL, unix.SIGSTOP}
		if !ns { // these stop or end any program, but PID 1 gets none of them
			mean = append(mean, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU, 32, 33, 34)
		}
		if missing := uncaught(t, in.cmd.Process.Pid); ns && len(missing) > 0 {
			t.Errorf("PID 1 has no handler for %v: it dies of them if they come during a fork", missing)
		}
		for n := syscall.Signal(1); n <= 64; n++ {
			if !slices.Contains(mean, n) {
				in.signal(n)
			}
		}
		out, code := in.pmclient("status", "a")
		if code != 0 || !strings.Contains(out, "running") || in.running("4340") != 1 {
			t.Errorf("afterwards: exit code %d: %s", code, out)
		}
		in.end()
	})
}

// uncaught lists the signals that would end a process and have no handler there.
func uncaught(t *testing.T, pid int) (list []syscall.Signal) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "SigCgt:\t")
	mask, err := strconv.ParseUint(strings.Fields(rest)[0], 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	harmless := []syscall.Signal{unix.SIGKILL, unix.SIGSTOP, unix.SIGCHLD, unix.SIGCONT, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU, unix.SIGURG, unix.SIGWINCH}
	for n := syscall.Signal(1); n <= 64; n++ {
		if mask&(1<<(n-1)) == 0 && !slices.Contains(harmless, n) {
			list = append(list, n)
		}
	}
	return list
}

// A shutdown is one-way: no signal and no caller stops it or brings anything back.
func TestT27SignalsDuringShutdown(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := launch(t, launching{namespace: true, manifest: `
  processes:
    - {name: slow, command: "trap 'echo asked' TERM; echo up; while ! [ -e ` + dir + `/go ]; do sleep 0.02; done; echo bye"}
    - {name: quick, command: [sleep, "4341"]}
`})
	in.awaitOut("up")
	in.signal(syscall.SIGTERM)
	in.awaitOut("asked")
	for _, s := range []syscall.Signal{unix.SIGHUP, unix.SIGUSR1, unix.SIGUSR2, unix.SIGWINCH} {
		in.signal(s)
	}
	in.awaitErr("shutting_down=true")
	eventually(t, "the other one has ended", func() bool { return in.running("4341") == 0 })
	for _, args := range [][]string{{"start", "quick"}, {"restart", "slow"}, {"start", "-name", "new", "-command", "sleep 4341"}} {
		if out, code := in.pmclient(args...); code == 0 {
			t.Errorf("%v during the shutdown: %s", args, out)
		}
	}
	if n := in.running("4341"); n != 0 {
		t.Errorf("%d were started", n)
	}
	if err := os.WriteFile(dir+"/go", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	in.awaitOut("bye")
	if code := in.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// A shutdown in the middle of everything that is executed beside the processes ends, and
// leaves nothing: the reaper is the last thing to stop.
func TestT05ShutdownWhileAllIsBusy(t *testing.T) {
	t.Parallel()
	asPID1AndNot(t, func(t *testing.T, ns bool) {
		in := launch(t, launching{namespace: ns, manifest: `
  terminationGracePeriodSeconds: 8
  processes:
    - name: probed
      command: [sleep, "4342"]
      livenessProbe: {exec: {command: [sh, -c, "echo probe >&2; exec sleep 4342"]}, timeoutSeconds: 600, periodSeconds: 1}
      lifecycle: {preStop: {exec: {command: [sleep, "0.3"]}}}
    - name: starting
      command: [sleep, "4342"]
      lifecycle: {postStart: {exec: {command: [sleep, "4342"]}}}
    - {name: job, command: "echo job runs; exec sleep 4342", schedule: "@every 1s", runOnStart: true}
    - {name: crash, command: "exit 1", restartBackoff: {initial: 10ms, max: 20ms}}
    - {name: waits, command: [sleep, "4342"], dependsOn: [{name: starting, condition: Ready}]}
`})
		in.awaitOut("job runs")
		eventually(t, "the probe, the hook and three processes run", func() bool { return in.running("4342") == 5 })
		in.signal(syscall.SIGTERM)
		if code := in.code(); code != 0 {
			t.Errorf("exit code %d", code)
		}
		if n := in.running("4342"); n != 0 {
			t.Errorf("%d are left behind", n)
		}
	})
}

// T101, T49, T32: in an image of nothing, as a user that nobody knows, without rights,
// on a root that cannot be written, it does all that needs none of these.
func TestT101BareImage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		proc    string // options of /proc; none: it is not mounted
		tmp     bool
		mode    os.FileMode // of the program; with 0111 it cannot look at itself in /proc
		args    []string
		want    []string // on stderr or stdout
		code    int
		running bool // it is to be asked to end
	}{
		{"manifest", "hidepid=0", false, 0o755, nil, []string{"this interface stays off", "/tmp/processmanager.sock", "hello as 12345"}, 0, true},
		{"manifest, others are hidden in /proc", "hidepid=2", false, 0o755, nil, []string{"hello as 12345"}, 0, true},
		{"manifest, no /proc", "", false, 0o755, nil, []string{"hello as 12345"}, 0, true},
		{"manifest, a /tmp", "hidepid=0", true, 0o755, nil, []string{"socket=/tmp/processmanager.sock", "hello as 12345"}, 0, true},
		{"manifest, a program that cannot be read", "hidepid=2", false, 0o111, nil, []string{"hello as 12345"}, 0, true},
		{"command", "hidepid=0", false, 0o755, []string{"--", "/bin/busybox", "sh", "-c", "echo command as $(/bin/busybox id -u); exit 5"}, []string{"command as 12345"}, 5, false},
		{"command, no /proc", "", false, 0o755, []string{"--", "/bin/busybox", "sh", "-c", "echo command; exit 5"}, []string{"command"}, 5, false},
		{"command in PATH", "hidepid=0", false, 0o755, []string{"--", "busybox", "sh", "-c", "exit 6"}, nil, 6, false},
		{"command not found", "", false, 0o755, []string{"--", "bash"}, []string{"cannot start", "in PATH"}, 127, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := inBareImage(t, c.proc, c.tmp, c.mode, c.args)
			for _, want := range c.want {
				eventually(t, want, func() bool { return strings.Contains(in.stdout.String()+in.stderr.String(), want) })
			}
			if c.running {
				in.signal(syscall.SIGTERM)
			}
			if code := in.code(); code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
		})
	}
}

// inBareImage runs the shipped program as PID 1 where nothing is but itself, busybox
// and a manifest.
func inBareImage(t *testing.T, proc string, tmp bool, mode os.FileMode, args []string) *instance {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("a PID namespace needs root")
	}
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Skip("needs busybox-static")
	}
	in := &instance{t: t, dir: shortDir(t), exited: make(chan struct{}), silent: make(chan struct{}), stdout: &screen{}, stderr: &screen{}}
	root := t.TempDir()
	for _, dir := range []string{"proc", "bin", "etc/processmanager"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if tmp {
		if err := os.Mkdir(filepath.Join(root, "tmp"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for from, to := range map[string]string{shipped(t): "processmanager", busybox: "bin/busybox"} {
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, to), data, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	const manifest = manifestHead + `
  processes:
    - {name: hello, command: [/bin/busybox, sh, -c, "echo hello as $(/bin/busybox id -u); exec /bin/busybox sleep 1000"]}
    - {name: never, command: [/bin/busybox, "true"], schedule: "0 0 1 1 *", timeZone: Europe/Brussels}
`
	if err := os.WriteFile(filepath.Join(root, "etc/processmanager/m.yaml"), []byte(manifest), 0o644); err != nil {
		t.Fatal(err)
	}
	for path, mode := range map[string]os.FileMode{root: 0o755, filepath.Join(root, "processmanager"): mode} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	l := launching{bare: true, namespace: true, args: append([]string{"/processmanager"}, args...)}
	in.prepare(l)
	in.cmd.Env = slices.DeleteFunc(in.cmd.Env, func(kv string) bool { return !strings.HasPrefix(kv, "TEST_") })
	in.cmd.Env = append(in.cmd.Env, roleVar+"=exec", rootVar+"="+root, procVar+"="+proc, fmt.Sprintf("%s=%t", tmpVar, tmp))
	in.start(l)
	return in
}

// enterBareImage makes a folder the root of this process, and takes its rights.
func enterBareImage(root string) error {
	if err := unix.Mount(root, root, "", unix.MS_BIND, ""); err != nil {
		return err
	}
	if options := os.Getenv(procVar); options != "" {
		if err := unix.Mount("proc", root+"/proc", "proc", 0, options); err != nil {
			return err
		}
	}
	if os.Getenv(tmpVar) == "true" {
		if err := unix.Mount("none", root+"/tmp", "tmpfs", 0, "mode=1777"); err != nil {
			return err
		}
	}
	if err := unix.Mount("", root, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""); err != nil {
		return err
	}
	if err := unix.Chroot(root); err != nil {
		return err
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	for _, name := range []string{rootVar, procVar, tmpVar} {
		os.Unsetenv(name)
	}
	if err := syscall.Setgroups(nil); err != nil {
		return err
	}
	if err := syscall.Setresgid(12345, 12345, 12345); err != nil {
		return err
	}
	if err := syscall.Setresuid(12345, 12345, 12345); err != nil { // takes the capabilities, too
		return err
	}
	return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
}

// A panic in a goroutine that nobody guards is in the termination log, too.
func TestCrashIsTheLastWord(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(executable(t))
	cmd.Env = append(cleanEnviron(), roleVar+"=crash", nextVar+"="+path)
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "oops") {
		t.Errorf("%v: %s", err, out)
	}
	if word, err := os.ReadFile(path); err != nil || !strings.Contains(string(word), "panic: oops") {
		t.Errorf("termination log: %q, %v", word, err)
	}
}
