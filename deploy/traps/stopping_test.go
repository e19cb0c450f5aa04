package traps_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/processmanager/processmanager/rpc/client"
	"github.com/processmanager/processmanager/supervisor"
)

// The end comes while a hook of the start, a hook of the stop, probes and a scheduled
// run are going on, and processes die at the speed of the machine: the reaper is the
// last that stops, so nobody waits for an exit that is not told.
func TestT05EndWhileTasksRun(t *testing.T) {
	t.Parallel()
	in := launch(t, launching{spec: `
  processes:
    - {name: storm, command: "while :; do (sleep 0.01 &) ; sleep 0.02; done"}
    - {name: starts, command: [sleep, "1000"], lifecycle: {postStart: {exec: {command: [sleep, "2001"]}}}}
    - {name: stops, command: [sleep, "1000"], terminationGracePeriodSeconds: 8, lifecycle: {preStop: {exec: {command: [sleep, "2002"]}}}}
    - name: probed
      command: [sleep, "1000"]
      livenessProbe: {exec: {command: [sleep, "2003"]}, timeoutSeconds: 60}
      readinessProbe: {exec: {command: "sleep 2004; true"}, timeoutSeconds: 60}
    - {name: starting, command: [sleep, "1000"], startupProbe: {exec: {command: [sleep, "2005"]}, timeoutSeconds: 60}}
    - {name: cron, command: [sleep, "2006"], schedule: "* * * * * *"}
    - {name: later, command: [sleep, "1000"], terminationGracePeriodSeconds: 3, lifecycle: {preStop: {exec: {command: [sleep, "2007"]}}}}
`}).up()
	for n := 2001; n <= 2006; n++ {
		if n != 2002 {
			eventually(t, fmt.Sprintf("sleep %d goes on", n), func() bool { return len(in.marked(fmt.Sprint(n))) > 0 })
		}
	}
	stopped := make(chan error, 1)
	go func() { stopped <- second(in.api.Stop(context.Background(), "stops")) }()
	eventually(t, "the preStop hook goes on", func() bool { return len(in.marked("2002")) > 0 })
	in.signal(syscall.SIGTERM)
	in.ends(30 * time.Second)
	if err := <-stopped; err != nil && !errors.Is(err, supervisor.ErrClosed) && !errors.Is(err, client.ErrUnreachable) {
		t.Errorf("who waits for the stop is told: %v", err)
	}
	for _, bad := range []string{"left behind", "still alive", "stuck"} {
		if strings.Contains(in.out.String(), bad) {
			t.Errorf("it said %q", bad)
		}
	}
}

