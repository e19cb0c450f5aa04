package supervisortest

import (
	"context"
	"fmt"
	"slices"

	"github.com/processmanager/processmanager/supervisor"
)

// maxHistory is how many ended lives are kept of one process.
const maxHistory = 10

// AddHistory sets lives that have ended, newest first.
func (f *Fake) AddHistory(name string, lives ...supervisor.LifeRecord) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.history[name] = append(f.history[name], lives...)
}

func (f *Fake) remember(life supervisor.LifeRecord) {
	list := slices.Insert(f.history[life.Name], 0, life)
	f.history[life.Name] = list[:min(len(list), maxHistory)]
}

// lastLines are the newest lines of one life, at most ten.
func (f *Fake) lastLines(name string, run uint64) []supervisor.LogLine {
	lines := slices.DeleteFunc(slices.Clone(f.logs[name]), func(l supervisor.LogLine) bool { return l.Run != run })
	return append([]supervisor.LogLine{}, lines[max(0, len(lines)-10):]...)
}

// Signal implements supervisor.Control.
func (f *Fake) Signal(ctx context.Context, who supervisor.Caller, name string, sig supervisor.Signal) (*supervisor.ProcessInfo, error) {
	if err := f.enter(ctx, "Signal", who, SignalCall{name, sig}); err != nil {
		return nil, err
	}
	if err := who.MayChange(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := f.find("signal", name)
	switch {
	case err != nil:
		return nil, err
	case sig < 1 || sig > 64:
		return nil, fmt.Errorf("cannot signal %q: %w: there is no signal %d", name, supervisor.ErrInvalid, int(sig))
	case info.PID == nil:
		return nil, fmt.Errorf("cannot signal %q: %w (%s)", name, supervisor.ErrNotRunning, info.Status)
	}
	out := *info
	return &out, nil
}

// SignalCall is what Calls records of a Signal.
type SignalCall struct {
	Name   string
	Signal supervisor.Signal
}

// Trigger implements supervisor.Control.
func (f *Fake) Trigger(ctx context.Context, who supervisor.Caller, name string) (*supervisor.ProcessInfo, error) {
	return f.change(ctx, who, "Trigger", "trigger", name, func(info *supervisor.ProcessInfo) error {
		if info.PID != nil {
			return supervisor.Say(supervisor.ErrExists, "cannot trigger %q: it is %s already, and runs once at a time: wait for its end, or restart it", name, info.Status)
		}
		f.live(info)
		return nil
	})
}

// PutProbes sets what probes of a process find.
func (f *Fake) PutProbes(name string, results ...supervisor.ProbeResult) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.probes[name] = results
}

// Probe implements supervisor.Control: what PutProbes has set, as long as the process
// runs.
func (f *Fake) Probe(ctx context.Context, who supervisor.Caller, req supervisor.ProbeRequest) ([]supervisor.ProbeResult, error) {
	if err := f.enter(ctx, "Probe", who, req); err != nil {
		return nil, err
	}
	if err := who.MayChange(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := f.find("probe", req.Name)
	switch {
	case err != nil:
		return nil, err
	case info.PID == nil:
		return nil, fmt.Errorf("cannot probe %q: %w (%s)", req.Name, supervisor.ErrNotRunning, info.Status)
	}
	list := slices.DeleteFunc(slices.Clone(f.probes[req.Name]), func(r supervisor.ProbeResult) bool { return req.Probe != "" && r.Probe != req.Probe })
	if len(list) == 0 {
		return nil, fmt.Errorf("cannot probe %q: %w: it has no such probe", req.Name, supervisor.ErrInvalid)
	}
	return list, nil
}

// PutExec sets how every command ends that is run in the context of a process.
func (f *Fake) PutExec(name string, result supervisor.ExecResult) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.execs[name] = result
}

// Exec implements supervisor.Control: what PutExec has set, else a success without output.
func (f *Fake) Exec(ctx context.Context, who supervisor.Caller, req supervisor.ExecRequest) (*supervisor.ExecResult, error) {
	if err := f.enter(ctx, "Exec", who, req); err != nil {
		return nil, err
	}
	if err := who.MayChange(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := f.find("exec in", req.Name)
	switch {
	case err != nil:
		return nil, err
	case req.Command.IsZero():
		return nil, fmt.Errorf("cannot exec in %q: %w: no command was given", req.Name, supervisor.ErrInvalid)
	}
	result, ok := f.execs[req.Name]
	if !ok {
		result = supervisor.ExecResult{ExitCode: new(0), Reason: supervisor.ReasonCompleted, Stdout: []byte{}, Stderr: []byte{}}
	}
	result.Process, result.Run = req.Name, 0
	if info.PID != nil {
		result.Run = info.Run
	}
	return &result, nil
}

// History implements supervisor.Control.
func (f *Fake) History(ctx context.Context, who supervisor.Caller, name string) ([]supervisor.LifeRecord, error) {
	if err := f.enter(ctx, "History", who, name); err != nil {
		return nil, err
	}
	if err := who.MayLook(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.find("show the history of", name); err != nil {
		return nil, err
	}
	return append([]supervisor.LifeRecord{}, f.history[name]...), nil
}

// PutTree sets the processes of a tree.
func (f *Fake) PutTree(name string, tree ...supervisor.TreeProcess) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.trees[name] = tree
}

// Tree implements supervisor.Control: what PutTree has set, as long as the process runs.
func (f *Fake) Tree(ctx context.Context, who supervisor.Caller, name string) ([]supervisor.TreeProcess, error) {
	if err := f.enter(ctx, "Tree", who, name); err != nil {
		return nil, err
	}
	if err := who.MayLook(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := f.find("show the tree of", name)
	if err != nil {
		return nil, err
	}
	list := []supervisor.TreeProcess{}
	if info.PID != nil {
		list = append(list, f.trees[name]...)
	}
	return list, nil
}
