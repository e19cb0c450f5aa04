package top

import (
	"flag"
	"testing"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

var update = flag.Bool("update", false, "write the golden files anew")

// shop is a manager with a process in every kind of state, at the time of the bubble.
func shop() *actors {
	a := newActors()
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // when a bubble begins
	ago := func(d time.Duration) *time.Time { return new(now.Add(-d)) }
	a.picture.Managers = []Manager{{Info: &supervisor.SystemInfo{Version: "v1.4.0", PID: 1, Init: true, StartTime: now.Add(-26 * time.Hour)}}}
	for _, p := range []supervisor.ProcessInfo{
		{
			Name: "api-0", Group: "api", Command: "/app/api --listen=:8081", PID: new(43), Status: supervisor.StatusRunning, CPUPercent: 0.4, MemoryMB: 18.3,
			StartTime: ago(3 * time.Hour), Run: 2, Reason: supervisor.ReasonUnhealthy, Labels: map[string]string{"app": "api"},
			Probes: []supervisor.ProbeInfo{{Probe: "readiness", Failures: 4, Message: "HTTP status 503", Time: ago(time.Second)}, {Probe: "liveness", OK: true, Successes: 1080, Time: ago(3 * time.Second)}},
		},
		{
			Name: "flaky", Command: "/app/flaky", Status: supervisor.StatusBackoff, StartTime: ago(time.Minute), Restarts: 7, Signal: new("SIGSEGV"), Reason: supervisor.ReasonSignaled,
			NextRetry: ago(-25 * time.Second), Run: 8,
		},
		{Name: "late", Command: "/app/late", Status: supervisor.StatusPending, WaitsFor: []string{"migrate (Completed)"}},
		{
			Name: "migrate", Command: "/app/migrate --to latest", Status: supervisor.StatusFailed, StartTime: ago(time.Hour), EndTime: ago(59 * time.Minute), ExitCode: new(1), Reason: supervisor.ReasonError,
			Error: "exit code 1: \x1b[31mrelation\x1b[0m \"cart\" does not exist\nsecond line", Run: 1,
		},
		{
			Name: "payments-worker-with-a-long-name-0", Command: "/app/worker", PID: new(51), Status: supervisor.StatusRunning, Ready: true, CPUPercent: 148.2, MemoryMB: 1260, StartTime: ago(26 * time.Hour), Run: 1,
			Memory: &supervisor.MemoryInfo{LimitMB: 2048, By: "cgroup"}, Labels: map[string]string{"app": "shop", "tier": "back"},
		},
		{Name: "report", Command: "pg_dump shop > /backup/shop", Status: supervisor.StatusScheduled, Cron: "30 2 * * *", NextRun: ago(-150 * time.Minute), JobID: "nightly"},
		{
			Name: "web", Command: "/app/server --listen=:8080", PID: new(42), Status: supervisor.StatusRunning, Ready: true, CPUPercent: 12.34, MemoryMB: 64.25,
			StartTime: ago(90 * time.Minute), EndTime: ago(91 * time.Minute), Restarts: 2, ExitCode: new(3), Reason: supervisor.ReasonError, Run: 3, Labels: map[string]string{"app": "shop", "tier": "front"},
			Probes: []supervisor.ProbeInfo{{Probe: "readiness", OK: true, Successes: 540, Time: ago(4 * time.Second)}},
		},
	} {
		a.picture.Rows = append(a.picture.Rows, Row{ProcessInfo: new(p)})
	}
	line := func(back time.Duration, stream supervisor.Stream, run uint64, msg string) supervisor.LogLine {
		return supervisor.LogLine{Time: now.Add(-back), Stream: stream, Run: run, Msg: msg}
	}
	a.details[ID{Name: "web"}] = Detail{
		Info: a.picture.Rows[6].ProcessInfo,
		Lives: []supervisor.LifeRecord{
			{Name: "web", Run: 2, StartTime: ago(3 * time.Hour), EndTime: *ago(91 * time.Minute), ExitCode: new(3), Reason: supervisor.ReasonError},
			{Name: "web", Run: 1, EndTime: *ago(4 * time.Hour), Reason: supervisor.ReasonStartError, Error: "no such file\x1b[1m"},
		},
		Lines: []supervisor.LogLine{line(2*time.Second, supervisor.Stdout, 3, "GET /cart 200"), line(time.Second, supervisor.Stderr, 3, "\x1b[33mslow\x1b[0m: 漢字\tafter a tab\x07")},
		Tree: []supervisor.TreeProcess{
			{PID: 42, Name: "server", Command: "/app/server --listen=:8080", State: "sleeping", CPUPercent: 10, MemoryMB: 60, Threads: 9},
			{PID: 44, PPID: 42, Depth: 1, Name: "sh", Command: "sh -c 'sleep 10'", State: "running", CPUPercent: 2.3, MemoryMB: 3, Threads: 1},
			{PID: 45, PPID: 44, Depth: 2, Name: "sleep", State: "sleeping", MemoryMB: 1.2, Threads: 1, Task: "livenessProbe"},
		},
		Spec: &supervisor.Spec{
			Name: "web", Command: supervisor.Command{Argv: []string{"/app/server"}}, RestartPolicy: supervisor.RestartAlways, Env: []supervisor.EnvVar{{Name: "TOKEN", Value: "not-for-the-screen"}},
			ReadinessProbe: &supervisor.Probe{HTTPGet: &supervisor.HTTPGetAction{Path: "/ready", Port: "8080"}, PeriodSeconds: new(10)}, Essential: true,
		},
	}
	return a
}

// The screens of a visit, judged by eye: on a terminal of the usual size, a small and a
// very wide one.
func TestScreens(t *testing.T) {
	a := shop()
	play(t, a, Options{Where: "/run/pm-rpc.sock"}, func(s *stage) {
		for i := range 30 { // a minute goes by
			a.put(func(p *supervisor.ProcessInfo) { p.CPUPercent = float64((i * 7) % 60) }, ID{Name: "web"})
			a.put(func(p *supervisor.ProcessInfo) { p.MemoryMB = 1200 + float64(i*3) }, ID{Name: "payments-worker-with-a-long-name-0"})
			s.pass(2 * time.Second)
		}
		s.shot("the table")
		for _, size := range [][2]int{{160, 20}, {120, 16}, {60, 12}, {40, 8}, {24, 5}, {12, 3}, {5, 1}} {
			s.size(size[0], size[1])
			s.shot("the table")
		}
		s.size(80, 24)
		s.keys("C", "down")
		s.shot("by CPU, the next one selected")
		s.keys("home", "/", "front")
		s.shot("a filter is typed")
		s.keys("enter", "x")
		s.shot("stop it?")
		s.keys("n", "K", "te")
		s.shot("which signal?")
		s.keys("esc", "enter")
		s.shot("details")
		s.keys("end")
		s.size(60, 16)
		s.shot("details, the end")
		s.size(80, 24)
		s.keys("esc", "l")
		a.logs <- []Entry{
			{LogLine: supervisor.LogLine{Time: s.now.Add(-time.Hour), Run: 2, Stream: supervisor.Stderr, Msg: "panic: no more"}},
			{LogLine: supervisor.LogLine{Time: s.now, Run: 3, Stream: supervisor.Stdout, Msg: "ready <now>, and a line that is too long for this screen: " + "0123456789012345678901234567890123456789 to the end"}},
			{Remark: "17 bytes are lost: they were overwritten before they could be sent"},
			{LogLine: supervisor.LogLine{Time: s.now, Run: 3, Stream: supervisor.Stderr, Msg: "\x1b]0;title\x07GET /cart?a=1&b=2: \x1b[31m500\x1b[0m 漢字\r"}},
		}
		s.settle()
		s.shot("logs")
		s.keys("w", "T", "/", "GET", "enter")
		s.shot("logs, wrapped, with times, searched")
		s.keys("esc", "?")
		s.shot("help")
		s.keys("esc")
		a.away(errLost, nil)
		s.pass(20 * time.Second)
		s.shot("the manager is away")
		s.golden("testdata/screens.txt")
	})
}
