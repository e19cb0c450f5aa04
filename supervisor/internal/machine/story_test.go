package machine

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// A story is a file in testdata: "rules" lines set the process up, and once it lives
// write the next manifest; "> 1.5s exit 1" is what happens, and the lines between say
// what the machine did. A spawn is answered at once. What -update writes is read before
// it is believed.
type story struct {
	rules *Rules
	p     Proc
	out   strings.Builder
}

func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 4 {
		t.Fatalf("stories %v, %v", files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := tell(string(raw))
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			if got == string(raw) {
				return
			}
			if !*update {
				t.Fatalf("%s is not what happens; this is:\n%s\n(write it with: go test ./supervisor/internal/machine -update, and read the diff)", file, got)
			}
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// tell keeps the script's lines and writes the others anew.
func tell(script string) (string, error) {
	s := &story{rules: testRules()}
	s.p = New(s.rules, t0)
	for n, line := range strings.Split(strings.TrimSuffix(script, "\n"), "\n") {
		var err error
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
			s.out.WriteString(line + "\n")
		case strings.HasPrefix(line, "rules "):
			s.out.WriteString(line + "\n")
			if err = s.setRules(strings.Fields(line)[1:]); s.p.Gen == 0 {
				s.p = New(s.rules, t0)
			}
		case strings.HasPrefix(line, "> "):
			err = s.happens(line)
		}
		if err != nil {
			return "", fmt.Errorf("line %d, %q: %w", n+1, line, err)
		}
	}
	return s.out.String(), nil
}

func (s *story) setRules(words []string) error {
	next := *s.rules
	s.rules = &next
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		span, _ := time.ParseDuration(value)
		switch key {
		case "restart":
			s.rules.Restart = supervisor.RestartPolicy(value)
		case "fail": // exit codes
			s.rules.CodeRules = append(slices.Clone(s.rules.CodeRules), codeRule(supervisor.RuleFailJob, value))
		case "again":
			s.rules.CodeRules = append(slices.Clone(s.rules.CodeRules), codeRule(supervisor.RuleRestart, value))
		case "grace":
			s.rules.Grace = span
		case "deadline":
			s.rules.Deadline = span
		case "startup", "liveness", "readiness": // failures in a row
			n, _ := strconv.Atoi(value)
			s.rules.Probes[map[string]Probe{"startup": Startup, "liveness": Liveness, "readiness": Readiness}[key]] = ProbeRules{Successes: 1, Failures: n}
		case "hooks":
			s.rules.PostStart, s.rules.PreStop, s.rules.PostStop = strings.Contains(value, "postStart"), strings.Contains(value, "preStop"), strings.Contains(value, "postStop")
		case "notify":
			s.rules.ReadySignal = value == "true"
		case "watchdog":
			s.rules.Watchdog = span
		case "startBy":
			s.rules.StartBy = span
		case "runOnStart":
			s.rules.RunOnStart = value == "true"
		case "suspend":
			s.rules.Suspended = value == "true"
		case "need":
			s.rules.Needs = append(slices.Clone(s.rules.Needs), Need{Name: value, Condition: supervisor.ConditionReady})
		case "killMode":
			s.rules.KillMode = supervisor.KillMode(value)
		case "maxRestarts":
			s.rules.MaxRestarts, _ = strconv.Atoi(value)
		case "concurrency":
			s.rules.Scheduled, s.rules.Concurrency = true, supervisor.ConcurrencyPolicy(value)
		default:
			return fmt.Errorf("unknown rule %q", key)
		}
	}
	return nil
}

// codeRule reads "75,78" or "!0".
func codeRule(action supervisor.RestartAction, text string) CodeRule {
	r := CodeRule{Action: action}
	text, r.NotIn = strings.CutPrefix(text, "!")
	for word := range strings.SplitSeq(text, ",") {
		n, _ := strconv.Atoi(word)
		r.Codes = append(r.Codes, n)
	}
	return r
}

