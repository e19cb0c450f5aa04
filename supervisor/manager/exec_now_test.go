package manager

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/processmanager/processmanager/supervisor"
)

// execBench runs a fleet in which each process is at another place of its life.
func execBench(t *testing.T) *bench {
	b := newBench(t, Config{Set: parse(t, manifestOf("",
		"name: web, command: [child], terminationGracePeriodSeconds: 5",
		"name: api, replicas: 2, command: [child]",
		"name: job, command: [child, after=1s], restartPolicy: Never",
		"name: crashing, command: [child, after=1ms, code=1], restartBackoff: {initial: 1h, max: 1h, jitter: 0}",
		"name: waits, command: [child], dependsOn: [{name: never, condition: Completed}]",
		"name: never, command: [child], restartPolicy: Never"))})
	b.run()
	return b
}

func TestExecNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := execBench(t)
		time.Sleep(2 * time.Second)
		ask := func(name string, words ...string) (*supervisor.ExecResult, error) {
			return b.Exec(t.Context(), operator, supervisor.ExecRequest{Name: name, Command: supervisor.Command{Argv: append([]string{"tool"}, words...)}})
		}
		ended := func(name string, run uint64, code int, reason supervisor.Reason) supervisor.ExecResult {
			return supervisor.ExecResult{Process: name, Run: run, ExitCode: &code, Reason: reason, Stdout: []byte{}, Stderr: []byte{}}
		}
		with := func(r supervisor.ExecResult, change func(*supervisor.ExecResult)) supervisor.ExecResult {
			change(&r)
			return r
		}
		killed := supervisor.SIGKILL.String()
		before, err := b.Status(t.Context(), operator, "web")
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name  string
			words []string
			want  supervisor.ExecResult
		}{
			{"web", nil, ended("web", 1, 0, supervisor.ReasonCompleted)},
			{"web", []string{"code=3", "after=1500ms"}, with(ended("web", 1, 3, supervisor.ReasonError), func(r *supervisor.ExecResult) { r.Seconds = 1.5 })},
			{"web", []string{"by=SIGSEGV"}, with(ended("web", 1, 0, supervisor.ReasonSignaled), func(r *supervisor.ExecResult) {
				r.ExitCode, r.Signal = nil, new("SIGSEGV")
			})},
			{"web", []string{"out=$(HOME)\xff", "err=two"}, with(ended("web", 1, 0, supervisor.ReasonCompleted), func(r *supervisor.ExecResult) {
				r.Stdout, r.Stderr = []byte("$(HOME)\xff"), []byte("two")
			})},
			{"web", []string{"out=begun", "deaf"}, with(ended("web", 1, 0, supervisor.ReasonDeadlineExceeded), func(r *supervisor.ExecResult) {
				r.ExitCode, r.Signal, r.Stdout, r.Seconds = nil, &killed, []byte("begun"), 30
				r.Error = "no end after 30s: it and all that it started was killed"
			})},
			{"api-1", nil, ended("api-1", 1, 0, supervisor.ReasonCompleted)},
			{"job", nil, ended("job", 0, 0, supervisor.ReasonCompleted)},
			{"crashing", nil, ended("crashing", 0, 0, supervisor.ReasonCompleted)},
			{"waits", nil, ended("waits", 0, 0, supervisor.ReasonCompleted)},
		} {
			got, err := ask(c.name, c.words...)
			if err != nil {
				t.Fatalf("%s %.40q: %v", c.name, c.words, err)
			}
			if diff := cmp.Diff(c.want, *got); diff != "" {
				t.Errorf("%s %.40q (-want +got):\n%.2000s", c.name, c.words, diff)
			}
		}
		whole := strings.Repeat("x", supervisor.MaxExecOutput)
		if r, err := ask("web", "out="+whole, "err="+whole+"y"); err != nil || string(r.Stdout) != whole || string(r.Stderr) != whole || r.StdoutTruncated || !r.StderrTruncated {
			t.Error("of what was written too little or too much was kept", err)
		}
		after, err := b.Status(t.Context(), operator, "web")
		if diff := cmp.Diff(before, after); diff != "" || err != nil {
			t.Errorf("the process has changed: %v (-before +after):\n%s", err, diff)
		}
		for _, c := range []struct {
			req  supervisor.ExecRequest
			is   error
			want string
		}{
			{supervisor.ExecRequest{Name: "nobody", Command: supervisor.Command{Shell: "x"}}, supervisor.ErrNotFound, `cannot exec in "nobody": no such process`},
			{supervisor.ExecRequest{Name: "api", Command: supervisor.Command{Shell: "x"}}, supervisor.ErrInvalid, `cannot exec in "api": invalid request: it has 2 replicas: name one of them, such as api-0`},
			{supervisor.ExecRequest{Name: "web"}, supervisor.ErrInvalid, `process "web": invalid request: no command was given (want a program and its arguments, or a shell text)`},
			{supervisor.ExecRequest{Name: "web", Command: supervisor.Command{Argv: []string{"", "x"}}}, supervisor.ErrInvalid, `process "web": invalid request: no command was given (want a program and its arguments, or a shell text)`},
			{supervisor.ExecRequest{Name: "web", Command: supervisor.Command{Argv: []string{"a", "b\x00c"}}}, supervisor.ErrInvalid, `process "web": invalid request: the command holds a NUL byte, which no program can be given`},
			{supervisor.ExecRequest{Name: "web", Command: supervisor.Command{Shell: "x"}, Timeout: -1}, supervisor.ErrInvalid, `process "web": invalid request: timeout -1ns is negative`},
			{supervisor.ExecRequest{Name: "web", Command: supervisor.Command{Argv: []string{"tool", "forbidden"}}}, supervisor.ErrStart, `cannot exec in "web": process could not be started: tool: no such file`},
		} {
			if got, err := b.Exec(t.Context(), operator, c.req); !errors.Is(err, c.is) || err.Error() != c.want || got != nil {
				t.Errorf("%+v: %v, %v, want %s", c.req, got, err, c.want)
			}
		}
		const survivor = `cannot exec in "web": cannot end task "web/exec": something of it lives: not done in time (context deadline exceeded)`
		if got, err := ask("web", "immortal"); !errors.Is(err, supervisor.ErrStopTimeout) || err.Error() != survivor || got != nil {
			t.Errorf("one that survives SIGKILL: %+v, %v, want %s", got, err, survivor)
		}
		if _, err := b.Exec(t.Context(), viewer, supervisor.ExecRequest{Name: "web", Command: supervisor.Command{Shell: "x"}}); !errors.Is(err, supervisor.ErrForbidden) {
			t.Errorf("a viewer: %v", err)
		}
	})
}

