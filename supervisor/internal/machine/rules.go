package machine

import (
	"slices"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// Rules are a process's settings, validated and never changed: a new manifest
// brings new Rules. All spans are positive or zero.
type Rules struct {
	Name         string // for jitter only
	Restart      supervisor.RestartPolicy
	Backoff      BackoffRules
	MaxRestarts  int        // consecutive; negative: no limit
	SuccessCodes []int      // beside 0
	CodeRules    []CodeRule // the first that matches goes before Restart
	Grace        time.Duration
	Deadline     time.Duration // of a run; 0: none
	KillMode     supervisor.KillMode
	StopSignal   supervisor.Signal
	Scheduled    bool
	Concurrency  supervisor.ConcurrencyPolicy
	Needs        []Need

	Probes      [probes]ProbeRules
	ReadySignal bool          // the process itself has to say that it is ready
	Watchdog    time.Duration // it has to say this often that it is well; 0: it need not

	// Which hooks there are; what they do is not the machine's business.
	PostStart, PreStop, PostStop bool

	StartBy    time.Duration // a scheduled time may be run so late; 0: however late
	RunOnStart bool          // also run when the schedule is first armed
	Suspended  bool
}

// ProbeRules are the thresholds of a probe; with Failures 0 there is none.
type ProbeRules struct {
	Successes, Failures int           // in a row, to mean it
	Grace               time.Duration // when this probe ends the process; 0: Rules.Grace
}

// BackoffRules is supervisor.Backoff with all values present.
type BackoffRules struct {
	Initial, Max, ResetAfter time.Duration
	Factor, Jitter           float64
}

// CodeRule says what an exit with certain codes leads to.
type CodeRule struct {
	Action supervisor.RestartAction
	NotIn  bool // the codes are those that are not meant
	Codes  []int
}

// ruled is what the first rule that matches an exit says; empty: none does. A failed
// start has no exit code, and a success does not fail.
func (r *Rules) ruled(e Exit) supervisor.RestartAction {
	if e.Err != "" {
		return ""
	}
	for _, rule := range r.CodeRules {
		if rule.Action == supervisor.RuleFailJob && r.success(e) {
			continue
		}
		if slices.Contains(rule.Codes, e.ShellCode()) != rule.NotIn {
			return rule.Action
		}
	}
	return ""
}

// Need is a dependency.
type Need struct {
	Name      string
	Condition supervisor.Condition
	Timeout   time.Duration // 0: waits for ever
}

// success reports whether an exit is one.
func (r *Rules) success(e Exit) bool {
	return e.Err == "" && e.Signal == 0 && (e.Code == 0 || slices.Contains(r.SuccessCodes, e.Code))
}

// again reports whether an exit is followed by another life, limits aside: the rules for
// exit codes decide, then the policy. Clean is a success that was its own.
func (r *Rules) again(e Exit, clean bool) bool {
	switch r.ruled(e) {
	case supervisor.RuleRestart:
		return true
	case supervisor.RuleFailJob:
		return false
	}
	return r.Restart == supervisor.RestartAlways || r.Restart == supervisor.RestartOnFailure && !clean
}

// has reports whether there is such a probe.
func (r *Rules) has(k Probe) bool { return r.Probes[k].Failures > 0 }

// needed lists the names of all needs.
func (r *Rules) needed() []string {
	var list []string
	for _, n := range r.Needs {
		list = append(list, n.Name)
	}
	return list
}
