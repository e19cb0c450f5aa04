package supervisortest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// Fake is a supervisor.Control in memory. Its fields may be set before use; the
// methods may be called from any goroutine.
type Fake struct {
	// Hook, when not nil, runs at the beginning of each call with the method's
	// name; an error it returns is the call's answer. It may block or panic, to
	// play a slow or broken manager.
	Hook func(ctx context.Context, method string) error
	// Now stamps what is started. Default: a fixed moment.
	Now func() time.Time
	// Snap is what Snapshot returns.
	Snap supervisor.Snapshot
	// Sys is what System returns; the number of processes is counted.
	Sys supervisor.SystemInfo

	mu       sync.Mutex
	procs    map[string]*supervisor.ProcessInfo
	logs     map[string][]supervisor.LogLine
	events   []happened
	streams  int                                // open ones
	history  map[string][]supervisor.LifeRecord // newest first
	trees    map[string][]supervisor.TreeProcess
	probes   map[string][]supervisor.ProbeResult
	execs    map[string]supervisor.ExecResult
	manifest supervisor.ManifestInfo
	plans    map[string][]supervisor.Change
	changed  chan struct{} // closed when a process has changed, and made anew
	closed   bool
	calls    []Call
	pid      int
}

// Call is one recorded call.
type Call struct {
	Method string
	Who    supervisor.Caller
	Arg    any
}

var _ supervisor.Control = (*Fake)(nil)

// Epoch is the moment at which everything in a Fake happens by default.
var Epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// New returns an empty Fake.
func New() *Fake {
	return &Fake{
		Now: func() time.Time { return Epoch },
		Sys: supervisor.SystemInfo{
			Version: "1.2.3", PID: 1, Init: true, StartTime: Epoch,
			Trees: "proc", TreesWhy: "no cgroup is delegated", Limits: "watch", LimitsWhy: "no cgroup is delegated", Controllers: []string{},
			Container: &supervisor.ContainerInfo{
				MemoryMB: 96.5, MemoryBy: "cgroup", MemoryLimitMB: 512, MemoryLimitBy: "cgroup", CPUSeconds: 12.5, CPUs: 2, Tasks: 21, TasksLimit: 512,
			},
		},
		procs:    map[string]*supervisor.ProcessInfo{},
		logs:     map[string][]supervisor.LogLine{},
		history:  map[string][]supervisor.LifeRecord{},
		trees:    map[string][]supervisor.TreeProcess{},
		probes:   map[string][]supervisor.ProbeResult{},
		execs:    map[string]supervisor.ExecResult{},
		manifest: supervisor.ManifestInfo{Source: "none", GraceSecs: 25, ExitPolicy: supervisor.ExitNever, Processes: []supervisor.Spec{}},
		plans:    map[string][]supervisor.Change{},
		changed:  make(chan struct{}),
		pid:      100,
	}
}

// Put sets a process as it is to be reported.
func (f *Fake) Put(info supervisor.ProcessInfo) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.procs[info.Name] = &info
	f.emitOf(&info, supervisor.EventStatus)
	f.tell()
}

// AddLog appends captured lines of a process.
func (f *Fake) AddLog(name string, lines ...supervisor.LogLine) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.logs[name] = append(f.logs[name], lines...)
	f.tell()
}

// Streams returns how many streams of events and lines are open.
func (f *Fake) Streams() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.streams
}

// Calls returns what was called, in order.
func (f *Fake) Calls() []Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

func (f *Fake) enter(ctx context.Context, method string, who supervisor.Caller, arg any) error {
	f.mu.Lock()
	f.calls = append(f.calls, Call{method, who, arg})
	closed := f.closed
	f.mu.Unlock()
	if closed {
		return supervisor.ErrClosed
	}
	if f.Hook != nil {
		return f.Hook(ctx, method)
	}
	return nil
}

// tell wakes those who wait. f.mu is held.
func (f *Fake) tell() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// Start implements supervisor.Control.
func (f *Fake) Start(ctx context.Context, who supervisor.Caller, req supervisor.StartRequest) (*supervisor.ProcessInfo, error) {
	if err := f.enter(ctx, "Start", who, req); err != nil {
		return nil, err
	}
	if err := who.MayChange(); err != nil {
		return nil, err
	}
	if err := supervisor.CheckName(req.Name); err != nil {
		return nil, err
	}
	if req.Deadline < 0 {
		return nil, fmt.Errorf("%w: deadline %d: want 0 (none) or a number of seconds", supervisor.ErrInvalid, req.Deadline)
	}
	made, err := definition(req)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := f.find("start", req.Name)
	known := err == nil
	switch {
	case known && (made.Command != "" || info.PID != nil):
		return nil, fmt.Errorf("cannot start %q: %w (%s)", req.Name, supervisor.ErrExists, info.Status)
	case !known && made.Command == "":
		return nil, fmt.Errorf("cannot start %q: %w (give a command to make one)", req.Name, supervisor.ErrNotFound)
	case !known:
		info = made
		f.procs[req.Name] = info
	}
	f.run(info)
	f.tell()
	out := *info
	return &out, nil
}