// Whose context a command has, with that it ends: the life, or the entry where none lives.
// A caller who goes ends nothing, and nobody is held up.
func TestExecNowEnds(t *testing.T) {
	endless := supervisor.Command{Argv: []string{"tool", "deaf"}}
	type call struct {
		result *supervisor.ExecResult
		err    error
	}
	begin := func(ctx context.Context, b *bench, name string) chan call {
		answer := make(chan call, 1)
		go func() {
			result, err := b.Exec(ctx, operator, supervisor.ExecRequest{Name: name, Command: endless, Timeout: time.Minute})
			answer <- call{result, err}
		}()
		synctest.Wait()
		return answer
	}
	for _, c := range []struct {
		what, name string
		end        func(ctx context.Context, b *bench) error
		meanwhile  bool // ended with its context; else by its time
	}{
		{"stop", "web", func(ctx context.Context, b *bench) error { _, err := b.Stop(ctx, operator, "web"); return err }, true},
		{"restart", "web", func(ctx context.Context, b *bench) error { _, err := b.Restart(ctx, operator, "web"); return err }, true},
		{"exit", "later", nil, true},
		{"delete of one that is idle", "job", func(ctx context.Context, b *bench) error { return b.Delete(ctx, operator, "job") }, true},
		{"start of one that is idle", "job", func(ctx context.Context, b *bench) error {
			_, err := b.Start(ctx, operator, supervisor.StartRequest{Name: "job"})
			return err
		}, false},
		{"shutdown", "job", func(ctx context.Context, b *bench) error { return b.Shutdown(ctx, operator) }, true},
	} {
		t.Run(c.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, Config{Set: parse(t, manifestOf("exitPolicy: Never",
					"name: web, command: [child, term=3s]", "name: later, command: [child, after=10s], restartPolicy: Never",
					"name: job, command: [child, \"after=1s,1h\"], restartPolicy: Never"))})
				b.run()
				time.Sleep(2 * time.Second)
				answer := begin(t.Context(), b, c.name)
				if c.end != nil {
					if err := c.end(t.Context(), b); err != nil {
						t.Fatal(err)
					}
				}
				stopped := time.Now()
				a := <-answer
				if c.what == "shutdown" && time.Since(stopped) != 0 {
					t.Errorf("it was ended %s after the beginning of the shutdown", time.Since(stopped))
				}
				want := "no end after 1m0s: it and all that it started was killed"
				if c.meanwhile {
					want = "the process has ended meanwhile: it and all that it started was killed"
				}
				if a.err != nil || a.result.Error != want || a.result.ShellCode() == 0 {
					t.Errorf("%+v %v, want %s", a.result, a.err, want)
				}
			})
		})
	}
	t.Run("the caller goes", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := execBench(t)
			ctx, cancel := context.WithCancel(t.Context())
			answer := begin(ctx, b, "web")
			cancel()
			if a := <-answer; !errors.Is(a.err, context.Canceled) {
				t.Errorf("%+v", a)
			}
			if b.os.running("web/exec") != 1 {
				t.Error("it did not run on")
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			if b.os.running("web/exec") != 0 {
				t.Error("it has no end")
			}
		})
	})
	t.Run("while it is ending", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, Config{Set: parse(t, manifestOf("", "name: slow, command: [child, deaf], terminationGracePeriodSeconds: 10"))})
			b.run()
			if _, err := b.Stop(supervisor.NoWait(t.Context()), operator, "slow"); err != nil {
				t.Fatal(err)
			}
			a := <-begin(t.Context(), b, "slow")
			if !errors.Is(a.err, supervisor.ErrNotRunning) || a.err.Error() != `cannot exec in "slow": process is not running: it is ending (stopping)` {
				t.Error(a.err)
			}
		})
	})
}

