package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// A Method is one row of the table: there is no other way to reach code by a
// name.
type Method struct {
	Name        string
	Summary     string
	Description string
	Params      []Param
	ParamsName  string       // name of the Go type of the parameters; "" when there are none
	Result      reflect.Type // as encoding/json writes it
	ResultName  string
	ResultDoc   string
	Errors      []error // sentinels it may return beside Closed and Forbidden
	Changes     bool    // runs on when its caller has gone
	WebSocket   bool    // WebSocket only
	Open        bool    // may be called without a role

	call func(ctx context.Context, s *session, raw json.RawMessage) (any, *Error)
}

// NoParams are the parameters of a method without any.
type NoParams struct{}

// NameParams are the parameters of a method on one process.
type NameParams struct {
	Name string `json:"name" doc:"Name of the process."`
}

// StartParams are the parameters of process.start.
type StartParams struct {
	Name     string `json:"name" doc:"Unique name: letters, digits, '_', '.', '-', at most 63 bytes."`
	Command  string `json:"command,omitempty" doc:"Shell text. Absent: start the existing idle process of that name again."`
	Log      bool   `json:"log,omitempty" doc:"Also write a file under the log directory. The lines in memory are always kept."`
	Deadline int    `json:"deadline,omitempty" doc:"Seconds that a run may last. 0: no limit."`
	Cron     string `json:"cron,omitempty" doc:"Schedule: 5 fields, 6 with seconds first, @hourly and the like, or @every 90s. Absent: start now, once."`
	JobID    string `json:"jobid,omitempty" doc:"Free text of the caller, given back as job_id."`
}

// ListParams are the parameters of process.list.
type ListParams struct {
	Labels map[string]string   `json:"labels,omitempty" doc:"Only processes with all of these labels."`
	Status []supervisor.Status `json:"status,omitempty" doc:"Only processes in one of these states."`
}

// LogsParams are the parameters of process.logs.
type LogsParams struct {
	Name   string            `json:"name" doc:"Name of the process."`
	Lines  int               `json:"lines,omitempty" doc:"How many of the newest lines are wanted. Absent or 0: 100."`
	Stream supervisor.Stream `json:"stream,omitempty" doc:"Only this stream. Absent: both, in the order written."`
	Since  time.Time         `json:"since,omitzero" doc:"Only lines at or after this time."`
}

// AuthenticateParams are the parameters of session.authenticate.
type AuthenticateParams struct {
	Secret string `json:"secret" doc:"The secret of the manager, or that of viewers."`
}

// AuthenticateResult tells what the caller may do from now on.
type AuthenticateResult struct {
	Role string `json:"role" doc:"operator may change, viewer may look."`
}

// Methods returns the table, in the order of the document.
func Methods() []Method {
	return []Method{
		define("process.start", func(ctx context.Context, s *session, p StartParams) (*supervisor.ProcessInfo, error) {
			return s.control().Start(ctx, s.caller(), supervisor.StartRequest{
				Name: p.Name, Command: p.Command, Log: p.Log, Deadline: p.Deadline, Cron: p.Cron, JobID: p.JobID,
			})
		}).doc("Start a process", "Makes a new process that is not in the manifest and starts it, or, without a command, starts an existing idle one again. "+
			"It returns when the first life runs, or when the schedule is armed or a dependency is waited for. Such a process never restarts by itself.").
			changes(supervisor.ErrInvalid, supervisor.ErrExists, supervisor.ErrNotFound, supervisor.ErrStart),

		define("process.stop", func(ctx context.Context, s *session, p NameParams) (*supervisor.ProcessInfo, error) {
			return s.control().Stop(ctx, s.caller(), p.Name)
		}).doc("Stop a process", "Ends the process and disarms its schedule and its restarts. It returns when nothing of its tree is left.").
			changes(supervisor.ErrNotFound, supervisor.ErrNotRunning, supervisor.ErrStopTimeout),

		define("process.restart", func(ctx context.Context, s *session, p NameParams) (*supervisor.ProcessInfo, error) {
			return s.control().Restart(ctx, s.caller(), p.Name)
		}).doc("Restart a process", "Ends the current life and starts a new one; what is idle is started. It returns when the new life runs.").
			changes(supervisor.ErrNotFound, supervisor.ErrStart, supervisor.ErrStopTimeout),

		define("process.delete", func(ctx context.Context, s *session, p NameParams) (bool, error) {
			err := s.control().Delete(ctx, s.caller(), p.Name)
			return err == nil, err
		}).doc("Delete a process", "Stops the process and forgets it.").
			result("deleted", "Always true.").
			changes(supervisor.ErrNotFound, supervisor.ErrStopTimeout),

		define("process.status", func(ctx context.Context, s *session, p NameParams) (*supervisor.ProcessInfo, error) {
			return s.control().Status(ctx, s.caller(), p.Name)
		}).doc("Describe a process", "Describes one process at this moment.").
			fails(supervisor.ErrNotFound),

		define("process.list", list).
			doc("List processes", "Describes all processes, or those selected, sorted by name.").
			result("processes", "Sorted by name.").
			fails(),

		define("process.logs", logs).
			doc("Show captured output", "Returns the newest captured lines, oldest first.").
			result("lines", "Oldest first.").
			fails(supervisor.ErrNotFound, supervisor.ErrInvalid),

		define("session.authenticate", authenticate).
			doc("Authenticate a WebSocket", "The first message of a WebSocket that was opened without an Authorization header, as a browser's must be.").
			result("session", "What the caller may do.").
			overWebSocket(),

		define("rpc.discover", func(_ context.Context, s *session, _ NoParams) (json.RawMessage, error) {
			return s.srv.document, s.caller().MayLook()
		}).doc("Describe this API", "Returns this document.").
			result("document", "An OpenRPC document.").
			fails(),
	}
}

