package manager

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/linux"
)

// changes are all the ways to change something.
func changes(c supervisor.Control, who supervisor.Caller, name string) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"start": func(ctx context.Context) error {
			_, err := c.Start(ctx, who, supervisor.StartRequest{Name: name, Command: "child"})
			return err
		},
		"start badly": func(ctx context.Context) error {
			_, err := c.Start(ctx, who, supervisor.StartRequest{Name: name, Command: "child", Deadline: -1})
			return err
		},
		"start again": func(ctx context.Context) error {
			_, err := c.Start(ctx, who, supervisor.StartRequest{Name: name})
			return err
		},
		"stop":    func(ctx context.Context) error { _, err := c.Stop(ctx, who, name); return err },
		"restart": func(ctx context.Context) error { _, err := c.Restart(ctx, who, name); return err },
		"delete":  func(ctx context.Context) error { return c.Delete(ctx, who, name) },
		"probe": func(ctx context.Context) error {
			_, err := c.Probe(ctx, who, supervisor.ProbeRequest{Name: name})
			return err
		},
	}
}

// looks are all the ways to look.
func looks(c supervisor.Control, who supervisor.Caller, name string) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"status": func(ctx context.Context) error { _, err := c.Status(ctx, who, name); return err },
		"tree":   func(ctx context.Context) error { _, err := c.Tree(ctx, who, name); return err },
		"list":   func(ctx context.Context) error { _, err := c.List(ctx, who, supervisor.ListRequest{}); return err },
		"logs": func(ctx context.Context) error {
			_, err := c.Logs(ctx, who, supervisor.LogsRequest{Name: name})
			return err
		},
	}
}

func TestRoles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{Set: parse(t, manifestOf("", "name: web, command: [child]"))})
		b.run()
		for _, who := range []supervisor.Caller{viewer, nobody} {
			for what, do := range changes(b, who, "web") {
				if err := do(t.Context()); !errors.Is(err, supervisor.ErrForbidden) {
					t.Errorf("%s as %s: %v", what, who.Role, err)
				}
			}
		}
		for what, do := range looks(b, nobody, "web") {
			if err := do(t.Context()); !errors.Is(err, supervisor.ErrForbidden) {
				t.Errorf("%s as nobody: %v", what, err)
			}
		}
		for what, do := range looks(b, viewer, "web") {
			if err := do(t.Context()); err != nil {
				t.Errorf("%s as viewer: %v", what, err)
			}
		}
		if n := b.os.spawned("web"); n != 1 || b.status("web") != "running" {
			t.Errorf("web was changed: %d lives, %s", n, b.status("web"))
		}
	})
}

func TestAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{Set: parse(t, manifestOf("", "name: web, command: [child]"))})
		b.run()
		b.end()
		for what, do := range changes(b, operator, "web") {
			want := supervisor.ErrClosed
			if what == "start badly" {
				want = supervisor.ErrInvalid
			}
			if err := do(t.Context()); !errors.Is(err, want) {
				t.Errorf("%s: %v", what, err)
			}
		}
		for what, do := range looks(b, operator, "web") {
			if err := do(t.Context()); !errors.Is(err, supervisor.ErrClosed) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if _, err := b.Snapshot(t.Context(), supervisor.SnapshotRequest{Usage: true}); !errors.Is(err, supervisor.ErrClosed) {
			t.Errorf("snapshot: %v", err)
		}
	})
}

// Many callers pull at one process: never are there two lives of it, and everyone
// gets an answer. The fake operating system watches the lives.
func TestOneLifeAtATime(t *testing.T) {
	for _, script := range []string{
		"slow=10ms, term=20ms", "slow=3ms, after=15ms, term=4ms", "term=5ms, rest=2, restafter=30ms", "missing=30, slow=2ms",
	} {
		t.Run(script, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, Config{Set: parse(t, manifestOf("exitPolicy: Never", "name: web, restartBackoff: {initial: 1ms, max: 5ms}, command: [child, "+script+"]"))})
				b.run()
				var callers sync.WaitGroup
				for i := range 100 {
					callers.Go(func() {
						dice := rand.New(rand.NewPCG(uint64(i), 1))
						for range 20 {
							time.Sleep(time.Duration(dice.IntN(50)) * time.Millisecond)
							do := changes(b, operator, "web")
							verb := []string{"start again", "stop", "restart"}[dice.IntN(3)]
							err := do[verb](context.Background())
							if err != nil && !errors.Is(err, supervisor.ErrExists) && !errors.Is(err, supervisor.ErrNotRunning) &&
								!errors.Is(err, supervisor.ErrStart) && !errors.Is(err, supervisor.ErrStopTimeout) {
								t.Errorf("%s: %v", verb, err)
							}
						}
					})
				}
				callers.Wait()
				if n := b.os.spawned("web"); n < 10 {
					t.Errorf("only %d lives: nothing was tried", n)
				}
				if err := b.Delete(t.Context(), operator, "web"); err != nil {
					t.Error(err)
				}
				if left := b.os.living(); len(left) > 0 {
					t.Errorf("%d lives are left after delete", len(left))
				}
			})
		})
	}
}

