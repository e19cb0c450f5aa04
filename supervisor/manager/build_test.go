package manager

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
	"github.com/processmanager/processmanager/supervisor/internal/manifest"
)

func TestPlainWords(t *testing.T) {
	for _, test := range []struct {
		command string
		want    []string // nil: it needs a shell
	}{
		{"/app/server --port 80", []string{"/app/server", "--port", "80"}},
		{"  spaced\t out ", []string{"spaced", "out"}},
		{"a@b:c,d+e-f_g.h/i^j", []string{"a@b:c,d+e-f_g.h/i^j"}},
		{"", nil},
		{" \t", nil},
		{"a | b", nil},
		{"a & b", nil},
		{"a; b", nil},
		{"a < b", nil},
		{"a > b", nil},
		{"(a)", nil},
		{"echo $HOME", nil},
		{"echo `date`", nil},
		{`echo \n`, nil},
		{`echo "a b"`, nil},
		{"echo 'a b'", nil},
		{"ls *.go", nil},
		{"ls ?.go", nil},
		{"ls [ab]", nil},
		{"a # comment", nil},
		{"ls ~", nil},
		{"A=1 b", nil},
		{"fg %1", nil},
		{"{ a }", nil},
		{"! a", nil},
		{"a\nb", nil},
	} {
		words, ok := plainWords(test.command)
		if ok != (test.want != nil) || ok && !slices.Equal(words, test.want) {
			t.Errorf("%q: %q, %t", test.command, words, ok)
		}
	}
}

func TestCommandText(t *testing.T) {
	for _, test := range []struct {
		spec supervisor.Spec
		want string
	}{
		{supervisor.Spec{Command: supervisor.Command{Shell: "echo 'a  b' | cat"}}, "echo 'a  b' | cat"},
		{supervisor.Spec{Name: "n", Command: supervisor.Command{Shell: "echo $1"}, Args: []string{"a b"}}, "sh -c 'echo $1' n 'a b'"},
		{supervisor.Spec{Command: supervisor.Command{Argv: []string{"/app/server", "--a=b", "x@y,z:1+2%"}}}, "/app/server --a=b x@y,z:1+2%"},
		{supervisor.Spec{Command: supervisor.Command{Argv: []string{"a"}}, Args: []string{"b c", ""}}, "a 'b c' ''"},
		{supervisor.Spec{Command: supervisor.Command{Argv: []string{"it's", "$HOME", "a;b", "é", "*"}}}, `'it'\''s' '$HOME' 'a;b' 'é' '*'`},
	} {
		if got := commandText(&test.spec); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}

// commandText must not write into the spec's array behind its end.
func TestCommandTextKeepsSpec(t *testing.T) {
	argv := []string{"a", "b", "c"}
	commandText(&supervisor.Spec{Command: supervisor.Command{Argv: argv[:1]}, Args: []string{"x"}})
	if !slices.Equal(argv, []string{"a", "b", "c"}) {
		t.Errorf("argv became %q", argv)
	}
}

func TestRulesOf(t *testing.T) {
	set := parse(t, `
apiVersion: processmanager/v1
kind: ProcessManifest
spec:
  processes:
  - {name: plain, command: [child]}
  - {name: text, command: child}
  - name: full
    command: [child]
    restartPolicy: OnFailure
    maxRestarts: 0
    successExitCodes: [3]
    killMode: Group
    lifecycle: {stopSignal: SIGINT}
    terminationGracePeriodSeconds: 0
    activeDeadlineSeconds: 90
    restartBackoff: {initial: 0s, max: 0s, factor: 1, jitter: 0, resetAfter: 5m}
    dependsOn: [{name: plain}, {name: cron, condition: Completed, timeout: 90s}]
  - {name: cron, command: [child], schedule: "@hourly", concurrencyPolicy: Replace}
`)
	backoff := machine.BackoffRules{Initial: time.Second, Factor: 2, Max: time.Minute, Jitter: 0.1, ResetAfter: time.Minute}
	want := []machine.Rules{
		{Name: "plain", Restart: supervisor.RestartAlways, Backoff: backoff, MaxRestarts: -1, Grace: 30 * time.Second, KillMode: supervisor.KillMixed, StopSignal: supervisor.SIGTERM},
		{Name: "text", Restart: supervisor.RestartAlways, Backoff: backoff, MaxRestarts: -1, Grace: 30 * time.Second, KillMode: supervisor.KillTree, StopSignal: supervisor.SIGTERM},
		{
			Name: "full", Restart: supervisor.RestartOnFailure, Backoff: machine.BackoffRules{Factor: 1, ResetAfter: 5 * time.Minute}, MaxRestarts: 0, SuccessCodes: []int{3},
			KillMode: supervisor.KillGroup, StopSignal: sigINT, Deadline: 90 * time.Second,
			Needs: []machine.Need{{Name: "plain", Condition: supervisor.ConditionStarted}, {Name: "cron", Condition: supervisor.ConditionCompleted, Timeout: 90 * time.Second}},
		},
		{
			Name: "cron", Restart: supervisor.RestartNever, Backoff: backoff, MaxRestarts: -1, Grace: 30 * time.Second, KillMode: supervisor.KillMixed, StopSignal: supervisor.SIGTERM,
			Scheduled: true, Concurrency: supervisor.ConcurrencyReplace,
		},
	}
	for i, spec := range set.Processes {
		if diff := cmp.Diff(want[i], *rulesOf(&spec)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", spec.Name, diff)
		}
	}
}

func TestAPISpec(t *testing.T) {
	m, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		what  string
		req   supervisor.StartRequest
		wrong string // in the error; empty: none
	}{
		{"plain", supervisor.StartRequest{Name: "a", Command: "child"}, ""},
		{"all of it", supervisor.StartRequest{Name: "a.b_c-1", Command: "child | tee", Deadline: 5, Cron: "*/5 * * * *", Log: true, JobID: "x"}, ""},
		{"no name", supervisor.StartRequest{Command: "child"}, "name"},
		{"bad name", supervisor.StartRequest{Name: "a b", Command: "child"}, "a b"},
		{"long name", supervisor.StartRequest{Name: strings.Repeat("a", supervisor.MaxName+1), Command: "child"}, "name"},
		{"blank command", supervisor.StartRequest{Name: "a", Command: " \n"}, "command"},
		{"bad cron", supervisor.StartRequest{Name: "a", Command: "child", Cron: "* * *"}, "* * *"},
		{"cron that never fires", supervisor.StartRequest{Name: "a", Command: "child", Cron: "0 0 30 2 *"}, "0 0 30 2 *"},
		{"negative deadline", supervisor.StartRequest{Name: "a", Command: "child", Deadline: -1}, "deadline -1"},
		{"deadline beyond all time", supervisor.StartRequest{Name: "a", Command: "child", Deadline: 1 << 40}, "activeDeadlineSeconds"},
	} {
		_, err := m.apiSpec(test.req)
		switch {
		case test.wrong == "" && err != nil:
			t.Errorf("%s: %v", test.what, err)
		case test.wrong != "" && (!errors.Is(err, supervisor.ErrInvalid) || !strings.Contains(err.Error(), test.wrong)):
			t.Errorf("%s: %v", test.what, err)
		}
	}
}

