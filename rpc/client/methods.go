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
}

// Start calls process.start. Makes a new process that is not in the manifest
// and starts it, or, without a command, starts an existing idle one again. It
// returns when the first life runs, or when the schedule is armed or a
// dependency is waited for. Such a process never restarts by itself.
func (c *Client) Start(ctx context.Context, p StartParams) (result *supervisor.ProcessInfo, err error) {
	err = c.Call(ctx, "process.start", p, &result)
	return result, err
}

// Stop calls process.stop. Ends the process and disarms its schedule and its
// restarts. It returns when nothing of its tree is left.
func (c *Client) Stop(ctx context.Context, name string) (result *supervisor.ProcessInfo, err error) {
	err = c.Call(ctx, "process.stop", map[string]string{"name": name}, &result)
	return result, err
}

// Restart calls process.restart. Ends the current life and starts a new one;
// what is idle is started. It returns when the new life runs.
func (c *Client) Restart(ctx context.Context, name string) (result *supervisor.ProcessInfo, err error) {
	err = c.Call(ctx, "process.restart", map[string]string{"name": name}, &result)
	return result, err
}

// Delete calls process.delete. Stops the process and forgets it.
func (c *Client) Delete(ctx context.Context, name string) error {
	return c.Call(ctx, "process.delete", map[string]string{"name": name}, nil)
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
	// Only lines at or after this time.
	Since time.Time `json:"since,omitzero"`
}

// Logs calls process.logs. Returns the newest captured lines, oldest first.
func (c *Client) Logs(ctx context.Context, p LogsParams) (result []supervisor.LogLine, err error) {
	err = c.Call(ctx, "process.logs", p, &result)
	return result, err
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