// One instance lives at any moment, whoever asks for what, and when.
func TestT16NeverTwo(t *testing.T) {
	t.Parallel()
	in := launch(t, launching{spec: `
  processes:
    - {name: dep, command: "sleep 0.3; touch $DIR/dep; exec sleep 1000", env: [{name: DIR, value: "` + folder(t) + `"}], readinessProbe: {exec: {command: "test -e $DIR/dep"}}}
    - {name: web, command: "trap 'sleep 0.02; exit 0' TERM; while :; do sleep 0.05; done", killMode: Mixed, env: [{name: ONLY, value: web}], dependsOn: [{name: dep, condition: Ready}]}
    - {name: cron, command: "sleep 0.2", schedule: "* * * * * *", env: [{name: ONLY, value: cron}]}
`}).up()
	in.becomes("web", supervisor.StatusRunning)
	var calls sync.WaitGroup
	var answered atomic.Int64
	var enough atomic.Bool // of calls and looks: a busy machine needs longer
	began := time.Now()
	for i := range 100 {
		calls.Go(func() {
			for round := 0; !enough.Load(); round++ {
				var err error
				switch (i + round) % 5 {
				case 0:
					_, err = in.api.Start(t.Context(), client.StartParams{Name: "web"})
				case 1:
					_, err = in.api.Stop(t.Context(), "web")
				case 2:
					_, err = in.api.Restart(t.Context(), "web")
				case 3:
					_, err = in.api.Trigger(t.Context(), "cron")
				case 4:
					_, err = in.api.Restart(t.Context(), "cron")
				}
				if err == nil {
					answered.Add(1)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { calls.Wait(); close(done) }()
	seen := 0
	for looks := 0; ; looks++ {
		for _, name := range []string{"web", "cron"} {
			seen += onlyOne(t, in, name)
		}
		few := answered.Load() < 20 || seen < 10 || looks < 10
		lasted := time.Since(began)
		if few && lasted > time.Minute {
			t.Errorf("only %d calls did something, and an instance was seen %d times in %d looks", answered.Load(), seen, looks)
		}
		enough.Store(lasted > 2500*time.Millisecond && !few || lasted > time.Minute)
		select {
		case <-done:
			return
		default:
		}
	}
}

// onlyOne wants at most one leader of a process; it returns how many were seen.
func onlyOne(t *testing.T, in *instance, name string) int {
	t.Helper()
	leaders := func() map[string]proc {
		found := map[string]proc{}
		for _, p := range having("ONLY=" + name) {
			if len(p.args) > 1 && p.args[1] == "-c" && ofInstance(p, in.mark) && sessionLeader(p.pid) {
				found[fmt.Sprint(p.pid, "/", p.start)] = p
			}
		}
		return found
	}
	first := leaders()
	if len(first) < 2 {
		return len(first)
	}
	// One may have ended while the table was read: two are two when both are there still.
	both := 0
	for key := range leaders() {
		if _, again := first[key]; again {
			both++
		}
	}
	if both > 1 {
		t.Errorf("%d instances of %s: %v", both, name, first)
	}
	return len(first)
}

func ofInstance(p proc, mark string) bool {
	env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.pid))
	return err == nil && strings.Contains("\x00"+string(env), "\x00"+markVar+"="+mark+"\x00")
}

// sessionLeader tells a life's leader from a copy of it that is about to execute
// something.
func sessionLeader(pid int) bool {
	sid, _, errno := syscall.RawSyscall(syscall.SYS_GETSID, uintptr(pid), 0, 0)
	return errno == 0 && int(sid) == pid
}

// The grace period is as long as it was asked for: who ends in time is not killed, and
// who does not is killed then.
func TestT23Grace(t *testing.T) {
	t.Parallel()
	in := launch(t, launching{spec: `
  processes:
    - {name: at-once, command: [sleep, "1000"], terminationGracePeriodSeconds: 4}
    - {name: slow, command: [sh, -c, "trap 'sleep 2; exit 3' TERM; echo up; while :; do sleep 0.1; done"], terminationGracePeriodSeconds: 4}
    - {name: never, command: [sh, -c, "trap '' TERM; echo up; while :; do sleep 0.1; done"], terminationGracePeriodSeconds: 4}
`}).up()
	in.says("slow | up")
	in.says("never | up")
	for _, test := range []struct {
		name     string
		from, to time.Duration
		code     int
		signal   string
	}{
		{"at-once", 0, 2 * time.Second, -1, "SIGTERM"},
		{"slow", 2 * time.Second, 4 * time.Second, 3, ""},
		{"never", 4 * time.Second, 6 * time.Second, -1, "SIGKILL"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			info, err := in.api.Stop(context.Background(), test.name)
			took := time.Since(began)
			if err != nil {
				t.Fatal(err)
			}
			if took < test.from || took > test.to {
				t.Errorf("the stop took %s, want %s to %s", took, test.from, test.to)
			}
			code, signal := -1, ""
			if info.ExitCode != nil {
				code = *info.ExitCode
			}
			if info.Signal != nil {
				signal = *info.Signal
			}
			if code != test.code || signal != test.signal || info.Reason != supervisor.ReasonStoppedByUser {
				t.Errorf("code %d, signal %q, reason %s", code, signal, info.Reason)
			}
		})
	}
}

// A frozen process does not die of SIGKILL, like one that waits for a dead disk: it is
// shown as stuck, is never doubled, and the container's end is not held for it.
func TestT24SurvivesSIGKILL(t *testing.T) {
	t.Parallel()
	group := cgroup(t, "freezer")
	freeze := func(word string) { writeFile(t, filepath.Join(group, "freezer.state"), word, 0o644) }
	// PID 1 of a namespace ends after all that is in it; so here it is one of many.
	in := launch(t, launching{outside: true, args: []string{"-metrics-addr", "127.0.0.1:0"}, spec: `
  processes:
    - {name: frozen, command: [sleep, "1000"], terminationGracePeriodSeconds: 1}
    - {name: other, command: [sleep, "1001"]}
`}).up()
	info := in.becomes("frozen", supervisor.StatusRunning)
	writeFile(t, filepath.Join(group, "cgroup.procs"), fmt.Sprint(*info.PID), 0o644)
	t.Cleanup(func() { freeze("THAWED") })
	freeze("FROZEN")
	if _, err := in.api.Stop(t.Context(), "frozen"); !errors.Is(err, supervisor.ErrStopTimeout) {
		t.Errorf("stop: %v", err)
	}
	stuck := in.status("frozen")
	if stuck == nil || stuck.Status != supervisor.StatusStuck || stuck.PID == nil || *stuck.PID != *info.PID {
		t.Errorf("it is shown as %+v", stuck)
	}
	in.says("is stuck")
	if n := in.metric(`processmanager_process_state{name="frozen",state="stuck"}`); n != 1 {
		t.Errorf("the metric is %v", n)
	}
	if _, err := in.api.Start(t.Context(), client.StartParams{Name: "frozen"}); !errors.Is(err, supervisor.ErrStopTimeout) {
		t.Errorf("start: %v", err)
	}
	if n := len(in.marked("1000")); n != 1 {
		t.Errorf("%d instances live", n)
	}
	in.signal(syscall.SIGTERM)
	in.ends(20 * time.Second)
	if len(in.marked("1001")) != 0 {
		t.Error("the other one was not stopped")
	}
}

// The end comes when everything is still beginning: what spawns, runs its hook, is
// probed, waits, or is in backoff.
func TestT26EndWhileStarting(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{0, 10 * time.Millisecond, 100 * time.Millisecond} {
		t.Run(after.String(), func(t *testing.T) {
			t.Parallel()
			spec := `
  processes:
    - {name: hook, command: [sleep, "1000"], lifecycle: {postStart: {exec: {command: [sleep, "1000"]}}}}
    - {name: startup, command: [sleep, "1000"], startupProbe: {exec: {command: [sleep, "1000"]}, timeoutSeconds: 100}}
    - {name: waits, command: [sleep, "1000"], dependsOn: [{name: startup, condition: Ready}]}
    - {name: crash, command: [/bin/false]}
    - {name: missing, command: [/nowhere]}
`
			for i := range 20 {
				spec += fmt.Sprintf("    - {name: many-%d, command: [sleep, '1000']}\n", i)
			}
			in := launch(t, launching{spec: spec}).up()
			<-time.After(after)
			in.signal(syscall.SIGTERM)
			in.ends(6 * time.Second)
			if rest := in.marked(""); len(rest) > 0 {
				t.Errorf("left behind: %v", rest)
			}
			if strings.Contains(in.out.String(), "left behind") || strings.Contains(in.out.String(), "SIGKILL") {
				t.Error("not everybody was asked to end")
			}
		})
	}
}

// A shutdown is one-way: SIGHUP, a new manifest, an apply and a start change nothing,
// and who asks is told why.
func TestT27ShutdownIsOneWay(t *testing.T) {
	t.Parallel()
	const held = `
  processes:
    - {name: held, command: [sh, -c, "trap '' TERM; echo up; while :; do sleep 0.1; done"], terminationGracePeriodSeconds: 3}
`
	in := launch(t, launching{spec: held}).up()
	in.says("held | up")
	in.signal(syscall.SIGTERM)
	asked := time.Now()
	in.says("shutting down")
	in.write(held + "    - {name: fresh, command: [sleep, '1000']}\n")
	in.signal(syscall.SIGHUP)
	for what, err := range map[string]error{
		"start":   second(in.api.Start(t.Context(), client.StartParams{Name: "job", Command: "sleep 1000"})),
		"restart": second(in.api.Restart(t.Context(), "held")),
		"trigger": second(in.api.Trigger(t.Context(), "held")),
		"apply":   in.api.Call(t.Context(), "manifest.apply", map[string]string{"manifest": manifestHead + held}, nil),
	} {
		if !errors.Is(err, supervisor.ErrClosed) || !strings.Contains(err.Error(), "shutting down") {
			t.Errorf("%s: %v", what, err)
		}
	}
	in.ends(6 * time.Second)
	if took := time.Since(asked); took < 3*time.Second {
		t.Errorf("the grace period was cut: %s", took)
	}
	if strings.Contains(in.out.String(), "started name=fresh") || strings.Contains(in.out.String(), "started name=job") {
		t.Error("something was started")
	}
}

// preStop is inside the grace period, and the stop signal is left two seconds of it,
// as the kubelet does. A process that ends by itself has no use for the hook.
func TestT29PreStop(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	listening := func(name, hook string, grace int) string {
		return fmt.Sprintf(`
    - name: %s
      command: [sh, -c, "trap 'echo term >>%s/%s; exit 0' TERM; echo up; while :; do sleep 0.05; done"]
      terminationGracePeriodSeconds: %d
      lifecycle: {preStop: {exec: {command: "%s"}}}`, name, dir, name, grace, strings.ReplaceAll(hook, "FILE", filepath.Join(dir, name)))
	}
	in := launch(t, launching{spec: "\n  processes:" +
		listening("short", "echo hook >>FILE; sleep 1; echo hook-end >>FILE", 6) +
		listening("long", "echo hook >>FILE; sleep 5; echo hook-end >>FILE", 3) +
		strings.Replace(listening("hangs", "echo hook >>FILE; while :; do sleep 100; done", 1), "exit 0", "true", 1) + `
    - {name: crash, command: [sh, -c, "echo up; sleep 0.2; exit 1"], restartPolicy: Never, lifecycle: {preStop: {exec: {command: "echo hook >>` + dir + `/crash"}}}}
`}).up()
	for _, name := range []string{"short", "long", "hangs"} {
		in.says(name + " | up")
	}
	in.becomes("crash", supervisor.StatusFailed)
	if _, err := os.Stat(filepath.Join(dir, "crash")); err == nil {
		t.Error("the hook was run after a crash")
	}
	for _, test := range []struct {
		name, wrote string
		from, to    time.Duration
	}{
		{"short", "hook\nhook-end\nterm\n", time.Second, 3 * time.Second},
		{"long", "hook\nterm\n", 3 * time.Second, 5 * time.Second},          // the hook is ended at 3 s, the signal has 2 more
		{"hangs", "hook\nterm\n", 3 * time.Second, 5500 * time.Millisecond}, // the hook at 1 s, then 2 s, then SIGKILL
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			if _, err := in.api.Stop(context.Background(), test.name); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took < test.from || took > test.to {
				t.Errorf("the stop took %s, want %s to %s", took, test.from, test.to)
			}
			data, err := os.ReadFile(filepath.Join(dir, test.name))
			if string(data) != test.wrote {
				t.Errorf("it wrote %q, want %q; %v", data, test.wrote, err)
			}
		})
	}
}

