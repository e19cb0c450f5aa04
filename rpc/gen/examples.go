package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/processmanager/processmanager/rpc"
	"github.com/processmanager/processmanager/supervisor"
)

// An exampleCall is one example of a method: parameters by name, and the result.
// A test executes every one of them; the processes they speak of are those of its
// fake manager: web, which runs, and migrate, which has completed.
type exampleCall struct {
	name   string
	params map[string]any
	result any // nil: not shown
}

var (
	moment = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

	web = supervisor.ProcessInfo{
		Name: "web", Command: "/app/server --listen=:8080", PID: new(42), Status: supervisor.StatusRunning, Ready: true,
		CPUPercent: 1.5, MemoryMB: 64, StartTime: &moment, Run: 1, Labels: map[string]string{"tier": "front"},
	}
	migrate = supervisor.ProcessInfo{
		Name: "migrate", Command: "/app/migrate --to latest", Status: supervisor.StatusCompleted, StartTime: &moment,
		ExitCode: new(0), Reason: supervisor.ReasonCompleted, Run: 1,
	}
	shop    = "apiVersion: processmanager/v1\nkind: ProcessManifest\nmetadata: {name: shop}\nspec:\n  processes:\n  - {name: web, command: [/app/server]}\n  - {name: worker, command: [/app/worker]}\n"
	changes = []supervisor.Change{
		{Name: "web", Action: supervisor.ChangeRestarted, Fields: []string{"command"}},
		{Name: "worker", Action: supervisor.ChangeAdded},
	}
	system = supervisor.SystemInfo{
		Version: "1.2.3", PID: 1, Init: true, StartTime: moment, Processes: 2,
		Trees: "proc", TreesWhy: "no cgroup is delegated", Limits: "watch", LimitsWhy: "no cgroup is delegated", Controllers: []string{},
		Container: &supervisor.ContainerInfo{
			MemoryMB: 96.5, MemoryBy: "cgroup", MemoryLimitMB: 512, MemoryLimitBy: "cgroup", CPUSeconds: 12.5, CPUs: 2, Tasks: 21, TasksLimit: 512,
		},
	}
)