// The audit line tells the program, and nothing that may be a secret.
func TestExecNowIsAudited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		b := newBench(t, Config{Set: parse(t, manifestOf("", "name: web, command: [child]")), Stderr: &log, LogFormat: "text"})
		b.run()
		for _, command := range []supervisor.Command{{Argv: []string{"/bin/tool", "out=hunter2"}}, {Shell: "tool out=hunter2"}} {
			if _, err := b.Exec(t.Context(), operator, supervisor.ExecRequest{Name: "web", Command: command}); err != nil {
				t.Fatal(err)
			}
		}
		stuck := supervisor.ExecRequest{Name: "web", Command: supervisor.Command{Argv: []string{"tool", "immortal"}}}
		if _, err := b.Exec(t.Context(), operator, stuck); !errors.Is(err, supervisor.ErrStopTimeout) {
			t.Errorf("one that survives SIGKILL: %v", err)
		}
		b.end()
		if want := "WARN failed verb=exec name=web"; !strings.Contains(log.String(), want) {
			t.Errorf("no line with %q:\n%s", want, &log)
		}
		for _, program := range []string{"/bin/tool", "/bin/sh"} {
			if want := fmt.Sprintf("program=%s", program); !strings.Contains(log.String(), `verb=exec name=web`) || !strings.Contains(log.String(), want) {
				t.Errorf("no line with %s:\n%s", want, &log)
			}
		}
		if strings.Contains(log.String(), "hunter2") {
			t.Errorf("the arguments are in the log:\n%s", &log)
		}
	})
}
