package clients

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/processmanager/processmanager/rpc/client"
	"github.com/processmanager/processmanager/supervisor"
)

const manifest = `apiVersion: processmanager/v1
kind: ProcessManifest
metadata: {name: live}
spec:
  exitPolicy: Never
  processes:
  - {name: web, labels: {tier: front}, command: "echo up; exec sleep 1000", livenessProbe: {exec: {command: [/bin/true]}}}
  - {name: job, command: [/bin/true], restartPolicy: Never}
`

const more = manifest + "  - {name: more, command: [/bin/sleep, '1000']}\n"

// A manager is one that runs, and can be ended and started again at the same place.
type manager struct {
	t      *testing.T
	dir    string
	socket string
	flags  []string
	cmd    *exec.Cmd
}

func newManager(t *testing.T, flags ...string) *manager {
	t.Helper()
	dir, err := os.MkdirTemp("", "pm") // short: the path of a socket is
	if err != nil {
		t.Fatal(err)
	}
	m := &manager{t: t, dir: dir, socket: filepath.Join(dir, "pm-rpc.sock")}
	m.flags = append([]string{"-socket", filepath.Join(dir, "pm.sock"), "-manifest", m.write("manifest.yaml", manifest)}, flags...)
	t.Cleanup(func() {
		m.stop()
		_ = os.RemoveAll(dir)
	})
	m.start()
	return m
}

func (m *manager) write(name, text string) string {
	m.t.Helper()
	path := filepath.Join(m.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		m.t.Fatal(err)
	}
	return path
}