// definition is the process that a request defines.
func definition(req supervisor.StartRequest) (*supervisor.ProcessInfo, error) {
	info := &supervisor.ProcessInfo{
		Name: req.Name, Command: req.Command, LogEnabled: req.Log, Deadline: req.Deadline, Cron: req.Cron, JobID: req.JobID,
	}
	s := req.Spec
	switch {
	case s == nil:
		return info, nil
	case req.Command != "" || req.Log || req.Deadline != 0 || req.Cron != "":
		return nil, fmt.Errorf("cannot start %q: %w: command, log, deadline and cron are part of spec: give them there", req.Name, supervisor.ErrInvalid)
	case s.Name != "" && s.Name != req.Name:
		return nil, fmt.Errorf("cannot start %q: %w: spec.name is %q", req.Name, supervisor.ErrInvalid, s.Name)
	case s.Command.IsZero():
		return nil, fmt.Errorf("cannot start %q: %w: command: required", req.Name, supervisor.ErrInvalid)
	}
	info.Command, info.LogEnabled, info.Cron, info.Labels = s.Command.Shell, s.Log.File, s.Schedule, s.Labels
	if info.Command == "" {
		info.Command = strings.Join(slices.Concat(s.Command.Argv, s.Args), " ")
	}
	if s.ActiveDeadlineSeconds != nil {
		info.Deadline = int(*s.ActiveDeadlineSeconds)
	}
	return info, nil
}

// run starts a process: a scheduled one waits for its time.
func (f *Fake) run(info *supervisor.ProcessInfo) {
	if info.Cron != "" {
		now := f.Now()
		info.Status, info.NextRun = supervisor.StatusScheduled, &now
		f.emitOf(info, supervisor.EventStatus)
		return
	}
	f.live(info)
}

// live begins a life.
func (f *Fake) live(info *supervisor.ProcessInfo) {
	now := f.Now()
	f.pid++
	pid := f.pid
	info.PID, info.Status, info.Ready, info.StartTime = &pid, supervisor.StatusRunning, true, &now
	info.Run++
	f.emitOf(info, supervisor.EventStatus)
}

// end ends the life that there is, and disarms the schedule.
func (f *Fake) end(info *supervisor.ProcessInfo, reason supervisor.Reason) {
	lived := info.PID != nil
	if lived {
		f.remember(supervisor.LifeRecord{
			Name: info.Name, Run: info.Run, StartTime: info.StartTime, EndTime: f.Now(), Signal: new("SIGTERM"), Reason: reason,
			Log: f.lastLines(info.Name, info.Run),
		})
	}
	info.PID, info.NextRun, info.Ready, info.Status = nil, nil, false, supervisor.StatusStopped
	info.Reason = reason
	if lived {
		f.emitOf(info, supervisor.EventEnded)
	}
	f.emitOf(info, supervisor.EventStatus)
}

func (f *Fake) find(verb, name string) (*supervisor.ProcessInfo, error) {
	info := f.procs[name]
	if info == nil { // the first replica stands for all
		for _, first := range slices.Sorted(maps.Keys(f.procs)) {
			if f.procs[first].Group == name {
				return f.procs[first], nil
			}
		}
		return nil, fmt.Errorf("cannot %s %q: %w", verb, name, supervisor.ErrNotFound)
	}
	return info, nil
}

