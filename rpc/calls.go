package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// NoParams are the parameters of a method without any.
type NoParams struct{}

// NameParams are the parameters of a method on one process.
type NameParams struct {
	Name string `json:"name" doc:"Name of the process."`
}

// ChangeParams are the parameters of a method that changes one process and may take its
// time.
type ChangeParams struct {
	Name string `json:"name" doc:"Name of the process."`
	Wait *bool  `json:"wait,omitempty" doc:"false: return as soon as the work has begun; process.wait and events tell the rest. Absent: true."`
}

func (p ChangeParams) context(ctx context.Context) context.Context { return waiting(ctx, p.Wait) }

// waiting is the context of a call whose parameter wait is given, or is not.
func waiting(ctx context.Context, wait *bool) context.Context {
	if wait != nil && !*wait {
		return supervisor.NoWait(ctx)
	}
	return ctx
}

// StartParams are the parameters of process.start.
type StartParams struct {
	Name     string `json:"name" doc:"Unique name: letters, digits, '_', '.', '-', at most 63 bytes."`
	Command  string `json:"command,omitempty" doc:"Shell text. Absent: start the existing idle process of that name again."`
	Log      bool   `json:"log,omitempty" doc:"Also write a file under the log directory. The lines in memory are always kept."`
	Deadline int    `json:"deadline,omitempty" doc:"Seconds that a run may last. 0: no limit."`
	Cron     string `json:"cron,omitempty" doc:"Schedule: 5 fields, 6 with seconds first, @hourly and the like, or @every 90s. Absent: start now, once."`
	JobID    string `json:"jobid,omitempty" doc:"Free text of the caller, given back as job_id."`
	// Spec stands in place of Command, Log, Deadline and Cron.
	Spec *supervisor.Spec `json:"spec,omitempty" doc:"The whole definition, as a manifest has it, in place of command, log, deadline and cron. Its name may be left out; its restartPolicy is Never unless given."`
	Wait *bool            `json:"wait,omitempty" doc:"false: return as soon as the work has begun; process.wait and events tell the rest. Absent: true."`
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
	// Previous is what kubectl logs --previous asks for.
	Previous bool      `json:"previous,omitempty" doc:"Only lines of the life before the current or last one. A subscription begins there, and goes on with all that was written behind it."`
	Since    time.Time `json:"since,omitzero" doc:"Only lines at or after this time."`
}

// SignalParams are the parameters of process.signal.
type SignalParams struct {
	Name   string     `json:"name" doc:"Name of the process."`
	Signal SignalText `json:"signal" doc:"Signal by name, with or without SIG (SIGHUP, hup, SIGRTMIN+3), or by number, 1 to 64."`
}

// SignalText is a signal as it is written. JSON has a string or a number.
type SignalText string

// UnmarshalJSON reads a string or a number; what it means is found out later.
func (t *SignalText) UnmarshalJSON(raw []byte) error {
	if raw[0] == '"' {
		return json.Unmarshal(raw, (*string)(t))
	}
	var n int
	if err := json.Unmarshal(raw, &n); err != nil {
		return fmt.Errorf("want the name of a signal, such as \"SIGHUP\", or its number")
	}
	*t = SignalText(strconv.Itoa(n))
	return nil
}

// ProbeParams are the parameters of process.probe.
type ProbeParams struct {
	Name  string               `json:"name" doc:"Name of the process."`
	Probe supervisor.ProbeKind `json:"probe,omitempty" doc:"The probe to make. Absent: each that the process has."`
}

// ExecParams are the parameters of process.exec.
type ExecParams struct {
	Name    string              `json:"name" doc:"Name of the process."`
	Command supervisor.Command  `json:"command" doc:"A list is executed, its first word looked up in the process's PATH; a text is run by the shell. Nothing expands in it."`
	Timeout supervisor.Duration `json:"timeout,omitempty" doc:"After this time it is killed with all that it started, for example 5s or 10m. Absent: 30s."`
}

// WaitParams are the parameters of process.wait.
type WaitParams struct {
	Name      string                   `json:"name" doc:"Name of the process."`
	Condition supervisor.WaitCondition `json:"condition" doc:"What is waited for; it is about the present: what has been true and is no more does not count."`
	Timeout   supervisor.Duration      `json:"timeout,omitempty" doc:"How long to wait, for example 30s or 5m. Absent: as long as the caller stays."`
}

// ManifestParams are the parameters of manifest.diff and manifest.apply.
type ManifestParams struct {
	// A pointer, so that an empty text is not taken for none.
	Manifest *string `json:"manifest,omitempty" doc:"The manifest as YAML text. Absent: the manager's own file or directory, read now."`
}

// AuthenticateParams are the parameters of session.authenticate.
type AuthenticateParams struct {
	Secret string `json:"secret" doc:"The secret of the manager, or that of viewers."`
}

// AuthenticateResult tells what the caller may do from now on.
type AuthenticateResult struct {
	Role string `json:"role" doc:"operator may change, viewer may look."`
}