func (m *manager) start() {
	m.t.Helper()
	log, err := os.OpenFile(filepath.Join(m.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		m.t.Fatal(err)
	}
	defer log.Close()
	m.cmd = exec.Command(must(m.t, binary), m.flags...)
	m.cmd.Stdout, m.cmd.Stderr = log, log
	if err := m.cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 500 {
		if c, err := net.Dial("unix", m.socket); err == nil {
			_ = c.Close()
			return
		}
		<-tick.C
	}
	text, _ := os.ReadFile(filepath.Join(m.dir, "log"))
	m.t.Fatalf("the manager does not come up: %s", text)
}

func (m *manager) stop() {
	if m.cmd.ProcessState != nil {
		return
	}
	_ = m.cmd.Process.Signal(os.Interrupt)
	late := time.AfterFunc(20*time.Second, func() { _ = m.cmd.Process.Kill() })
	defer late.Stop()
	_ = m.cmd.Wait()
}

func goClient(t *testing.T, o client.Options) *client.Client {
	t.Helper()
	c, err := client.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func inTime(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// ok is the result of a call that must succeed.
func ok[T any](t *testing.T) func(T, error) T {
	return func(result T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
}

func TestGoClientCallsEveryMethod(t *testing.T) {
	t.Parallel()
	ctx, m := inTime(t), newManager(t)
	c := goClient(t, client.Options{Socket: m.socket})
	info, changes := ok[*supervisor.ProcessInfo](t), ok[[]supervisor.Change](t)

	first := info(c.Start(ctx, client.StartParams{Name: "hello", Command: "echo hello; sleep 1000", JobID: "e42", Deadline: 600}))
	if first.JobID != "e42" || first.Deadline != 600 || first.Status != supervisor.StatusRunning || first.PID == nil {
		t.Errorf("%+v", first)
	}
	info(c.Wait(ctx, client.WaitParams{Name: "hello", Condition: supervisor.WaitRunning}))
	if got := info(c.Status(ctx, "hello")); *got.PID != *first.PID {
		t.Errorf("%+v", got)
	}
	list := ok[[]*supervisor.ProcessInfo](t)
	if got := list(c.List(ctx, client.ListParams{})); len(got) != 3 {
		t.Errorf("%d processes", len(got))
	}
	if got := list(c.List(ctx, client.ListParams{Labels: map[string]string{"tier": "front"}, Status: []supervisor.Status{supervisor.StatusRunning}})); len(got) != 1 {
		t.Errorf("%d selected", len(got))
	}
	info(c.Signal(ctx, client.SignalParams{Name: "hello", Signal: "CONT"}))
	if got := info(c.Restart(ctx, "hello")); *got.PID == *first.PID {
		t.Error("the same life")
	}
	if got := info(c.Stop(ctx, "hello")); got.Status != supervisor.StatusStopped {
		t.Errorf("%+v", got)
	}
	info(c.Start(ctx, client.StartParams{Name: "hello"}))
	if got := ok[[]supervisor.LifeRecord](t)(c.History(ctx, "hello")); len(got) != 2 || got[0].Reason != supervisor.ReasonStoppedByUser {
		t.Errorf("%+v", got)
	}
	for _, p := range []client.LogsParams{{Name: "hello"}, {Name: "hello", Lines: 10, Stream: supervisor.Stdout, Since: time.Now().Add(-time.Hour)}} {
		if got := ok[[]supervisor.LogLine](t)(c.Logs(ctx, p)); len(got) == 0 || got[0].Msg != "hello" {
			t.Errorf("%+v", got)
		}
	}
	if err := c.Delete(ctx, "hello"); err != nil {
		t.Error(err)
	}
	info(c.Wait(ctx, client.WaitParams{Name: "job", Condition: supervisor.WaitCompleted, Timeout: supervisor.Duration(10 * time.Second)}))
	if got := info(c.Trigger(ctx, "job")); got.Run != 2 {
		t.Errorf("%+v", got)
	}
	probes := ok[[]supervisor.ProbeResult](t)(c.Probe(ctx, client.ProbeParams{Name: "web", Probe: supervisor.ProbeLiveness}))
	if len(probes) != 1 || !probes[0].Success || probes[0].Process != "web" || probes[0].Run != 1 {
		t.Errorf("%+v", probes)
	}
	ran := ok[supervisor.ExecResult](t)(c.Exec(ctx, client.ExecParams{
		Name: "web", Command: supervisor.Command{Argv: []string{"/bin/sh", "-c", "printf '\\377'; echo $PM_PROCESS_NAME >&2; exit 4"}}, Timeout: supervisor.Duration(10 * time.Second),
	}))
	if string(ran.Stdout) != "\xff" || string(ran.Stderr) != "web\n" || ran.ExitCode == nil || *ran.ExitCode != 4 {
		t.Errorf("%+v", ran)
	}
	whole := supervisor.Spec{
		Command: supervisor.Command{Argv: []string{"/bin/sh", "-c", "echo $WORD; exec sleep 1000"}},
		Env:     []supervisor.EnvVar{{Name: "WORD", Value: "grün"}}, Labels: map[string]string{"made": "here"},
		Umask: new(supervisor.Umask(0o027)), Nice: new(1), Metrics: supervisor.Metrics{ProportionalMemory: true, WorkingSet: true}, IOPriority: &supervisor.IOPriority{Class: supervisor.IOIdle},
		Rlimits: map[string]supervisor.Rlimit{"nofile": {Soft: 256, Hard: 512}},
	}
	if got := info(c.Start(ctx, client.StartParams{Name: "whole", Spec: &whole})); got.Labels["made"] != "here" {
		t.Errorf("%+v", got)
	}
	inForce := ok[*supervisor.ManifestInfo](t)(c.ManifestGet(ctx))
	if inForce.Source != "file" || len(inForce.Processes) != 2 {
		t.Errorf("%+v", inForce)
	}
	if got := changes(c.ManifestDiff(ctx, client.ManifestDiffParams{})); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	if got := changes(c.ManifestApply(ctx, client.ManifestApplyParams{Manifest: more})); len(got) != 1 || got[0].Action != supervisor.ChangeAdded {
		t.Errorf("%+v", got)
	}
	if got := changes(c.ManifestApply(ctx, client.ManifestApplyParams{})); len(got) != 1 || got[0].Action != supervisor.ChangeRemoved {
		t.Errorf("%+v", got)
	}
	if got := ok[*supervisor.SystemInfo](t)(c.SystemInfo(ctx)); got.PID != m.cmd.Process.Pid {
		t.Errorf("%+v", got)
	}
	if document, err := c.Discover(ctx); err != nil || !strings.Contains(string(document), `"title":"Process Manager"`) {
		t.Errorf("%v %.200s", err, document)
	}
	if err := c.SystemShutdown(ctx); err != nil {
		t.Error(err)
	}
	if err := m.cmd.Wait(); err != nil {
		t.Errorf("the manager ended with %v", err)
	}
}

func TestGoClientSubscribes(t *testing.T) {
	t.Parallel()
	ctx, m := inTime(t), newManager(t)
	c := goClient(t, client.Options{Socket: m.socket})
	events := ok[*client.Subscription[client.EventNotice]](t)(c.EventsSubscribe(ctx, client.EventsSubscribeParams{Name: "eve"}))
	defer events.Close()
	if _, err := c.Start(ctx, client.StartParams{Name: "eve", Command: "exit 3"}); err != nil {
		t.Fatal(err)
	}
	for n, err := range events.All(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if e := n.Event; e.Type == supervisor.EventEnded {
			if *e.ExitCode != 3 || e.Reason != supervisor.ReasonError {
				t.Errorf("%+v", e)
			}
			break
		}
	}
	lines := ok[*client.Subscription[client.LineNotice]](t)(c.LogsSubscribe(ctx, client.LogsSubscribeParams{Name: "web"}))
	defer lines.Close()
	line := ok[client.LineNotice](t)
	if n := line(lines.Next(ctx)); n.Line.Msg != "up" {
		t.Errorf("%+v", n)
	}
	m.stop()
	if n := line(lines.Next(ctx)); n.Gap == nil || n.Gap.Over {
		t.Errorf("%+v", n)
	}
	m.start()
	if n := line(lines.Next(ctx)); n.Gap == nil || !n.Gap.Over {
		t.Errorf("%+v", n)
	}
	if n := line(lines.Next(ctx)); n.Line.Msg != "up" {
		t.Errorf("%+v", n)
	}
	if err := c.Delete(ctx, "web"); err != nil {
		t.Fatal(err)
	}
	if _, err := lines.Next(ctx); !errors.Is(err, supervisor.ErrNotFound) {
		t.Errorf("of a process that is gone: %v", err)
	}
}

func TestGoClientProvesItself(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	plain := l.Addr().String()
	_ = l.Close()
	dir := must(t, certs)
	for _, way := range []string{"unix", "tcp", "tls"} {
		t.Run(way, func(t *testing.T) {
			ctx := inTime(t)
			secrets := t.TempDir()
			for name, text := range map[string]string{"right": "right\n", "look": "look\n"} {
				if err := os.WriteFile(filepath.Join(secrets, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			flags := []string{"-secret-file", filepath.Join(secrets, "right"), "-viewer-secret-file", filepath.Join(secrets, "look")}
			var o client.Options
			switch way {
			case "tcp":
				flags = append(flags, "-rpc-addr", plain)
				o.URL = "http://" + plain
			case "tls":
				flags = append(flags, "-rpc-addr", plain, "-tls-cert-file", filepath.Join(dir, "cert.pem"), "-tls-key-file", filepath.Join(dir, "key.pem"))
				text, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
				if err != nil {
					t.Fatal(err)
				}
				pool := x509.NewCertPool()
				pool.AppendCertsFromPEM(text)
				o.URL, o.TLS = "https://"+plain, &tls.Config{RootCAs: pool}
			}
			m := newManager(t, flags...)
			if way == "unix" {
				o.Socket = m.socket
			}
			as := func(secret string) *client.Client {
				o := o
				o.Secret = secret
				return goClient(t, o)
			}
			for _, secret := range []string{"right", "look"} {
				if list, err := as(secret).List(ctx, client.ListParams{}); err != nil || len(list) != 2 {
					t.Errorf("%s: %v %v", secret, list, err)
				}
				s, err := as(secret).EventsSubscribe(ctx, client.EventsSubscribeParams{})
				if err != nil {
					t.Errorf("%s: %v", secret, err)
					continue
				}
				s.Close()
			}
			if _, err := as("look").Stop(ctx, "web"); !errors.Is(err, supervisor.ErrForbidden) {
				t.Errorf("a viewer stops: %v", err)
			}
			for _, secret := range []string{"", "wrong"} {
				_, err := as(secret).List(ctx, client.ListParams{})
				_, err2 := as(secret).EventsSubscribe(ctx, client.EventsSubscribeParams{})
				if !errors.Is(err, client.ErrUnauthorized) || !errors.Is(err2, client.ErrUnauthorized) {
					t.Errorf("secret %q: %v, %v", secret, err, err2)
				}
			}
			if way == "tls" {
				o.TLS = nil
				if _, err := as("right").List(ctx, client.ListParams{}); !errors.Is(err, client.ErrUnreachable) {
					t.Errorf("without the authority: %v", err)
				}
			}
		})
	}
}