func (f *Fake) change(ctx context.Context, who supervisor.Caller, method, verb, name string, do func(*supervisor.ProcessInfo) error) (*supervisor.ProcessInfo, error) {
	if err := f.enter(ctx, method, who, name); err != nil {
		return nil, err
	}
	if err := who.MayChange(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := f.find(verb, name)
	if err != nil {
		return nil, err
	}
	before := *info
	if err := do(info); err != nil {
		return nil, err
	}
	f.tell()
	out := *info
	if !supervisor.Waits(ctx) && before.PID != nil { // its end has begun, and is seen by who asks later
		out = before
		out.Status, out.Ready = supervisor.StatusStopping, false
	}
	return &out, nil
}

// Stop implements supervisor.Control.
func (f *Fake) Stop(ctx context.Context, who supervisor.Caller, name string) (*supervisor.ProcessInfo, error) {
	return f.change(ctx, who, "Stop", "stop", name, func(info *supervisor.ProcessInfo) error {
		if info.PID == nil && info.NextRun == nil {
			return fmt.Errorf("cannot stop %q: %w (%s)", name, supervisor.ErrNotRunning, info.Status)
		}
		f.end(info, supervisor.ReasonStoppedByUser)
		return nil
	})
}

// Restart implements supervisor.Control.
func (f *Fake) Restart(ctx context.Context, who supervisor.Caller, name string) (*supervisor.ProcessInfo, error) {
	return f.change(ctx, who, "Restart", "restart", name, func(info *supervisor.ProcessInfo) error {
		f.end(info, supervisor.ReasonStoppedByUser)
		f.run(info)
		return nil
	})
}

// Delete implements supervisor.Control.
func (f *Fake) Delete(ctx context.Context, who supervisor.Caller, name string) error {
	_, err := f.change(ctx, who, "Delete", "delete", name, func(*supervisor.ProcessInfo) error {
		f.forget(name)
		return nil
	})
	return err
}

func (f *Fake) forget(name string) {
	if info := f.procs[name]; info != nil {
		f.emitOf(info, supervisor.EventDeleted)
	}
	delete(f.procs, name)
	delete(f.logs, name)
	delete(f.history, name)
}

// Status implements supervisor.Control.
func (f *Fake) Status(ctx context.Context, who supervisor.Caller, name string) (*supervisor.ProcessInfo, error) {
	if err := f.enter(ctx, "Status", who, name); err != nil {
		return nil, err
	}
	if err := who.MayLook(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := f.find("show", name)
	if err != nil {
		return nil, err
	}
	out := *info
	return &out, nil
}

// List implements supervisor.Control.
func (f *Fake) List(ctx context.Context, who supervisor.Caller, req supervisor.ListRequest) ([]*supervisor.ProcessInfo, error) {
	if err := f.enter(ctx, "List", who, req); err != nil {
		return nil, err
	}
	if err := who.MayLook(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	list := []*supervisor.ProcessInfo{}
	for _, name := range slices.Sorted(maps.Keys(f.procs)) {
		out := *f.procs[name]
		if selected(&out, req) {
			list = append(list, &out)
		}
	}
	return list, nil
}

func selected(info *supervisor.ProcessInfo, req supervisor.ListRequest) bool {
	for k, v := range req.Labels {
		if info.Labels[k] != v {
			return false
		}
	}
	return len(req.Status) == 0 || slices.Contains(req.Status, info.Status)
}

// Logs implements supervisor.Control.
func (f *Fake) Logs(ctx context.Context, who supervisor.Caller, req supervisor.LogsRequest) ([]supervisor.LogLine, error) {
	if err := f.enterLogs(ctx, "Logs", who, req); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.newest(req)
}

func (f *Fake) enterLogs(ctx context.Context, method string, who supervisor.Caller, req supervisor.LogsRequest) error {
	if err := f.enter(ctx, method, who, req); err != nil {
		return err
	}
	return who.MayLook()
}

// newest are the captured lines that a request selects. f.mu is held.
func (f *Fake) newest(req supervisor.LogsRequest) ([]supervisor.LogLine, error) {
	info, err := f.find("show the log of", req.Name)
	if err != nil {
		return nil, err
	}
	if req.Previous && info.Run < 2 {
		return nil, supervisor.NoPreviousRun(req.Name, info.Run)
	}
	lines := slices.DeleteFunc(slices.Clone(f.logs[req.Name]), func(l supervisor.LogLine) bool {
		return req.Stream != "" && l.Stream != req.Stream || l.Time.Before(req.Since) || req.Previous && l.Run+1 != info.Run
	})
	want := req.Lines
	if want == 0 {
		want = supervisor.DefaultLogLines
	}
	if want < 0 {
		return nil, fmt.Errorf("cannot show the log of %q: %w: lines %d is negative", req.Name, supervisor.ErrInvalid, want)
	}
	return append([]supervisor.LogLine{}, lines[max(0, len(lines)-want):]...), nil
}

// Snapshot implements supervisor.Control.
func (f *Fake) Snapshot(ctx context.Context, req supervisor.SnapshotRequest) (*supervisor.Snapshot, error) {
	if err := f.enter(ctx, "Snapshot", supervisor.Caller{}, req); err != nil {
		return nil, err
	}
	snap := f.Snap
	return &snap, nil
}