// A caller who goes away stops waiting; what was asked for is done all the same.
func TestCallerGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{Set: parse(t, manifestOf("", "name: web, command: [child, term=20s]"))})
		b.run()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := b.Restart(ctx, operator, "web")
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "the work goes on") {
			t.Errorf("after 5s: %v", err)
		}
		if got := b.status("web"); got != "stopping" {
			t.Errorf("after 5s it is %s", got)
		}
		pass(15 * time.Second)
		info, err := b.Status(t.Context(), viewer, "web")
		if err != nil || info.Run != 2 || info.Status != supervisor.StatusRunning {
			t.Errorf("after 20s: %+v, %v", info, err)
		}
	})
}

// One whose context has ended before gets an answer too.
func TestCallerWasGoneBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := b.Status(ctx, viewer, "web"); !errors.Is(err, context.Canceled) {
			t.Errorf("before Run: %v", err)
		}
		b.run()
	})
}

func TestClassic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{})
		b.run()
		c := supervisor.Classic(b, "hush")
		if got := c.GetSecret(); got != "hush" {
			t.Errorf("secret %q", got)
		}
		if err := c.StartProcess("job", "child term=1s", true, 60, "", "e42"); err != nil {
			t.Fatal(err)
		}
		info, err := c.GetProcessStatus("job")
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprint(info.Command, " ", info.Status, " ", info.LogEnabled, " ", info.Deadline, " ", info.JobID, " ", info.Run, " ", *info.PID == pidOf(linux.Life{Name: "job", Gen: 1}), " ", info.Ready)
		if want := "child term=1s running true 60 e42 1 true true"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		for _, err := range []error{c.RestartProcess("job"), c.StopProcess("job")} {
			if err != nil {
				t.Error(err)
			}
		}
		if list := c.ListProcesses(); len(list) != 1 || list[0].Status != supervisor.StatusStopped || list[0].Run != 2 {
			t.Errorf("list: %+v", list)
		}
		if text, err := c.GetProcessLogs("job", 10); text != "" || err != nil {
			t.Errorf("logs: %q, %v", text, err)
		}
		if err := c.DeleteProcess("job"); err != nil {
			t.Error(err)
		}
		if _, err := c.GetProcessStatus("job"); !errors.Is(err, supervisor.ErrNotFound) {
			t.Errorf("after delete: %v", err)
		}
	})
}

func TestListSelects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{Set: parse(t, manifestOf("",
			"name: b, command: [child], labels: {tier: web, zone: x}", "name: a, command: [child], labels: {tier: web}",
			"name: c, command: [child, after=1s], restartPolicy: Never, labels: {tier: db}"))})
		b.run()
		pass(2 * time.Second)
		for _, test := range []struct {
			req  supervisor.ListRequest
			want []string
		}{
			{supervisor.ListRequest{}, []string{"a", "b", "c"}},
			{supervisor.ListRequest{Labels: map[string]string{"tier": "web"}}, []string{"a", "b"}},
			{supervisor.ListRequest{Labels: map[string]string{"tier": "web", "zone": "x"}}, []string{"b"}},
			{supervisor.ListRequest{Labels: map[string]string{"zone": ""}}, nil},
			{supervisor.ListRequest{Status: []supervisor.Status{supervisor.StatusCompleted, supervisor.StatusFailed}}, []string{"c"}},
			{supervisor.ListRequest{Status: []supervisor.Status{supervisor.StatusRunning}, Labels: map[string]string{"tier": "db"}}, nil},
		} {
			list, err := b.List(t.Context(), viewer, test.req)
			var names []string
			for _, p := range list {
				names = append(names, p.Name)
			}
			if err != nil || !slices.Equal(names, test.want) {
				t.Errorf("%+v: %v, %v; want %v", test.req, names, err, test.want)
			}
		}
	})
}