// MethodNames lists the names of all methods, in the order of the table.
func MethodNames() []string {
	var list []string
	for _, m := range Methods() {
		list = append(list, m.Name)
	}
	return list
}

func list(ctx context.Context, s *session, p ListParams) ([]*supervisor.ProcessInfo, error) {
	for _, status := range p.Status {
		if err := oneOf("process.list", "status", status, supervisor.Statuses()); err != nil {
			return nil, err
		}
	}
	found, err := s.control().List(ctx, s.caller(), supervisor.ListRequest{Labels: p.Labels, Status: p.Status})
	if found == nil {
		found = []*supervisor.ProcessInfo{} // [] in JSON, never null
	}
	return found, err
}

func logs(ctx context.Context, s *session, p LogsParams) ([]supervisor.LogLine, error) {
	if p.Stream != "" {
		if err := oneOf("process.logs", "stream", p.Stream, streams()); err != nil {
			return nil, err
		}
	}
	lines, err := s.control().Logs(ctx, s.caller(), supervisor.LogsRequest{
		Name: p.Name, Lines: p.Lines, Stream: p.Stream, Since: p.Since,
	})
	if lines == nil {
		lines = []supervisor.LogLine{}
	}
	return lines, err
}

func streams() []supervisor.Stream { return []supervisor.Stream{supervisor.Stdout, supervisor.Stderr} }

func oneOf[T ~string](method, name string, got T, want []T) error {
	words := make([]string, len(want))
	for i, w := range want {
		if w == got {
			return nil
		}
		words[i] = string(w)
	}
	return newError(CodeInvalidParams, "cannot call %s: parameter %q: %q is not one of %v%s", method, name, clip(string(got)), words, didYouMean(string(got), words))
}

// define makes a row from a function on typed parameters.
func define[P, R any](name string, do func(context.Context, *session, P) (R, error)) Method {
	list := paramsOf(reflect.TypeFor[P]())
	m := Method{Name: name, Params: list, Result: reflect.TypeFor[R](), ResultName: "process", ResultDoc: "The process after the call."}
	if len(list) > 0 {
		m.ParamsName = reflect.TypeFor[P]().Name()
	}
	m.call = func(ctx context.Context, s *session, raw json.RawMessage) (any, *Error) {
		var p P
		if bad := bind(name, list, raw, reflect.ValueOf(&p)); bad != nil {
			return nil, bad
		}
		result, err := do(ctx, s, p)
		if err != nil {
			return nil, toError(err, processName(p))
		}
		return result, nil
	}
	return m
}

func (m Method) doc(summary, description string) Method {
	m.Summary, m.Description = summary, description
	return m
}

func (m Method) result(name, doc string) Method {
	m.ResultName, m.ResultDoc = name, doc
	return m
}

func (m Method) fails(list ...error) Method {
	m.Errors = append(list, supervisor.ErrClosed, supervisor.ErrForbidden)
	return m
}

func (m Method) changes(list ...error) Method {
	m = m.fails(list...)
	m.Changes = true
	return m
}

func (m Method) overWebSocket() Method {
	m.Errors = []error{supervisor.ErrForbidden}
	m.WebSocket, m.Open = true, true
	return m
}

// processName finds the process that parameters speak of.
func processName(params any) string {
	switch p := params.(type) {
	case NameParams:
		return clip(p.Name)
	case StartParams:
		return clip(p.Name)
	case LogsParams:
		return clip(p.Name)
	}
	return ""
}

// table is the method table by name.
func table() map[string]Method {
	t := map[string]Method{}
	for _, m := range Methods() {
		if _, twice := t[m.Name]; twice {
			panic(fmt.Sprintf("method %s is defined twice", m.Name))
		}
		t[m.Name] = m
	}
	return t
}