// A job id is one line of at most 256 bytes, for a new process and for one that is
// started again; one that is refused changes nothing.
func TestJobID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{})
		b.run()
		longest := strings.Repeat("é", maxJobID/2)
		for i, test := range []struct{ id, wrong string }{
			{"", ""},
			{"e42 build/7 é", ""},
			{longest, ""},
			{longest + "x", "257 bytes, at most 256"},
			{"one\ntwo", "control characters"},
			{"red\x1b[31m", "control characters"},
			{"nul\x00", "control characters"},
			{"\u0085", "control characters"},
		} {
			name := fmt.Sprint("new-", i)
			_, err := b.Start(t.Context(), operator, supervisor.StartRequest{Name: name, Command: "child", JobID: test.id})
			checkJobAnswer(t, "new", test.id, test.wrong, err)
			if got := b.os.spawned(name); got != 1 && test.wrong == "" || got != 0 && test.wrong != "" {
				t.Errorf("job id %q: %d lives", test.id, got)
			}

			again := fmt.Sprint("again-", i)
			if _, err := b.Start(t.Context(), operator, supervisor.StartRequest{Name: again, Command: "child after=1s", JobID: "first"}); err != nil {
				t.Fatal(err)
			}
			pass(2 * time.Second)
			_, err = b.Start(t.Context(), operator, supervisor.StartRequest{Name: again, JobID: test.id})
			checkJobAnswer(t, "again", test.id, test.wrong, err)
			want := test.id
			if test.id == "" || test.wrong != "" {
				want = "first"
			}
			if info, err := b.Status(t.Context(), viewer, again); err != nil || info.JobID != want {
				t.Errorf("started again with %q it has the job id %q; %v", test.id, info.JobID, err)
			}
		}
	})
}

func checkJobAnswer(t *testing.T, what, id, wrong string, err error) {
	t.Helper()
	if wrong == "" && err != nil || wrong != "" && (!errors.Is(err, supervisor.ErrInvalid) || !strings.Contains(err.Error(), wrong)) {
		t.Errorf("%s, job id %q: %v", what, id, err)
	}
}

