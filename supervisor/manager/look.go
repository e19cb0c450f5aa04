package manager

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/linux"
	"github.com/processmanager/processmanager/supervisor/internal/logbuf"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// onDemand is the age at which a reader finds a usage sample too old.
const onDemand = time.Second

// view is a copy of what the loop knows of an entry, to be shaped elsewhere.
type view struct {
	spec  *supervisor.Spec // not to be changed
	text  string
	jobID string
	proc  machine.Proc
	own   bool
	stats stats
	log   *logbuf.Log
	group string // name in the manifest, of a replica or a run
	says  string // what the process says of itself
	found []supervisor.ProbeInfo
	fault string               // why the manager has ended the last life, in words
	words []supervisor.LogLine // what the last life wrote last, if it has failed
	limit *supervisor.MemoryInfo
}

// view copies what there is to know of a name; nil when there is nothing.
func (l *loop) view(name string) *view {
	if e := l.entries[name]; e != nil {
		return e.view()
	}
	return nil
}

// view copies an entry.
func (e *entry) view() *view {
	v := &view{spec: e.spec, text: e.text, jobID: e.jobID, proc: e.proc, own: e.own, log: e.log, group: cmp.Or(e.group, e.parent), limit: e.m.memoryInfo(e.spec), fault: e.lastFault, words: e.lastFailure()}
	if e.life != nil && e.proc.Alive() {
		v.says, v.found = e.life.text, probeInfos(e)
	}
	return v
}

// Status implements supervisor.Control.
func (m *Manager) Status(ctx context.Context, who supervisor.Caller, name string) (*supervisor.ProcessInfo, error) {
	if err := who.MayLook(); err != nil {
		return nil, refused("show", name, err)
	}
	var (
		v        *view
		replicas []string
	)
	if err := m.ask(ctx, func(l *loop) { v, replicas = l.view(name), l.replicaNames(name) }); err != nil {
		return nil, refused("show", name, err)
	}
	if v == nil {
		return nil, notOne("show", name, replicas)
	}
	m.os.Sample(onDemand, false)
	info := v.info(m.os.UsageOf(name))
	info.LastLog = v.words
	return info, nil
}

// notOne is the error for a name that is not that of one process.
func notOne(verb, name string, replicas []string) error {
	if len(replicas) > 0 {
		return fmt.Errorf("cannot %s %q: %w: it has replicas, ask for one of them: %s", verb, name, supervisor.ErrNotFound, strings.Join(replicas, ", "))
	}
	return fmt.Errorf("cannot %s %q: %w", verb, name, supervisor.ErrNotFound)
}

// replicaNames lists the replicas of a name.
func (l *loop) replicaNames(name string) []string {
	var list []string
	for _, e := range l.replicas[name] {
		list = append(list, e.spec.Name)
	}
	return list
}

// List implements supervisor.Control.
func (m *Manager) List(ctx context.Context, who supervisor.Caller, req supervisor.ListRequest) ([]*supervisor.ProcessInfo, error) {
	if err := who.MayLook(); err != nil {
		return nil, fmt.Errorf("cannot list: %w", err)
	}
	var views []*view
	if err := m.ask(ctx, func(l *loop) {
		views = make([]*view, 0, len(l.entries))
		for _, name := range l.sortedNames() {
			if v := l.view(name); v.selected(req) {
				views = append(views, v)
			}
		}
	}); err != nil {
		return nil, fmt.Errorf("cannot list: %w", err)
	}
	m.os.Sample(onDemand, false)
	list := make([]*supervisor.ProcessInfo, len(views))
	for i, v := range views {
		list[i] = v.info(m.os.UsageOf(v.spec.Name))
	}
	return list, nil
}

func (v *view) selected(req supervisor.ListRequest) bool {
	if !hasLabels(v.spec.Labels, req.Labels) {
		return false
	}
	return len(req.Status) == 0 || slices.Contains(req.Status, v.proc.Status())
}

// info is the public description.
func (v *view) info(use linux.TreeUsage) *supervisor.ProcessInfo {
	p := v.proc
	info := &supervisor.ProcessInfo{
		Name: v.spec.Name, Command: v.text, Status: p.Status(), Ready: p.Ready(),
		LogEnabled: v.spec.Log.File, Cron: v.spec.Schedule, JobID: v.jobID,
		Deadline: int(value(v.spec.ActiveDeadlineSeconds)), Error: v.trouble(),
		Restarts: int(p.Restarts), Reason: p.Reason(), Run: p.Gen, Labels: v.spec.Labels,
		Group: v.group, EndTime: endTime(p), StatusText: v.says, Probes: v.found, Memory: v.limit,
	}
	if p.PID != 0 {
		pid := p.PID
		info.PID = &pid
	}
	if p.Alive() { // a sample may be older than the end
		info.CPUPercent = round(use.CPUPercent, 10)
		info.MemoryMB = round(float64(use.ResidentBytes)/(1<<20), 100)
		info.TreeSize, info.Threads = use.TreeSize, use.Threads
	}
	info.CPUSeconds = round((use.CPUUser + use.CPUSystem).Seconds(), 100)
	if !p.Born.IsZero() {
		born := p.Born.Round(0)
		info.StartTime = &born
	}
	if last, ok := lastExit(p); ok {
		if last.Signal != 0 {
			text := last.Signal.String()
			info.Signal = &text
		} else if last.Err == "" {
			code := last.Code
			info.ExitCode = &code
		}
	}
	if !p.CronAt.IsZero() {
		at := p.CronAt.Round(0)
		info.NextRun = &at
	}
	if p.State == machine.Backoff {
		at := p.Due.Round(0)
		info.NextRetry = &at
	}
	if p.State == machine.Waiting {
		info.WaitsFor = waitsFor(p)
	}
	return info
}

