// Code generated from openrpc.json by rpc/gen. DO NOT EDIT.

package client

import (
	"context"
	"encoding/json"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// StartParams are the parameters of process.start.
type StartParams struct {
	// Unique name: letters, digits, '_', '.', '-', at most 63 bytes.
	Name string `json:"name"`
	// Shell text. Absent: start the existing idle process of that name again.
	Command string `json:"command,omitempty"`
	// Also write a file under the log directory. The lines in memory are always
	// kept.
	Log bool `json:"log,omitempty"`
	// Seconds that a run may last. 0: no limit.
	Deadline int `json:"deadline,omitempty"`
	// Schedule: 5 fields, 6 with seconds first, @hourly and the like, or @every
	// 90s. Absent: start now, once.
	Cron string `json:"cron,omitempty"`
	// Free text of the caller, given back as job_id.
	JobID string `json:"jobid,omitempty"`
	// The whole definition, as a manifest has it, in place of command, log,
	// deadline and cron. Its name may be left out; its restartPolicy is Never
	// unless given.
	Spec *supervisor.Spec `json:"spec,omitempty"`
}

// Start calls process.start. Makes a new process that is not in the manifest
// and starts it, or, without a command, starts an existing idle one again. It
// returns when the first life runs, or when the schedule is armed or a
// dependency is waited for. Such a process never restarts by itself. Under
// [supervisor.NoWait] it returns as soon as the work has begun.
func (c *Client) Start(ctx context.Context, p StartParams) (result *supervisor.ProcessInfo, err error) {
	err = c.Call(ctx, "process.start", struct {
		StartParams
		Wait *bool `json:"wait,omitempty"`
	}{p, waitOf(ctx)}, &result)
	return result, err
}

// Stop calls process.stop. Ends the process and disarms its schedule and its
// restarts. It returns when nothing of its tree is left. Under
// [supervisor.NoWait] it returns as soon as the work has begun.
func (c *Client) Stop(ctx context.Context, name string) (result *supervisor.ProcessInfo, err error) {
	err = c.Call(ctx, "process.stop", struct {
		Name string `json:"name"`
		Wait *bool  `json:"wait,omitempty"`
	}{name, waitOf(ctx)}, &result)
	return result, err
}

// Restart calls process.restart. Ends the current life and starts a new one;
// what is idle is started. It returns when the new life runs. Under
// [supervisor.NoWait] it returns as soon as the work has begun.
func (c *Client) Restart(ctx context.Context, name string) (result *supervisor.ProcessInfo, err error) {
	err = c.Call(ctx, "process.restart", struct {
		Name string `json:"name"`
		Wait *bool  `json:"wait,omitempty"`
	}{name, waitOf(ctx)}, &result)
	return result, err
}

// Delete calls process.delete. Stops the process and forgets it. Under
// [supervisor.NoWait] it returns as soon as the work has begun.
func (c *Client) Delete(ctx context.Context, name string) error {
	return c.Call(ctx, "process.delete", struct {
		Name string `json:"name"`
		Wait *bool  `json:"wait,omitempty"`
	}{name, waitOf(ctx)}, nil)
}

// SignalParams are the parameters of process.signal.
type SignalParams struct {
	// Name of the process.
	Name string `json:"name"`
	// Signal by name, with or without SIG (SIGHUP, hup, SIGRTMIN+3), or by number,
	// 1 to 64.
	Signal string `json:"signal"`
}

// Signal calls process.signal. Sends a signal to the leader of a process, and
// to nothing else. What the process does then is its own affair: a signal that
// ends it is an exit like any other, and its restartPolicy decides.
func (c *Client) Signal(ctx context.Context, p SignalParams) (result *supervisor.ProcessInfo, err error) {
	err = c.Call(ctx, "process.signal", p, &result)
	return result, err
}

// Trigger calls process.trigger. Begins a run now, beside the schedule where
// there is one. Under concurrencyPolicy Allow it is one more run, which the
// result is about, else nothing may be going on. It returns when the life runs. Under
// [supervisor.NoWait] it returns as soon as the work has begun.
func (c *Client) Trigger(ctx context.Context, name string) (result *supervisor.ProcessInfo, err error) {
	err = c.Call(ctx, "process.trigger", struct {
		Name string `json:"name"`
		Wait *bool  `json:"wait,omitempty"`
	}{name, waitOf(ctx)}, &result)
	return result, err
}

// ProbeParams are the parameters of process.probe.
type ProbeParams struct {
	// Name of the process.
	Name string `json:"name"`
	// The probe to make. Absent: each that the process has.
	Probe supervisor.ProbeKind `json:"probe,omitempty"`
}

// Probe calls process.probe. Makes one attempt of a probe of the process, or of
// each that it has, beside those that are made anyway; of a name with replicas
// or runs, of theirs. Nothing but the answer comes of it: it counts neither for
// thresholds and readiness nor in metrics. It is for operators, because an exec
// probe runs a command. It lasts at most as long as the probe's timeoutSeconds.
func (c *Client) Probe(ctx context.Context, p ProbeParams) (result []supervisor.ProbeResult, err error) {
	err = c.Call(ctx, "process.probe", p, &result)
	return result, err
}

// ExecParams are the parameters of process.exec.
type ExecParams struct {
	// Name of the process.
	Name string `json:"name"`
	// A list is executed, its first word looked up in the process's PATH; a text is
	// run by the shell. Nothing expands in it.
	Command supervisor.Command `json:"command"`
	// After this time it is killed with all that it started, for example 5s or 10m.
	// Absent: 30s.
	Timeout supervisor.Duration `json:"timeout,omitempty"`
}

// Exec calls process.exec. Runs a command once as an exec probe of the process
// is run: with its environment, directory, user, groups, umask and limits,
// without a stdin and without a terminal. Of a process that runs the context is
// that of its life, with which the command ends; of one that does not it is the
// one that its next life would get. It returns when nothing of the command is
// left; an exit code other than 0 is a result, not an error. When the caller
// goes, the command runs on to its end or its timeout.
func (c *Client) Exec(ctx context.Context, p ExecParams) (result supervisor.ExecResult, err error) {
	err = c.Call(ctx, "process.exec", p, &result)
	return result, err
}

// Status calls process.status. Describes one process at this moment.
func (c *Client) Status(ctx context.Context, name string) (result *supervisor.ProcessInfo, err error) {
	err = c.Call(ctx, "process.status", map[string]string{"name": name}, &result)
	return result, err
}

// ListParams are the parameters of process.list.
type ListParams struct {
	// Only processes with all of these labels.
	Labels map[string]string `json:"labels,omitempty"`
	// Only processes in one of these states.
	Status []supervisor.Status `json:"status,omitempty"`
}

// List calls process.list. Describes all processes, or those selected, sorted
// by name.
func (c *Client) List(ctx context.Context, p ListParams) (result []*supervisor.ProcessInfo, err error) {
	err = c.Call(ctx, "process.list", p, &result)
	return result, err
}

// LogsParams are the parameters of process.logs.
type LogsParams struct {
	// Name of the process.
	Name string `json:"name"`
	// How many of the newest lines are wanted. Absent or 0: 100.
	Lines int `json:"lines,omitempty"`
	// Only this stream. Absent: both, in the order written.
	Stream supervisor.Stream `json:"stream,omitempty"`
	// Only lines of the life before the current or last one. A subscription begins
	// there, and goes on with all that was written behind it.
	Previous bool `json:"previous,omitempty"`
	// Only lines at or after this time.
	Since time.Time `json:"since,omitzero"`
}

// Logs calls process.logs. Returns the newest captured lines, oldest first. To
// previous the answer is NotFound when there was no life before.
func (c *Client) Logs(ctx context.Context, p LogsParams) (result []supervisor.LogLine, err error) {
	err = c.Call(ctx, "process.logs", p, &result)
	return result, err
}

// History calls process.history. Returns the lives that have ended: of a
// scheduled process as many as its history limits say, of others the last ten.
func (c *Client) History(ctx context.Context, name string) (result []supervisor.LifeRecord, err error) {
	err = c.Call(ctx, "process.history", map[string]string{"name": name}, &result)
	return result, err
}

// Tree calls process.tree. Lists the living processes of a process's tree, each
// before its children; of a name with replicas or runs, theirs one after the
// other. The numbers are of the last sample, at most a second old. A viewer
// sees no arguments.
func (c *Client) Tree(ctx context.Context, name string) (result []supervisor.TreeProcess, err error) {
	err = c.Call(ctx, "process.tree", map[string]string{"name": name}, &result)
	return result, err
}

// WaitParams are the parameters of process.wait.
type WaitParams struct {
	// Name of the process.
	Name string `json:"name"`
	// What is waited for; it is about the present: what has been true and is no
	// more does not count.
	Condition supervisor.WaitCondition `json:"condition"`
	// How long to wait, for example 30s or 5m. Absent: as long as the caller stays.
	Timeout supervisor.Duration `json:"timeout,omitempty"`
}

// Wait calls process.wait. Returns when the condition is true. It lasts as long
// as the caller wants: it ends when the time is up (StopTimeout), when the
// connection does, when the condition cannot become true by itself any more
// (NotRunning), and with the manager (Closed).
func (c *Client) Wait(ctx context.Context, p WaitParams) (result *supervisor.ProcessInfo, err error) {
	err = c.Call(ctx, "process.wait", p, &result)
	return result, err
}

// ManifestGet calls manifest.get. Describes the manifest in force, with all
// defaults. Values out of mounted secrets are not part of it.
func (c *Client) ManifestGet(ctx context.Context) (result *supervisor.ManifestInfo, err error) {
	err = c.Call(ctx, "manifest.get", nil, &result)
	return result, err
}

// ManifestDiffParams are the parameters of manifest.diff.
type ManifestDiffParams struct {
	// The manifest as YAML text. Absent: the manager's own file or directory, read
	// now.
	Manifest string `json:"manifest,omitempty"`
}

// ManifestDiff calls manifest.diff. Tells what manifest.apply would do with the
// text, without doing it.
func (c *Client) ManifestDiff(ctx context.Context, p ManifestDiffParams) (result []supervisor.Change, err error) {
	err = c.Call(ctx, "manifest.diff", p, &result)
	return result, err
}

// ManifestApplyParams are the parameters of manifest.apply.
type ManifestApplyParams struct {
	// The manifest as YAML text. Absent: the manager's own file or directory, read
	// now.
	Manifest string `json:"manifest,omitempty"`
}

// ManifestApply calls manifest.apply. Makes the text the manifest in force,
// until the file changes or the manager ends. It returns when the changes have
// been begun: what must end first may still be ending. On an error nothing is
// changed.
func (c *Client) ManifestApply(ctx context.Context, p ManifestApplyParams) (result []supervisor.Change, err error) {
	err = c.Call(ctx, "manifest.apply", p, &result)
	return result, err
}

// SystemInfo calls system.info. Describes the manager itself.
func (c *Client) SystemInfo(ctx context.Context) (result *supervisor.SystemInfo, err error) {
	err = c.Call(ctx, "system.info", nil, &result)
	return result, err
}

// SystemShutdown calls system.shutdown. Begins the ordered end of all processes
// and of the manager, with exit code 0, and returns.
func (c *Client) SystemShutdown(ctx context.Context) error {
	return c.Call(ctx, "system.shutdown", nil, nil)
}

// EventsSubscribeParams are the parameters of events.subscribe.
type EventsSubscribeParams struct {
	// Only events of this process, or of its replicas or runs. Absent: of all, and
	// of the manager.
	Name string `json:"name,omitempty"`
	// Only events of processes with all of these labels.
	Labels map[string]string `json:"labels,omitempty"`
}

// EventsSubscribe calls events.subscribe. From now on what happens comes as
// notifications events.event. A listener that is 1024 events behind is ended. The
// subscription survives the loss of its connection; see [Subscription].
func (c *Client) EventsSubscribe(ctx context.Context, p EventsSubscribeParams) (*Subscription[EventNotice], error) {
	return subscribe(ctx, c, "events.subscribe", p, newEventNotice)
}

// LogsSubscribeParams are the parameters of logs.subscribe.
type LogsSubscribeParams struct {
	// Name of the process.
	Name string `json:"name"`
	// How many of the newest lines are wanted. Absent or 0: 100.
	Lines int `json:"lines,omitempty"`
	// Only this stream. Absent: both, in the order written.
	Stream supervisor.Stream `json:"stream,omitempty"`
	// Only lines of the life before the current or last one. A subscription begins
	// there, and goes on with all that was written behind it.
	Previous bool `json:"previous,omitempty"`
	// Only lines at or after this time.
	Since time.Time `json:"since,omitzero"`
}

// LogsSubscribe calls logs.subscribe. The newest captured lines and all that
// follow come as notifications logs.line, until the process is deleted. The
// subscription survives the loss of its connection; see [Subscription].
func (c *Client) LogsSubscribe(ctx context.Context, p LogsSubscribeParams) (*Subscription[LineNotice], error) {
	return subscribe(ctx, c, "logs.subscribe", p, newLineNotice)
}

// Discover calls rpc.discover. Returns this document.
func (c *Client) Discover(ctx context.Context) (result json.RawMessage, err error) {
	err = c.Call(ctx, "rpc.discover", nil, &result)
	return result, err
}

// sentinelOf maps the codes of the API to the errors of package supervisor. It
// returns nil for the codes of JSON-RPC itself.
func sentinelOf(code int) error {
	switch code {
	case -32001:
		return supervisor.ErrNotFound
	case -32002:
		return supervisor.ErrExists
	case -32003:
		return supervisor.ErrInvalid
	case -32004:
		return supervisor.ErrNotRunning
	case -32005:
		return supervisor.ErrStart
	case -32006:
		return supervisor.ErrStopTimeout
	case -32007:
		return supervisor.ErrClosed
	case -32008:
		return supervisor.ErrForbidden
	}
	return nil
}