// happens lets the clock run until the line's time, then gives the event.
func (s *story) happens(line string) error {
	words := strings.Fields(line)[1:]
	at, err := time.ParseDuration(words[0])
	if err != nil || len(words) < 2 {
		return fmt.Errorf("want \"> TIME EVENT [NUMBER]\": %w", err)
	}
	now := t0.Add(at)
	for next := s.p.Next(); !next.IsZero() && !next.After(now); next = s.p.Next() {
		s.step(Tick{}, next)
	}
	if ev := s.report(words[1:]); ev != nil {
		s.out.WriteString(line + "\n")
		s.step(ev, now)
		return nil
	}
	var n int
	if len(words) > 2 {
		if n, err = strconv.Atoi(words[2]); err != nil {
			return err
		}
	}
	s.out.WriteString(line + "\n")
	switch words[1] {
	case "start":
		s.step(Start{}, now)
	case "stop":
		s.step(Stop{Cause: Asked}, now)
	case "restart":
		s.step(Restart{Cause: Asked}, now)
	case "delete":
		s.step(Delete{Cause: Asked}, now)
	case "exit": // with a code
		s.step(Exited{Gen: s.p.Gen, Exit: Exit{Code: n}}, now)
	case "leaves": // exits with 0 and leaves so many
		s.step(Exited{Gen: s.p.Gen, Left: n}, now)
	case "dies": // of a signal
		s.step(Exited{Gen: s.p.Gen, Exit: Exit{Signal: supervisor.Signal(n)}}, now)
	case "empty":
		s.step(TreeEmpty{s.p.Gen}, now)
	case "cron": // next in so many seconds
		s.step(CronDue{Next: now.Add(time.Duration(n) * time.Second)}, now)
	case "trigger":
		s.step(Trigger{}, now)
	case "late": // by so many seconds
		s.step(CronDue{Next: now.Add(time.Minute), Late: time.Duration(n) * time.Second}, now)
	case "budget": // the manager ends, in so many seconds
		s.step(Stop{Cause: Ending, By: now.Add(time.Duration(n) * time.Second)}, now)
	case "look":
		if s.p.State == Running && (s.rules.ReadySignal || s.rules.has(Readiness)) {
			fmt.Fprintf(&s.out, "%s ready: %t\n", at, s.p.Ready())
		}
		fmt.Fprintf(&s.out, "%s is %s %s, life %d, restarts %d\n", at, s.p.Status(), s.p.Reason(), s.p.Gen, s.p.Restarts)
	default:
		return fmt.Errorf("unknown event %q", words[1])
	}
	return nil
}

// report is what a hook, a probe, the process or a manifest says; nil: another word.
func (s *story) report(words []string) Event {
	arg := strings.Join(words[1:], " ")
	good := strings.HasSuffix(arg, "ok")
	switch words[0] {
	case "hook":
		return HookDone{s.p.Gen, s.p.State, good}
	case "startup":
		return Probed{s.p.Gen, Startup, good}
	case "liveness":
		return Probed{s.p.Gen, Liveness, good}
	case "readiness":
		return Probed{s.p.Gen, Readiness, good}
	case "says":
		switch arg {
		case "READY=1", "RELOADING=1":
			return Said{s.p.Gen, arg == "READY=1"}
		case "WATCHDOG=1":
			return Fed{Gen: s.p.Gen}
		}
	case "met":
		return DependencyMet{arg}
	case "apply": // the rules as they are written now; "renew": another command
		return Change{Rules: s.rules, Renew: arg == "renew"}
	}
	return nil
}

func (s *story) step(ev Event, now time.Time) {
	old := s.p
	next, acts := Step(old, ev, now)
	s.p = next
	said := fmt.Sprintf("%s %s → %s", now.Sub(t0), old.State, next.State)
	if !next.Due.IsZero() && !next.Due.Equal(old.Due) {
		said += " until " + next.Due.Sub(t0).String()
	}
	if what := did(old, next, acts); what != "" {
		said += strings.TrimSuffix(" "+strings.TrimPrefix(strings.TrimPrefix(what, next.State.String()), " "), " ")
	}
	if next.Last.Gen != old.Last.Gen {
		said += " (" + string(next.Last.Reason) + ")"
	}
	s.out.WriteString(said + "\n")
	for _, a := range acts {
		switch a := a.(type) {
		case Spawn:
			s.step(Spawned{a.Gen, 100 + int(a.Gen)}, now)
		case Arm:
			s.step(Armed{now.Add(time.Minute)}, now)
		case Signal, Kill, Aside, Forget, RunHook:
		}
	}
}