// A deadline ends the whole tree, also one that does not listen, with the normal
// grace; it is no reason for a retry.
func TestT52Deadline(t *testing.T) {
	t.Parallel()
	in := launch(t, launching{spec: `
  exitPolicy: Never
  processes:
    - name: job
      command: "trap '' TERM; (setsid sh -c 'trap \"\" TERM; while :; do sleep 0.1; done' &); echo up; while :; do sleep 0.1; done"
      activeDeadlineSeconds: 1
      terminationGracePeriodSeconds: 1
      restartPolicy: Always
    - {name: retries, command: "sleep 0.1; exit 1", activeDeadlineSeconds: 2, restartBackoff: {initial: 100ms, max: 100ms, jitter: 0}}
`}).up()
	in.says("job | up")
	job := in.becomes("job", supervisor.StatusFailed)
	if lived := job.EndTime.Sub(*job.StartTime); lived < 2*time.Second || lived > 20*time.Second {
		t.Errorf("it lived %s, want the deadline of 1 s and the grace of 1 s", lived)
	}
	if job.Reason != supervisor.ReasonDeadlineExceeded || job.Restarts != 0 || job.NextRetry != nil || job.Signal == nil || *job.Signal != "SIGKILL" {
		t.Errorf("%+v", job)
	}
	retries := in.becomes("retries", supervisor.StatusFailed)
	if retries.Restarts < 2 || in.status("retries").Restarts != retries.Restarts {
		t.Errorf("the deadline counts over restarts: %+v", retries)
	}
	if rest := in.marked(""); len(rest) > 0 {
		t.Errorf("left behind: %v", rest)
	}
}

// A probe that hangs never runs twice, and holds up nobody else's.
func TestT43HungProbe(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	l, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	in := launch(t, launching{outside: true, spec: `
  processes:
    - name: hung
      command: [sleep, "1000"]
      livenessProbe: {exec: {command: "echo begin >>` + dir + `/hung; sleep 3001"}, periodSeconds: 1, timeoutSeconds: 100}
      readinessProbe: {httpGet: {host: 127.0.0.1, port: ` + port + `}, periodSeconds: 1, timeoutSeconds: 100}
    - {name: well, command: [sleep, "1000"], livenessProbe: {exec: {command: "echo begin >>` + dir + `/well"}, periodSeconds: 1}}
`}).up()
	lines := func(name string) int {
		data, _ := os.ReadFile(filepath.Join(dir, name))
		return strings.Count(string(data), "begin")
	}
	eventually(t, "the other one was probed four times", func() bool { return lines("well") >= 4 })
	if n, live := lines("hung"), len(in.marked("3001")); n != 1 || live != 1 {
		t.Errorf("the hung probe was begun %d times, and %d go on", n, live)
	}
	in.signal(syscall.SIGTERM)
	in.ends(5 * time.Second)
}