// processName finds the process that parameters speak of.
func processName(params any) string {
	switch p := params.(type) {
	case NameParams:
		return clip(p.Name)
	case ChangeParams:
		return clip(p.Name)
	case StartParams:
		return clip(p.Name)
	case LogsParams:
		return clip(p.Name)
	case LogsSubscribeParams:
		return clip(p.Name)
	case EventsSubscribeParams:
		return clip(p.Name)
	case SignalParams:
		return clip(p.Name)
	case ProbeParams:
		return clip(p.Name)
	case ExecParams:
		return clip(p.Name)
	case WaitParams:
		return clip(p.Name)
	}
	return ""
}

func list(ctx context.Context, s *session, p ListParams) ([]*supervisor.ProcessInfo, error) {
	for _, status := range p.Status {
		if err := oneOf("process.list", "status", status, supervisor.Statuses()); err != nil {
			return nil, err
		}
	}
	found, err := s.control().List(ctx, s.caller(), supervisor.ListRequest{Labels: p.Labels, Status: p.Status})
	return listed(found), err
}

func logs(ctx context.Context, s *session, p LogsParams) ([]supervisor.LogLine, error) {
	if p.Stream != "" {
		if err := oneOf("process.logs", "stream", p.Stream, streams()); err != nil {
			return nil, err
		}
	}
	lines, err := s.control().Logs(ctx, s.caller(), supervisor.LogsRequest{
		Name: p.Name, Lines: p.Lines, Stream: p.Stream, Previous: p.Previous, Since: p.Since,
	})
	return listed(lines), err
}

// listed is a list that is [] in JSON, never null.
func listed[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func sendSignal(ctx context.Context, s *session, p SignalParams) (*supervisor.ProcessInfo, error) {
	sig, err := supervisor.ParseSignal(string(p.Signal))
	if err != nil {
		return nil, fmt.Errorf("cannot signal %q: %w", p.Name, err)
	}
	return s.control().Signal(ctx, s.caller(), p.Name, sig)
}

func probe(ctx context.Context, s *session, p ProbeParams) ([]supervisor.ProbeResult, error) {
	if p.Probe != "" {
		if err := oneOf("process.probe", "probe", p.Probe, supervisor.ProbeKinds()); err != nil {
			return nil, err
		}
	}
	list, err := s.control().Probe(ctx, s.caller(), supervisor.ProbeRequest{Name: p.Name, Probe: p.Probe})
	return listed(list), err
}

func execIn(ctx context.Context, s *session, p ExecParams) (*supervisor.ExecResult, error) {
	return s.control().Exec(ctx, s.caller(), supervisor.ExecRequest{Name: p.Name, Command: p.Command, Timeout: time.Duration(p.Timeout)})
}

func history(ctx context.Context, s *session, p NameParams) ([]supervisor.LifeRecord, error) {
	lives, err := s.control().History(ctx, s.caller(), p.Name)
	for i := range lives {
		lives[i].Log = listed(lives[i].Log)
	}
	return listed(lives), err
}

func wait(ctx context.Context, s *session, p WaitParams) (*supervisor.ProcessInfo, error) {
	if err := oneOf("process.wait", "condition", p.Condition, supervisor.WaitConditions()); err != nil {
		return nil, err
	}
	if p.Timeout < 0 {
		return nil, newError(CodeInvalidParams, "cannot call process.wait: parameter %q: %s is negative", "timeout", time.Duration(p.Timeout))
	}
	info, err := s.control().Wait(ctx, s.caller(), supervisor.WaitRequest{Name: p.Name, Condition: p.Condition, Timeout: time.Duration(p.Timeout)})
	if err == nil && info.Status == "" { // it was not known at all; the schema wants a word
		info.Status = supervisor.StatusStopped
	}
	return info, err
}

func diff(ctx context.Context, s *session, p ManifestParams) ([]supervisor.Change, error) {
	text, err := manifestText("manifest.diff", p)
	if err != nil {
		return nil, err
	}
	changes, err := s.control().Diff(ctx, s.caller(), text)
	return listed(changes), err
}

func apply(ctx context.Context, s *session, p ManifestParams) ([]supervisor.Change, error) {
	text, err := manifestText("manifest.apply", p)
	if err != nil {
		return nil, err
	}
	changes, err := s.control().Apply(ctx, s.caller(), text)
	return listed(changes), err
}

// manifestText is "" for the manager's own file. A text that was given and is empty
// is a mistake of the caller's: it must not become the file.
func manifestText(method string, p ManifestParams) (string, error) {
	if p.Manifest == nil {
		return "", nil
	}
	if strings.TrimSpace(*p.Manifest) == "" {
		return "", newError(CodeInvalidParams, "cannot call %s: parameter %q is an empty text (leave it out for the manager's own file)", method, "manifest")
	}
	return *p.Manifest, nil
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