var examples = map[string][]exampleCall{
	"process.start": {
		{
			"a new process",
			map[string]any{"name": "hello", "command": "echo hello world", "log": true, "jobid": "e42"},
			supervisor.ProcessInfo{
				Name: "hello", Command: "echo hello world", PID: new(101), Status: supervisor.StatusRunning, Ready: true,
				StartTime: &moment, LogEnabled: true, JobID: "e42", Run: 1,
			},
		},
		{
			"a scheduled process",
			map[string]any{"name": "report", "command": "pg_dump shop | gzip > /backup/shop.gz", "deadline": 600, "cron": "30 2 * * *"},
			supervisor.ProcessInfo{
				Name: "report", Command: "pg_dump shop | gzip > /backup/shop.gz", Status: supervisor.StatusScheduled,
				Cron: "30 2 * * *", Deadline: 600, NextRun: &moment,
			},
		},
		{
			"a process by its whole definition",
			map[string]any{"name": "api", "spec": map[string]any{
				"command": []string{"/app/api", "--listen=:9090"}, "labels": map[string]string{"tier": "back"},
				"restartPolicy": "OnFailure", "readinessProbe": map[string]any{"httpGet": map[string]any{"path": "/ready", "port": 9090}},
			}},
			supervisor.ProcessInfo{
				Name: "api", Command: "/app/api --listen=:9090", PID: new(101), Status: supervisor.StatusRunning, Ready: true,
				StartTime: &moment, Run: 1, Labels: map[string]string{"tier": "back"},
			},
		},
	},
	"process.stop": {{"stop", map[string]any{"name": "web"}, with(web, func(p *supervisor.ProcessInfo) {
		p.PID, p.Ready, p.Status, p.Reason = nil, false, supervisor.StatusStopped, supervisor.ReasonStoppedByUser
	})}, {"without waiting", map[string]any{"name": "web", "wait": false}, with(web, func(p *supervisor.ProcessInfo) {
		p.Ready, p.Status = false, supervisor.StatusStopping
	})}},
	"process.restart": {{"restart", map[string]any{"name": "web"}, with(web, func(p *supervisor.ProcessInfo) {
		p.PID, p.Run, p.Reason = new(101), 2, supervisor.ReasonStoppedByUser
	})}},
	"process.delete": {{"delete", map[string]any{"name": "web"}, true}},
	"process.status": {{"status", map[string]any{"name": "migrate"}, migrate}},
	"process.list": {
		{"all", nil, []supervisor.ProcessInfo{migrate, web}},
		{"some", map[string]any{"labels": map[string]string{"tier": "front"}, "status": []string{"running", "backoff"}}, []supervisor.ProcessInfo{web}},
	},
	"process.signal": {
		{"reload", map[string]any{"name": "web", "signal": "HUP"}, web},
		{"by number", map[string]any{"name": "web", "signal": 10}, web},
	},
	"process.trigger": {{"run it again", map[string]any{"name": "migrate"}, with(migrate, func(p *supervisor.ProcessInfo) {
		p.PID, p.Ready, p.Status, p.Run = new(101), true, supervisor.StatusRunning, 2
	})}},
	"process.probe": {
		{"one that fails", map[string]any{"name": "web", "probe": "readiness"}, []supervisor.ProbeResult{{
			Process: "web", Run: 1, Probe: supervisor.ProbeReadiness, Message: "HTTP status 503 Service Unavailable", Seconds: 0.012, Time: moment,
		}}},
		{"all", map[string]any{"name": "web"}, []supervisor.ProbeResult{
			{Process: "web", Run: 1, Probe: supervisor.ProbeLiveness, Success: true, Seconds: 0.003, Time: moment},
			{Process: "web", Run: 1, Probe: supervisor.ProbeReadiness, Message: "HTTP status 503 Service Unavailable", Seconds: 0.012, Time: moment},
		}},
	},
	"process.exec": {{"in the environment of the process", map[string]any{"name": "web", "command": []string{"printenv", "PORT"}, "timeout": "5s"}, &supervisor.ExecResult{
		Process: "web", Run: 1, ExitCode: new(0), Reason: supervisor.ReasonCompleted, Stdout: []byte("8080\n"), Stderr: []byte{}, Seconds: 0.004,
	}}},
	"process.history": {{"history", map[string]any{"name": "migrate"}, []supervisor.LifeRecord{{
		Name: "migrate", Run: 1, StartTime: &moment, EndTime: moment.Add(2 * time.Second), ExitCode: new(0), Reason: supervisor.ReasonCompleted,
		Log: []supervisor.LogLine{{Time: moment.Add(time.Second), Stream: supervisor.Stdout, Run: 1, Msg: "at version 7"}},
	}}}},
	"process.tree": {{"a server and its worker", map[string]any{"name": "web"}, []supervisor.TreeProcess{
		{
			Process: "web", PID: 42, PPID: 1, Name: "server", Command: "/app/server --listen=:8080", State: supervisor.StateSleeping, UID: new(1000),
			CPUPercent: 0.5, CPUSeconds: 12.5, MemoryMB: 40, Threads: 8, OpenFDs: new(21), ReadBytes: new(uint64(4096)), WriteBytes: new(uint64(0)), StartTime: moment,
		},
		{
			Process: "web", PID: 57, PPID: 42, Depth: 1, Name: "worker", Command: "/app/worker", State: supervisor.StateRunning, UID: new(1000),
			CPUPercent: 1, CPUSeconds: 2.25, MemoryMB: 24, Threads: 1, StartTime: moment.Add(time.Second),
		},
	}}},
	"process.wait": {
		{"until it is ready", map[string]any{"name": "web", "condition": "ready", "timeout": "30s"}, web},
		{"until it has completed", map[string]any{"name": "migrate", "condition": "completed"}, migrate},
	},
	"manifest.get": {{"get", nil, supervisor.ManifestInfo{
		Source: "file", Path: "/etc/processmanager", Revision: "9f86d081884c7d65", AppliedTime: &moment, GraceSecs: 25, ExitPolicy: supervisor.ExitWhenDone,
		Processes: []supervisor.Spec{{
			Name: "web", Labels: map[string]string{"tier": "front"}, Command: supervisor.Command{Argv: []string{"/app/server", "--listen=:8080"}},
			RestartPolicy: supervisor.RestartAlways, RestartBackoff: &supervisor.Backoff{Initial: new(supervisor.Duration(time.Second))},
			KillMode: supervisor.KillMixed, Essential: true,
		}},
	}}},
	"manifest.diff": {
		{"a text", map[string]any{"manifest": shop}, changes},
		{"the file", nil, []supervisor.Change{}},
	},
	"manifest.apply":  {{"a text", map[string]any{"manifest": shop}, changes}},
	"system.info":     {{"info", nil, system}},
	"system.shutdown": {{"shutdown", nil, true}},
	"process.logs": {{"the last error", map[string]any{"name": "web", "lines": 1, "stream": "stderr"}, []supervisor.LogLine{
		{Time: moment.Add(time.Second), Stream: supervisor.Stderr, Run: 1, Msg: "GET /cart?a=1&b=2: 500"},
	}}},
	"events.subscribe": {
		{"of one process", map[string]any{"name": "web"}, rpc.SubscribeResult{Subscription: "1"}},
		{"of a part", map[string]any{"labels": map[string]string{"tier": "front"}}, rpc.SubscribeResult{Subscription: "1"}},
	},
	"logs.subscribe":       {{"the last lines and all to come", map[string]any{"name": "web", "lines": 10}, rpc.SubscribeResult{Subscription: "1"}}},
	"unsubscribe":          {{"unsubscribe", map[string]any{"subscription": "1"}, true}},
	"session.authenticate": {{"authenticate", map[string]any{"secret": "mysecretkey"}, rpc.AuthenticateResult{Role: "operator"}}},
	"rpc.discover":         {{"discover", nil, nil}},
}

