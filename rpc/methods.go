package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

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
	Errors      []error // sentinels it may return, Closed and Forbidden among them
	Changes     bool    // runs on when its caller has gone
	Waits       bool    // lasts as long as its caller wants; ends with the server
	WebSocket   bool    // WebSocket only
	Open        bool    // may be called without a role
	// Notifications that a call begins, in the words of [Notifications].
	Notifications []string

	call func(ctx context.Context, s *session, raw json.RawMessage) (any, *Error)
}

// Methods returns the table, in the order of the document.
func Methods() []Method {
	return slices.Concat(changeMethods(), lookMethods(), managerMethods(), subscriptionMethods(), protocolMethods())
}

// changeMethods change one process.
func changeMethods() []Method {
	return []Method{
		define("process.start", func(ctx context.Context, s *session, p StartParams) (*supervisor.ProcessInfo, error) {
			return s.control().Start(waiting(ctx, p.Wait), s.caller(), supervisor.StartRequest{
				Name: p.Name, Command: p.Command, Log: p.Log, Deadline: p.Deadline, Cron: p.Cron, JobID: p.JobID, Spec: p.Spec,
			})
		}).doc("Start a process", "Makes a new process that is not in the manifest and starts it, or, without a command, starts an existing idle one again. "+
			"It returns when the first life runs, or when the schedule is armed or a dependency is waited for. Such a process never restarts by itself.").
			changes(supervisor.ErrInvalid, supervisor.ErrExists, supervisor.ErrNotFound, supervisor.ErrStart),

		define("process.stop", func(ctx context.Context, s *session, p ChangeParams) (*supervisor.ProcessInfo, error) {
			return s.control().Stop(p.context(ctx), s.caller(), p.Name)
		}).doc("Stop a process", "Ends the process and disarms its schedule and its restarts. It returns when nothing of its tree is left.").
			changes(supervisor.ErrNotFound, supervisor.ErrNotRunning, supervisor.ErrStopTimeout),

		define("process.restart", func(ctx context.Context, s *session, p ChangeParams) (*supervisor.ProcessInfo, error) {
			return s.control().Restart(p.context(ctx), s.caller(), p.Name)
		}).doc("Restart a process", "Ends the current life and starts a new one; what is idle is started. It returns when the new life runs.").
			changes(supervisor.ErrNotFound, supervisor.ErrStart, supervisor.ErrStopTimeout),

		define("process.delete", func(ctx context.Context, s *session, p ChangeParams) (bool, error) {
			err := s.control().Delete(p.context(ctx), s.caller(), p.Name)
			return err == nil, err
		}).doc("Delete a process", "Stops the process and forgets it.").
			result("deleted", "Always true.").
			changes(supervisor.ErrNotFound, supervisor.ErrStopTimeout),

		define("process.signal", sendSignal).
			doc("Send a signal", "Sends a signal to the leader of a process, and to nothing else. What the process does then is its own affair: a signal that ends it is an exit like any other, and its restartPolicy decides.").
			changes(supervisor.ErrNotFound, supervisor.ErrNotRunning, supervisor.ErrInvalid),

		define("process.trigger", func(ctx context.Context, s *session, p ChangeParams) (*supervisor.ProcessInfo, error) {
			return s.control().Trigger(p.context(ctx), s.caller(), p.Name)
		}).doc("Run a process now", "Begins a run now, beside the schedule where there is one. Under concurrencyPolicy Allow it is one more run, which the result is about, else nothing may be going on. It returns when the life runs.").
			changes(supervisor.ErrNotFound, supervisor.ErrExists, supervisor.ErrStart),

		define("process.probe", probe).
			doc("Probe a process now", "Makes one attempt of a probe of the process, or of each that it has, beside those that are made anyway; of a name with replicas or runs, of theirs. "+
				"Nothing but the answer comes of it: it counts neither for thresholds and readiness nor in metrics. It is for operators, because an exec probe runs a command. It lasts at most as long as the probe's timeoutSeconds.").
			result("results", "One for each probe of each process that runs.").
			changes(supervisor.ErrNotFound, supervisor.ErrNotRunning, supervisor.ErrInvalid),

		define("process.exec", execIn).
			doc("Run a command in the context of a process", "Runs a command once as an exec probe of the process is run: with its environment, directory, user, groups, umask and limits, without a stdin and without a terminal. "+
				"Of a process that runs the context is that of its life, with which the command ends; of one that does not it is the one that its next life would get. "+
				"It returns when nothing of the command is left; an exit code other than 0 is a result, not an error. When the caller goes, the command runs on to its end or its timeout.").
			result("result", "How it has ended, and what it wrote.").
			changes(supervisor.ErrNotFound, supervisor.ErrInvalid, supervisor.ErrNotRunning, supervisor.ErrStart, supervisor.ErrStopTimeout),
	}
}