// With a shell the command is its text; without one, words where that is the same.
func TestAPISpecShell(t *testing.T) {
	for _, test := range []struct {
		shell   bool
		command string
		want    supervisor.Command
		mode    supervisor.KillMode
	}{
		{true, "a b", supervisor.Command{Shell: "a b"}, supervisor.KillTree},
		{false, "a b", supervisor.Command{Argv: []string{"a", "b"}}, supervisor.KillMixed},
		{false, "a | b", supervisor.Command{Shell: "a | b"}, supervisor.KillTree},
	} {
		spec, err := (&Manager{shell: test.shell}).apiSpec(supervisor.StartRequest{Name: "x", Command: test.command})
		if err != nil || !cmp.Equal(spec.Command, test.want) || spec.KillMode != test.mode || spec.RestartPolicy != supervisor.RestartNever {
			t.Errorf("%+v: %+v, %v", test, spec, err)
		}
	}
}

func TestCommandName(t *testing.T) {
	for path, want := range map[string]string{
		"/usr/bin/nginx": "nginx", "app": "app", "./run.sh": "run.sh", "/opt/my app": "command", "/": "command", "": "command",
		"/bin/[": "command", "/x/-dash": "command", "/x/" + strings.Repeat("n", 70): strings.Repeat("n", supervisor.MaxName),
	} {
		if got := commandName(path); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
}

// exitPolicy WhenDone, by table: what has ended how, and whether that is the end.
func TestDone(t *testing.T) {
	over := func(code int) machine.Proc {
		p := machine.Proc{Goal: machine.Up, Outcome: machine.Completed}
		if code != 0 {
			p.Outcome, p.Final = machine.Failed, machine.Exit{Code: code}
		}
		return p
	}
	var (
		good      = over(0)
		running   = machine.Proc{State: machine.Running}
		waiting   = machine.Proc{State: machine.Waiting}
		backoff   = machine.Proc{State: machine.Backoff}
		stopped   = machine.Proc{Goal: machine.Down, Why: ""}
		suspended = machine.Proc{Goal: machine.Down, Why: supervisor.ReasonSuspended}
		scheduled = machine.Proc{CronAt: time.Unix(1, 0), Outcome: machine.Completed}
		signaled  = machine.Proc{Outcome: machine.Failed, Final: machine.Exit{Signal: supervisor.SIGKILL}}
	)
	for _, test := range []struct {
		what   string
		policy supervisor.ExitPolicy
		set    []machine.Proc
		api    []machine.Proc
		code   int
		done   bool
	}{
		{what: "nothing"},
		{what: "all good", set: []machine.Proc{good, good}, done: true},
		{what: "policy Never", policy: supervisor.ExitNever, set: []machine.Proc{good}},
		{what: "the first that is not 0", set: []machine.Proc{good, over(4), over(5)}, code: 4, done: true},
		{what: "a signal", set: []machine.Proc{signaled}, code: 137, done: true},
		{what: "one runs", set: []machine.Proc{over(4), running}},
		{what: "one waits", set: []machine.Proc{good, waiting}},
		{what: "one in backoff", set: []machine.Proc{backoff, good}},
		{what: "one stopped by hand", set: []machine.Proc{good, stopped}},
		{what: "one scheduled", set: []machine.Proc{good, scheduled}},
		{what: "one suspended", set: []machine.Proc{suspended, over(3)}, code: 3, done: true},
		{what: "only suspended ones", set: []machine.Proc{suspended}},
		{what: "a job runs", set: []machine.Proc{good}, api: []machine.Proc{running}},
		{what: "a job is scheduled", set: []machine.Proc{good}, api: []machine.Proc{scheduled}},
		{what: "a job has failed", set: []machine.Proc{good}, api: []machine.Proc{over(9)}, done: true},
		{what: "a job was stopped", set: []machine.Proc{good}, api: []machine.Proc{stopped}, done: true},
		{what: "only jobs", api: []machine.Proc{good}},
	} {
		if test.policy == "" {
			test.policy = supervisor.ExitWhenDone
		}
		l := &loop{m: &Manager{}, set: &supervisor.Set{ExitPolicy: test.policy}, entries: map[string]*entry{}}
		for i, list := range [][]machine.Proc{test.set, test.api} {
			for j, p := range list {
				e := &entry{origin: []origin{fromManifest, fromAPI}[i], proc: p, spec: &supervisor.Spec{}}
				e.spec.Name = string(rune('a'+j)) + string(rune('0'+i))
				e.proc.Rules = &machine.Rules{Scheduled: !p.CronAt.IsZero()}
				if e.proc.Rules.Scheduled {
					e.spec.Schedule = "@hourly"
				}
				l.add(e)
			}
		}
		if code, done := l.done(); code != test.code && done || done != test.done {
			t.Errorf("%s: code %d, %t", test.what, code, done)
		}
	}
	l := &loop{m: &Manager{}}
	if _, done := l.done(); done {
		t.Error("without a manifest it is done")
	}
}

// The specs of `-- command` and of callers are what the manifest would accept.
func TestSpecsAreValid(t *testing.T) {
	spec := commandSpec([]string{"/bin/child", "x"})
	if err := manifest.CheckSpec(*spec); err != nil {
		t.Error(err)
	}
}