// notificationExamples are those that a test gets from its fake manager, too.
var notificationExamples = map[string][]exampleCall{
	"events.event": {{"it has become ready", map[string]any{"subscription": "1", "event": supervisor.Event{
		Seq: 3, Time: moment, Type: supervisor.EventReady, Name: "web", Run: 1, Status: supervisor.StatusRunning, Ready: true, PID: new(42),
	}}, nil}},
	"logs.line": {{"the last error", map[string]any{"subscription": "1", "line": supervisor.LogLine{
		Time: moment.Add(time.Second), Stream: supervisor.Stderr, Run: 1, Msg: "GET /cart?a=1&b=2: 500",
	}}, nil}},
	"subscription.ended": {{"the process was deleted", map[string]any{
		"subscription": "1", "reason": rpc.EndDeleted, "message": `"web" was deleted: no such process`,
	}, nil}},
}

func with(p supervisor.ProcessInfo, change func(*supervisor.ProcessInfo)) supervisor.ProcessInfo {
	change(&p)
	return p
}

// pair writes the parameters in the order declared.
func (e exampleCall) pair(m rpc.Method) (pairing, error) {
	out := pairing{Name: e.name, Params: []example{}}
	for _, p := range m.Params {
		if value, ok := e.params[p.Name]; ok {
			out.Params = append(out.Params, example{p.Name, value})
		}
	}
	if len(out.Params) != len(e.params) {
		return out, fmt.Errorf("cannot write the example %q of %s: it has a parameter that the method has not", e.name, m.Name)
	}
	if e.result != nil {
		raw, err := marshal(e.result)
		if err != nil {
			return out, fmt.Errorf("cannot write the example %q of %s: %w", e.name, m.Name, err)
		}
		out.Result = &example{m.ResultName, raw}
	}
	return out, nil
}

// marshal is json.Marshal without HTML escaping.
func marshal(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return b.Bytes(), err
}