func TestLogs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{Set: parse(t, manifestOf("", "name: web, command: [child]"))})
		b.run()
		out := b.os.asked(linux.Life{Name: "web", Gen: 1}).Output
		out.Write(supervisor.Stdout, []byte("one\ntwo\n"))
		out.Write(supervisor.Stderr, []byte("three\n"))
		for _, test := range []struct {
			req  supervisor.LogsRequest
			want string
			err  error
		}{
			{supervisor.LogsRequest{Name: "web"}, "one two three", nil},
			{supervisor.LogsRequest{Name: "web", Lines: 1}, "three", nil},
			{supervisor.LogsRequest{Name: "web", Stream: supervisor.Stdout}, "one two", nil},
			{supervisor.LogsRequest{Name: "web", Lines: -1}, "", supervisor.ErrInvalid},
			{supervisor.LogsRequest{Name: "web", Stream: "stdin"}, "", supervisor.ErrInvalid},
			{supervisor.LogsRequest{Name: "nosuch"}, "", supervisor.ErrNotFound},
		} {
			lines, err := b.Logs(t.Context(), viewer, test.req)
			got := strings.Join(strings.Fields(supervisor.JoinLog(lines)), " ")
			if got != test.want || !errors.Is(err, test.err) {
				t.Errorf("%+v: %q, %v", test.req, got, err)
			}
		}
	})
}

// Who asks for the life before is told when there was none: no lines would say that it
// wrote nothing.
func TestLogsOfTheLifeBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{Set: parse(t, manifestOf("",
			"name: web, command: [child]", "name: idle, command: [child], suspend: true, schedule: '@daily'"))})
		b.run()
		lines := func(name string) string {
			req := supervisor.LogsRequest{Name: name, Previous: true}
			lines, err := b.Logs(t.Context(), viewer, req)
			stream, bad := b.Follow(t.Context(), viewer, req)
			if bad == nil {
				stream.Close()
			}
			if fmt.Sprint(bad) != fmt.Sprint(err) {
				t.Errorf("%s is followed: %v, want as for its lines: %v", name, bad, err)
			}
			if err != nil {
				if !errors.Is(err, supervisor.ErrNotFound) {
					t.Errorf("%s: %v, want a kind of ErrNotFound", name, err)
				}
				return err.Error()
			}
			return supervisor.JoinLog(lines)
		}
		const none = `cannot show the log of %q: there is no previous run: it has `
		if got, want := lines("idle"), fmt.Sprintf(none, "idle")+"not run yet"; got != want {
			t.Errorf("before the first life: %s, want %s", got, want)
		}
		b.os.asked(linux.Life{Name: "web", Gen: 1}).Output.Write(supervisor.Stdout, []byte("one\n"))
		if got, want := lines("web"), fmt.Sprintf(none, "web")+"run once only; ask without previous for what it wrote then"; got != want {
			t.Errorf("in the first life: %s, want %s", got, want)
		}
		for _, want := range []string{"one\n", ""} { // the second wrote nothing, and that is no error
			if _, err := b.Restart(t.Context(), operator, "web"); err != nil {
				t.Fatal(err)
			}
			if got := lines("web"); got != want {
				t.Errorf("after a restart: %q, want %q", got, want)
			}
		}
	})
}

// What a life is given: its name and number, the environment of the manifest, and
// nothing that only the manager may know.
func TestEnvironment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := parse(t, manifestOf("", `name: web, command: [child], env: [{name: PORT, value: "80"}]`))
		b := newBench(t, Config{Set: set, Environ: []string{"PATH=/bin", "PM_SECRET=hush", "PM_PROCESS_NAME=outer", "PM_PROCESS_RUN=9"}})
		b.run()
		got := b.os.asked(linux.Life{Name: "web", Gen: 1}).Env
		if want := []string{"PATH=/bin", "PM_PROCESS_NAME=web", "PM_PROCESS_RUN=1", "PORT=80"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// buffer is a writer for several goroutines.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// The signals that ask for something else than the end.
func TestDump(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stderr buffer
		b := newBench(t, Config{Stderr: &stderr, Set: parse(t, manifestOf("",
			"name: web, command: [child]", "name: waits, command: [child], dependsOn: [{name: once, condition: Completed}]",
			"name: once, command: [child], restartPolicy: Never", `name: cron, command: [child], schedule: "@hourly"`,
			"name: crash, command: [child, after=1ms, code=1]"))})
		b.run()
		pass(500 * time.Millisecond)
		for _, s := range []supervisor.Signal{sigUSR2, sigUSR1, sigHUP, sigWINCH} {
			b.signal(s)
		}
		pass(time.Second / 10)
		for _, want := range []string{
			"processes=5", "orphans_reaped=7", "booted=false", "name=web status=running", "name=waits status=pending", "[once (Completed)]",
			"name=cron status=scheduled", "name=crash status=backoff", "log files are reopened", "SIGHUP",
		} {
			if !strings.Contains(stderr.String(), want) {
				t.Errorf("no %q in\n%s", want, stderr.String())
			}
		}
		if got := b.status("web"); got != "running" {
			t.Errorf("web is %s", got)
		}
	})
}