// lookMethods show processes.
func lookMethods() []Method {
	return []Method{
		define("process.status", func(ctx context.Context, s *session, p NameParams) (*supervisor.ProcessInfo, error) {
			return s.control().Status(ctx, s.caller(), p.Name)
		}).doc("Describe a process", "Describes one process at this moment.").
			fails(supervisor.ErrNotFound),

		define("process.list", list).
			doc("List processes", "Describes all processes, or those selected, sorted by name.").
			result("processes", "Sorted by name.").
			fails(),

		define("process.logs", logs).
			doc("Show captured output", "Returns the newest captured lines, oldest first. To previous the answer is NotFound when there was no life before.").
			result("lines", "Oldest first.").
			fails(supervisor.ErrNotFound, supervisor.ErrInvalid),

		define("process.history", history).
			doc("Show ended lives", "Returns the lives that have ended: of a scheduled process as many as its history limits say, of others the last ten.").
			result("lives", "Newest first.").
			fails(supervisor.ErrNotFound),

		define("process.tree", func(ctx context.Context, s *session, p NameParams) ([]supervisor.TreeProcess, error) {
			list, err := s.control().Tree(ctx, s.caller(), p.Name)
			return listed(list), err
		}).doc("Show the processes of a tree", "Lists the living processes of a process's tree, each before its children; of a name with replicas or runs, theirs one after the other. "+
			"The numbers are of the last sample, at most a second old. A viewer sees no arguments.").
			result("processes", "Each before its children; empty when nothing lives.").
			fails(supervisor.ErrNotFound),

		define("process.wait", wait).
			doc("Wait for a process", "Returns when the condition is true. It lasts as long as the caller wants: it ends when the time is up (StopTimeout), when the connection does, "+
				"when the condition cannot become true by itself any more (NotRunning), and with the manager (Closed).").
			result("process", "The process when the condition was true; for deleted the last that was known of it, or its name alone.").
			waits(supervisor.ErrNotFound, supervisor.ErrInvalid, supervisor.ErrNotRunning, supervisor.ErrStopTimeout),
	}
}

// managerMethods are about the manifest and the manager itself.
func managerMethods() []Method {
	return []Method{
		define("manifest.get", func(ctx context.Context, s *session, _ NoParams) (*supervisor.ManifestInfo, error) {
			return s.control().Manifest(ctx, s.caller())
		}).doc("Show the manifest in force", "Describes the manifest in force, with all defaults. Values out of mounted secrets are not part of it.").
			result("manifest", "What is in force.").
			fails(),

		define("manifest.diff", diff).
			doc("Compare a manifest", "Tells what manifest.apply would do with the text, without doing it.").
			result("changes", "Empty: it is the same.").
			fails(supervisor.ErrInvalid),

		define("manifest.apply", apply).
			doc("Apply a manifest", "Makes the text the manifest in force, until the file changes or the manager ends. It returns when the changes have been begun: "+
				"what must end first may still be ending. On an error nothing is changed.").
			result("changes", "What is being changed; empty: nothing.").
			changes(supervisor.ErrInvalid),

		define("system.info", func(ctx context.Context, s *session, _ NoParams) (*supervisor.SystemInfo, error) {
			return s.control().System(ctx, s.caller())
		}).doc("Describe the manager", "Describes the manager itself.").
			result("system", "The manager at this moment.").
			fails(),

		define("system.shutdown", func(ctx context.Context, s *session, _ NoParams) (bool, error) {
			err := s.control().Shutdown(ctx, s.caller())
			return err == nil, err
		}).doc("End the manager", "Begins the ordered end of all processes and of the manager, with exit code 0, and returns.").
			result("begun", "Always true.").
			changes(),
	}
}

// protocolMethods are about the API itself.
func protocolMethods() []Method {
	return []Method{
		define("session.authenticate", authenticate).
			doc("Authenticate a WebSocket", "The first message of a WebSocket that was opened without an Authorization header, as a browser's must be.").
			result("session", "What the caller may do.").
			overWebSocket(),

		define("rpc.discover", func(_ context.Context, s *session, _ NoParams) (json.RawMessage, error) {
			return s.srv.document.oneLine(), s.caller().MayLook()
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

func (m Method) waits(list ...error) Method {
	m = m.fails(list...)
	m.Waits = true
	return m
}

func (m Method) overWebSocket() Method {
	m.Errors = []error{supervisor.ErrForbidden}
	m.WebSocket, m.Open = true, true
	return m
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
