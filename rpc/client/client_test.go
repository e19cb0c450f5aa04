package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/processmanager/processmanager/rpc"
	"github.com/processmanager/processmanager/rpc/client"
	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/supervisortest"
)

type oneSecret string

func (oneSecret) Enabled() bool { return true }

func (s oneSecret) Check(secret string) supervisor.Role {
	if secret == string(s) {
		return supervisor.RoleOperator
	}
	return supervisor.RoleNone
}

// serve runs a real server over a unix socket until the test ends, and returns
// the socket's path.
func serve(t *testing.T, o rpc.Options) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pm-rpc.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- rpc.NewServer(o).Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return path
}

func dial(t *testing.T, o client.Options) *client.Client {
	t.Helper()
	c, err := client.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// Every method reaches the manager with the parameters as they were given, and
// brings back what the manager said.
func TestMethods(t *testing.T) {
	fake := supervisortest.New()
	c := dial(t, client.Options{Socket: serve(t, rpc.Options{Control: fake})})
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	info, err := c.Start(ctx, client.StartParams{Name: "hello", Command: `echo "a<b>" && echo ü`, Log: true, Deadline: 5, JobID: "e42"})
	must(err)
	want := supervisor.StartRequest{Name: "hello", Command: `echo "a<b>" && echo ü`, Log: true, Deadline: 5, JobID: "e42"}
	if diff := cmp.Diff(want, fake.Calls()[0].Arg); diff != "" {
		t.Error(diff)
	}
	if info.PID == nil || *info.PID != 101 || info.Status != supervisor.StatusRunning || !info.StartTime.Equal(supervisortest.Epoch) || info.ExitCode != nil {
		t.Errorf("%+v", info)
	}
	fake.AddLog("hello", supervisor.LogLine{Time: supervisortest.Epoch, Stream: supervisor.Stderr, Run: 1, Msg: "x & y"})
	lines, err := c.Logs(ctx, client.LogsParams{Name: "hello", Lines: 5, Stream: supervisor.Stderr, Since: supervisortest.Epoch.Add(-time.Hour)})
	must(err)
	if len(lines) != 1 || lines[0].Msg != "x & y" {
		t.Errorf("%+v", lines)
	}
	info, err = c.Restart(ctx, "hello")
	must(err)
	if info.Run != 2 {
		t.Errorf("%+v", info)
	}
	info, err = c.Stop(ctx, "hello")
	must(err)
	if info.Status != supervisor.StatusStopped || info.PID != nil {
		t.Errorf("%+v", info)
	}
	info, err = c.Status(ctx, "hello")
	must(err)
	if info.Reason != supervisor.ReasonStoppedByUser {
		t.Errorf("%+v", info)
	}
	list, err := c.List(ctx, client.ListParams{Status: []supervisor.Status{supervisor.StatusStopped}})
	must(err)
	if len(list) != 1 || list[0].Name != "hello" {
		t.Errorf("%+v", list)
	}
	must(c.Delete(ctx, "hello"))
	list, err = c.List(ctx, client.ListParams{})
	must(err)
	if len(list) != 0 {
		t.Errorf("%+v", list)
	}
	document, err := c.Discover(ctx)
	must(err)
	if !json.Valid(document) || !strings.HasPrefix(string(document), `{"openrpc":`) {
		t.Errorf("%s", document)
	}
}

// The methods about signals, runs, the manifest and the manager.
func TestMoreMethods(t *testing.T) {
	fake := supervisortest.New()
	fake.Put(supervisor.ProcessInfo{Name: "web", PID: new(7), Status: supervisor.StatusRunning, Run: 2})
	fake.Put(supervisor.ProcessInfo{Name: "job", Status: supervisor.StatusCompleted, Run: 1, Reason: supervisor.ReasonCompleted})
	fake.AddLog("web", supervisor.LogLine{Run: 1, Msg: "before"}, supervisor.LogLine{Run: 2, Msg: "now"})
	fake.AddHistory("job", supervisor.LifeRecord{Name: "job", Run: 1, EndTime: supervisortest.Epoch, ExitCode: new(0), Reason: supervisor.ReasonCompleted})
	quantity, umask := supervisor.Quantity("128Mi"), supervisor.Umask(0o22)
	inForce := supervisor.ManifestInfo{
		Source: "file", ExitPolicy: supervisor.ExitNever, GraceSecs: 25,
		Processes: []supervisor.Spec{{
			Name: "web", Command: supervisor.Command{Argv: []string{"a", "<b>"}}, Umask: &umask, Jitter: new(supervisor.Duration(time.Minute)),
			Rlimits: map[string]supervisor.Rlimit{"nofile": {Soft: 10, Hard: supervisor.Unlimited}}, Log: supervisor.Log{File: true, MaxSize: &quantity},
			LivenessProbe:   &supervisor.Probe{TCPSocket: &supervisor.TCPSocketAction{Port: "http"}},
			SecurityContext: &supervisor.SecurityContext{RunAsUser: new(supervisor.ID("1000"))},
		}},
	}
	fake.PutManifest(inForce)
	fake.Plan("text & <more>", supervisor.Change{Name: "new", Action: supervisor.ChangeAdded})
	c := dial(t, client.Options{Socket: serve(t, rpc.Options{Control: fake})})
	ctx := t.Context()
	ok := func(what string, good bool, err error) {
		t.Helper()
		if err != nil || !good {
			t.Errorf("%s: %v", what, err)
		}
	}
	info, err := c.Signal(ctx, client.SignalParams{Name: "web", Signal: "usr1"})
	ok("signal", err == nil && info.Name == "web" && fake.Calls()[0].Arg == supervisortest.SignalCall{Name: "web", Signal: 10}, err)
	lines, err := c.Logs(ctx, client.LogsParams{Name: "web", Previous: true})
	ok("previous", len(lines) == 1 && lines[0].Msg == "before", err)
	lives, err := c.History(ctx, "job")
	ok("history", len(lives) == 1 && *lives[0].ExitCode == 0 && lives[0].Log != nil, err)
	info, err = c.Wait(ctx, client.WaitParams{Name: "job", Condition: supervisor.WaitCompleted, Timeout: supervisor.Duration(time.Minute)})
	ok("wait", err == nil && info.Name == "job", err)
	_, err = c.Wait(ctx, client.WaitParams{Name: "web", Condition: supervisor.WaitEnded, Timeout: supervisor.Duration(time.Millisecond)})
	ok("wait that is too short", errors.Is(err, supervisor.ErrStopTimeout), nil)
	info, err = c.Trigger(ctx, "job")
	ok("trigger", err == nil && info.Run == 2, err)
	got, err := c.ManifestGet(ctx)
	ok("manifest", cmp.Equal(&inForce, got), err)
	changes, err := c.ManifestDiff(ctx, client.ManifestDiffParams{Manifest: "text & <more>"})
	ok("diff", len(changes) == 1 && changes[0].Action == supervisor.ChangeAdded, err)
	changes, err = c.ManifestApply(ctx, client.ManifestApplyParams{Manifest: "text & <more>"})
	ok("apply", len(changes) == 1, err)
	_, err = c.ManifestApply(ctx, client.ManifestApplyParams{})
	ok("apply without a file", errors.Is(err, supervisor.ErrInvalid), nil)
	system, err := c.SystemInfo(ctx)
	ok("system", err == nil && system.Processes == 3 && system.PID == 1, err)
	ok("shutdown", true, c.SystemShutdown(ctx))
	_, err = c.List(ctx, client.ListParams{})
	ok("after the end", errors.Is(err, supervisor.ErrClosed), nil)
}

// Each sentinel of the contract survives the way through the API, with text,
// reason and name.
func TestErrorsArriveAsTheContracts(t *testing.T) {
	for _, sentinel := range supervisor.Errors() {
		fake := supervisortest.New()
		fake.Hook = func(context.Context, string) error { return errors.Join(sentinel) }
		c := dial(t, client.Options{Socket: serve(t, rpc.Options{Control: fake})})
		_, err := c.Stop(t.Context(), "web")
		if !errors.Is(err, sentinel) {
			t.Errorf("%v arrived as %v", sentinel, err)
		}
		var full *client.Error
		if !errors.As(err, &full) || full.Data.Name != "web" || full.Data.Reason == "" || full.Message != sentinel.Error() {
			t.Errorf("%v arrived as %#v", sentinel, full)
		}
	}
}

func TestUnauthorized(t *testing.T) {
	socket := serve(t, rpc.Options{Control: supervisortest.New(), Auth: oneSecret("right-8812")})
	for _, secret := range []string{"", "wrong-5519"} {
		c := dial(t, client.Options{Socket: socket, Secret: secret})
		_, err := c.List(t.Context(), client.ListParams{})
		if !errors.Is(err, client.ErrUnauthorized) || !strings.Contains(err.Error(), socket) {
			t.Errorf("%v", err)
		}
		if secret != "" && strings.Contains(err.Error(), secret) {
			t.Errorf("the error holds the secret: %v", err)
		}
	}
	c := dial(t, client.Options{Socket: socket, Secret: "right-8812"})
	if _, err := c.List(t.Context(), client.ListParams{}); err != nil {
		t.Error(err)
	}
}

func TestUnreachable(t *testing.T) {
	answer := func(status int, body string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://127.0.0.1:1/")
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	gone := filepath.Join(t.TempDir(), "gone.sock")
	for _, o := range []struct {
		o    client.Options
		want string
	}{
		{client.Options{Socket: gone}, "cannot reach the manager at " + gone + ": connect: no such file or directory"},
		{client.Options{URL: "unix://" + gone}, "cannot reach the manager at " + gone + ": connect: no such file or directory"},
		{client.Options{URL: "http://127.0.0.1:1"}, "cannot reach the manager at 127.0.0.1:1: connect: connection refused"},
		{client.Options{URL: answer(200, "<html>")}, "what answers there is not a manager's API (HTTP status 200)"},
		{client.Options{URL: strings.Replace(secure.URL, "https:", "http:", 1)}, "it speaks TLS, and was asked without: want https://"},
		{client.Options{URL: answer(502, "")}, "what answers there is not a manager's API (HTTP status 502)"},
		{client.Options{URL: answer(302, "")}, "what answers there is not a manager's API (HTTP status 302)"},
		{client.Options{URL: answer(200, `{"jsonrpc":"2.0","id":1}`)}, "what answers there is not a manager's API (HTTP status 200)"},
	} {
		_, err := dial(t, o.o).List(t.Context(), client.ListParams{})
		if !errors.Is(err, client.ErrUnreachable) || !strings.Contains(err.Error(), o.want) {
			t.Errorf("got  %v\nwant %s", err, o.want)
		}
	}
}

// A context that ends is not the manager's fault.
func TestContextEnds(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	fake := supervisortest.New()
	fake.Hook = func(context.Context, string) error {
		close(entered)
		<-release
		return nil
	}
	c := dial(t, client.Options{Socket: serve(t, rpc.Options{Control: fake})})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-entered
		cancel()
	}()
	_, err := c.Stop(ctx, "web")
	close(release)
	if !errors.Is(err, context.Canceled) || errors.Is(err, client.ErrUnreachable) {
		t.Errorf("%v", err)
	}
}

func TestOptions(t *testing.T) {
	for _, o := range []client.Options{
		{},
		{Socket: "/a", URL: "http://b"},
		{URL: "localhost:80"},
		{URL: "ftp://localhost"},
		{URL: "http://"},
		{URL: "http://user:s3cret-77@localhost"},
		{URL: "http://s3cret-77@local host"},
	} {
		_, err := client.New(o)
		if err == nil || strings.Contains(err.Error(), "s3cret-77") {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// The classic interface over the API is the one in the process.
func TestClassic(t *testing.T) {
	fake := supervisortest.New()
	c := dial(t, client.Options{Socket: serve(t, rpc.Options{Control: fake, Auth: oneSecret("s")}), Secret: "s"})
	for _, pm := range []supervisor.ProcessManagerInterface{c.Classic(), supervisor.Classic(supervisortest.New(), "s")} {
		if pm.GetSecret() != "s" {
			t.Error("secret")
		}
		if err := pm.StartProcess("a", "true", true, 1, "", "j"); err != nil {
			t.Error(err)
		}
		if err := pm.StartProcess("a", "true", true, 1, "", "j"); !errors.Is(err, supervisor.ErrExists) {
			t.Error(err)
		}
		if err := pm.RestartProcess("a"); err != nil {
			t.Error(err)
		}
		if info, err := pm.GetProcessStatus("a"); err != nil || info.Run != 2 || info.JobID != "j" {
			t.Errorf("%+v %v", info, err)
		}
		if err := pm.StopProcess("a"); err != nil {
			t.Error(err)
		}
		if err := pm.StopProcess("a"); !errors.Is(err, supervisor.ErrNotRunning) {
			t.Error(err)
		}
		if list := pm.ListProcesses(); len(list) != 1 {
			t.Errorf("%+v", list)
		}
		if text, err := pm.GetProcessLogs("a", 10); err != nil || text != "" {
			t.Errorf("%q %v", text, err)
		}
		if err := pm.DeleteProcess("a"); err != nil {
			t.Error(err)
		}
		if _, err := pm.GetProcessLogs("a", 10); !errors.Is(err, supervisor.ErrNotFound) {
			t.Error(err)
		}
	}
	if fake.Calls()[0].Who.Role != supervisor.RoleOperator {
		t.Errorf("%+v", fake.Calls()[0])
	}
}