// lastExit is how the last life ended, or, of what never lived because of a
// dependency, what it counts as.
func lastExit(p machine.Proc) (machine.Exit, bool) {
	if p.State == machine.Idle && p.Why == supervisor.ReasonDependencyFailed {
		return p.Final, true
	}
	return p.Last.Exit, p.Last.Gen != 0
}

// trouble says in words what is wrong; empty: nothing.
func (v *view) trouble() string {
	p := v.proc
	how := ""
	if faulted(p.Last.Reason) {
		how = string(p.Last.Reason)
		if v.fault != "" {
			how += ": " + v.fault
		}
	}
	switch e := p.Last.Exit; {
	case how != "":
	case p.Last.Gen == 0:
	case e.Err != "":
		how = e.Err
	case e.Signal != 0:
		how = "ended by " + e.Signal.String()
		if slices.Contains(v.spec.SuccessExitCodes, e.ShellCode()) {
			how += fmt.Sprintf(", which is not the exit code %d of successExitCodes", e.ShellCode())
		}
	case e.Code != 0:
		how = fmt.Sprintf("exit code %d", e.Code)
	}
	if p.Last.Reason == supervisor.ReasonOOMKilled {
		how = "out of memory: " + how
	}
	switch {
	case p.Status() == supervisor.StatusStuck:
		return survivor(p) + " survived SIGKILL"
	case p.State == machine.Backoff:
		return how
	case p.State != machine.Idle || p.Outcome != machine.Failed:
		return ""
	}
	switch {
	case p.Why == supervisor.ReasonDependencyFailed:
		return "a process it depends on has failed, or did not get ready in time: " + fmt.Sprint(p.Unmet)
	case p.Why == supervisor.ReasonDeadlineExceeded:
		return "the run was longer than " + count(int(value(v.spec.ActiveDeadlineSeconds)), "second")
	case p.Why == supervisor.ReasonBackoffLimitExceeded:
		return "gave up after " + count(p.Rules.MaxRestarts, "restart") + ": " + how
	}
	return how
}

// count is a number of things, in words.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// survivor says who is stuck.
func survivor(p machine.Proc) string {
	if p.PID == 0 {
		return "a descendant of it"
	}
	return fmt.Sprintf("pid %d", p.PID)
}

// waitsFor names the unmet dependencies.
func waitsFor(p machine.Proc) []string {
	var list []string
	for _, n := range p.Rules.Needs {
		if slices.Contains(p.Unmet, n.Name) {
			list = append(list, fmt.Sprintf("%s (%s)", n.Name, n.Condition))
		}
	}
	return list
}

func round(x, unit float64) float64 { return float64(int64(x*unit+0.5)) / unit }

// Logs implements supervisor.Control.
func (m *Manager) Logs(ctx context.Context, who supervisor.Caller, req supervisor.LogsRequest) ([]supervisor.LogLine, error) {
	log, err := m.logOf(ctx, who, "show the log of", req)
	if err != nil {
		return nil, err
	}
	lines := log.Tail(query(req))
	if lines == nil {
		lines = []supervisor.LogLine{}
	}
	return lines, nil
}

func query(req supervisor.LogsRequest) logbuf.Query {
	return logbuf.Query{Lines: req.Lines, Stream: req.Stream, Since: req.Since, Previous: req.Previous}
}

// logOf checks a request for lines and finds the log.
func (m *Manager) logOf(ctx context.Context, who supervisor.Caller, verb string, req supervisor.LogsRequest) (*logbuf.Log, error) {
	if err := who.MayLook(); err != nil {
		return nil, refused(verb, req.Name, err)
	}
	if req.Lines < 0 {
		return nil, fmt.Errorf("cannot %s %q: %w: lines %d is negative (0 means %d)", verb, req.Name, supervisor.ErrInvalid, req.Lines, supervisor.DefaultLogLines)
	}
	switch req.Stream {
	case "", supervisor.Stdout, supervisor.Stderr:
	default:
		return nil, fmt.Errorf("cannot %s %q: %w: stream %q (want stdout, stderr or nothing for both)", verb, req.Name, supervisor.ErrInvalid, req.Stream)
	}
	var (
		log      *logbuf.Log
		replicas []string
	)
	if err := m.ask(ctx, func(l *loop) {
		replicas = l.replicaNames(req.Name)
		if e := l.entries[req.Name]; e != nil {
			log = e.log
		}
	}); err != nil {
		return nil, refused(verb, req.Name, err)
	}
	if log == nil {
		return nil, notOne(verb, req.Name, replicas)
	}
	if run, before := log.Lives(); req.Previous && before == 0 {
		return nil, supervisor.NoPreviousRun(req.Name, run)
	}
	return log, nil
}