// A caller may define a process as a manifest does, with everything that belongs to it.
func TestStartSpec(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{Set: parse(t, manifestOf("exitPolicy: Never", "name: db, command: [child], readinessProbe: {exec: {command: [probe, after=500ms]}}"))})
		b.run()
		ctx := context.Background()
		spec := &supervisor.Spec{
			Command:   supervisor.Command{Argv: []string{"child", "after=1s,-"}},
			DependsOn: []supervisor.Dependency{{Name: "db", Condition: supervisor.ConditionReady}}, RestartPolicy: supervisor.RestartAlways,
		}
		info, err := b.Start(ctx, operator, supervisor.StartRequest{Name: "app", Spec: spec})
		if err != nil || info.Status != supervisor.StatusPending {
			t.Fatalf("%+v, %v", info, err)
		}
		pass(3 * time.Second)
		if got := b.status("app"); got != "backoff" && got != "running" || b.os.spawned("app") < 1 {
			t.Errorf("after its dependency was ready and it has ended: %s", got)
		}
		for what, req := range map[string]supervisor.StartRequest{
			"two definitions":    {Name: "x", Command: "true", Spec: spec},
			"another name":       {Name: "x", Spec: &supervisor.Spec{Name: "y", Command: spec.Command}},
			"replicas":           {Name: "x", Spec: &supervisor.Spec{Command: spec.Command, Replicas: new(int)}},
			"nobody to wait for": {Name: "x", Spec: &supervisor.Spec{Command: spec.Command, DependsOn: []supervisor.Dependency{{Name: "nobody"}}}},
			"nothing to run":     {Name: "x", Spec: &supervisor.Spec{}},
		} {
			if _, err := b.Start(ctx, operator, req); !errors.Is(err, supervisor.ErrInvalid) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

// Who does not wait is told as well what is certain already.
func TestStartInVainIsToldAtOnce(t *testing.T) {
	play(t, manifestOf("exitPolicy: Never",
		"name: migrate, command: [child, after=1s, code=3], restartPolicy: Never",
		"name: web, command: [child], dependsOn: [{name: migrate, condition: Completed}]"), func(t *testing.T, s *scene) {
		s.run()
		pass(2 * time.Second)
		_, err := s.Start(supervisor.NoWait(t.Context()), operator, supervisor.StartRequest{Name: "web"})
		if !errors.Is(err, supervisor.ErrStart) || !strings.Contains(err.Error(), `start "migrate"`) {
			t.Errorf("start of what waits in vain: %v", err)
		}
		if _, err := s.Start(supervisor.NoWait(t.Context()), operator, supervisor.StartRequest{Name: "migrate"}); err != nil {
			t.Errorf("start of what has failed: %v", err)
		}
	})
}

// A wait whose time is over before it was looked at has not seen what it waits for, and
// says which time that was.
func TestWaitThatIsOverAtOnce(t *testing.T) {
	play(t, manifestOf("exitPolicy: Never", "name: web, command: [child], suspend: true"), func(t *testing.T, s *scene) {
		s.run()
		over, cancel := context.WithTimeout(t.Context(), 0)
		defer cancel()
		for range 100 { // which of two channels is ready first is chance
			info, err := s.Wait(over, viewer, supervisor.WaitRequest{Name: "web", Condition: supervisor.WaitDeleted, Timeout: time.Second})
			if !errors.Is(err, supervisor.ErrStopTimeout) || !strings.Contains(err.Error(), `"web" is not deleted after 1s`) {
				t.Fatalf("answered %v, %v", info, err)
			}
		}
	})
}
