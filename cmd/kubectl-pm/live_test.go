package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/processmanager/processmanager/cmd/pmclient/top"
	"github.com/processmanager/processmanager/supervisor"
)

const liveManifest = `
apiVersion: processmanager/v1
kind: ProcessManifest
spec:
  processes:
    - {name: web, command: "echo hello from $POD; exec sleep 1000"}
    - {name: job, command: "echo job", schedule: "0 0 1 1 *"}
`

// builtPrograms is a folder with the manager and pmclient, which TestMain removes.
var builtPrograms = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "pm-programs-")
	if err != nil {
		return "", err
	}
	removePrograms = func() { os.RemoveAll(dir) }
	if out, err := exec.Command("go", "build", "-o", dir+"/", "../processmanager", "../pmclient").CombinedOutput(); err != nil {
		return "", fmt.Errorf("cannot build: %w\n%s", err, out)
	}
	return dir, nil
})

var removePrograms = func() {}

// liveCluster is a fake kubectl whose exec runs the real pmclient against real managers,
// one for each Pod.
func liveCluster(t *testing.T, pods ...string) *fake {
	t.Helper()
	programs, err := builtPrograms()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "pm-live-") // short, for the sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	manifest := filepath.Join(dir, "manifest.yaml")
	if err := os.WriteFile(manifest, []byte(liveManifest), 0o600); err != nil {
		t.Fatal(err)
	}
	var list []string
	execs := map[string]reply{}
	for _, name := range pods {
		socket := filepath.Join(dir, name+".sock")
		cmd := exec.Command(filepath.Join(programs, "processmanager"), "-manifest", manifest, "-socket", socket)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "POD=" + name}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
			_ = cmd.Wait()
		})
		list = append(list, podJSON(name, "Running", annotated, "processes"))
		execs[name+"/processes"] = reply{Socket: socket}
	}
	f := newFake(t, podList(list...), execs)
	f.env = append(f.env, "KUBECTL_PM_TEST_PMCLIENT="+filepath.Join(programs, "pmclient"))
	f.eventually("all managers answer", func() error {
		if stdout, stderr, code := f.run("status", "web"); code != exitDone || strings.Count(stdout, "running") != len(pods) {
			return fmt.Errorf("%s%s", stdout, stderr)
		}
		return nil
	})
	return f
}

func (f *fake) eventually(what string, look func() error) {
	f.t.Helper()
	end := time.Now().Add(time.Minute)
	for err := look(); err != nil; err = look() {
		if time.Now().After(end) {
			f.t.Fatalf("waited for: %s; the last answer: %v", what, err)
		}
		wait(f.t)
	}
}

// One after the other everything that an operator does, with what pmclient really says.
func TestLive(t *testing.T) {
	f := liveCluster(t, "shop-a", "shop-b")
	for _, tc := range []struct {
		line string
		code int
		want []string
	}{
		{"list", exitDone, []string{"shop-a  web", "shop-b  web", "shop-b  job", "scheduled", "next run"}},
		{"restart web", exitDone, []string{"shop-a: web: running\nshop-b: web: running\n"}},
		{"stop web", exitDone, []string{"shop-a: web: stopped\nshop-b: web: stopped\n"}},
		{"stop web", exitSome, []string{`shop-a: cannot stop "web": process is not running`, "2 of 2 Pods failed"}},
		{"start --pod shop-b web", exitDone, []string{"shop-b: web: running\n"}},
		{"start web", exitSome, []string{"shop-a: web: running", `shop-b: cannot start "web"`, "1 of 2 Pods failed"}},
		{"trigger job", exitDone, []string{"shop-a: job"}},
		{"logs web --tail 1", exitDone, []string{"shop-a web | hello from shop-a", "shop-b web | hello from shop-b"}},
		{"logs nobody", exitSome, []string{"shop-a: cannot show the log of \"nobody\": no such process"}},
		{"list -status completed,failed", exitDone, nil},
		{"list -status bad", exitSome, []string{"wrong usage"}},
		{"top -once -sort name", exitDone, []string{"POD", "shop-a", "shop-b", "web", "job"}},
	} {
		stdout, stderr, code := f.run(strings.Fields(tc.line)...)
		if code != tc.code {
			t.Errorf("%s: exit code %d, want %d\n%s%s", tc.line, code, tc.code, stdout, stderr)
		}
		for _, want := range tc.want {
			if !strings.Contains(stdout+stderr, want) {
				t.Errorf("%s: no %q in\n%s%s", tc.line, want, stdout, stderr)
			}
		}
	}
}

// shared is a buffer that one writes while others look.
type shared struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// Lines of all Pods are followed over restarts, until the person has had enough.
func TestLiveFollow(t *testing.T) {
	f := liveCluster(t, "shop-a", "shop-b")
	ctx, cancel := context.WithCancel(t.Context())
	var out, errs shared
	done := make(chan int)
	go func() { done <- Run(ctx, []string{"kubectl-pm", "logs", "-f", "web"}, f.env, nil, &out, &errs) }()
	seen := func(n int) func() error {
		return func() error {
			for _, pod := range []string{"shop-a", "shop-b"} {
				if text := out.String(); strings.Count(text, pod+" web | hello from "+pod+"\n") != n {
					return fmt.Errorf("%s%s", text, errs.String())
				}
			}
			return nil
		}
	}
	f.eventually("the first lines", seen(1))
	if _, stderr, code := f.run("restart", "web"); code != exitDone {
		t.Errorf("restart: %s", stderr)
	}
	f.eventually("the lines of the second life", seen(2))
	cancel()
	if code := <-done; code != exitDone || errs.String() != "" {
		t.Errorf("exit code %d, stderr %q", code, errs.String())
	}
}

// What has been started in a Pod does not outlive this program, although kubectl exec leaves
// behind what it has started.
func TestLiveFollowLeavesNobody(t *testing.T) {
	f := liveCluster(t, "shop-a")
	ctx, cancel := context.WithCancel(t.Context())
	var out, errs shared
	done := make(chan int)
	go func() { done <- Run(ctx, []string{"kubectl-pm", "logs", "-f", "web"}, f.env, nil, &out, &errs) }()
	f.eventually("the first line", func() error {
		if !strings.Contains(out.String(), "hello") {
			return fmt.Errorf("%s", out.String())
		}
		return nil
	})
	programs, err := builtPrograms()
	if err != nil {
		t.Fatal(err)
	}
	client := filepath.Join(programs, "pmclient")
	clients := func() (n int) {
		all, err := filepath.Glob("/proc/[0-9]*/environ")
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range all {
			env, _ := os.ReadFile(path) // it may have ended
			args, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
			if bytes.Contains(env, []byte(f.dir)) && bytes.HasPrefix(args, []byte(client+"\x00")) {
				n++
			}
		}
		return n
	}
	if n := clients(); n != 1 {
		t.Errorf("%d pmclient run in the Pod, want 1", n)
	}
	cancel()
	if code := <-done; code != exitDone {
		t.Errorf("exit code %d, stderr %q", code, errs.String())
	}
	f.eventually("the client in the Pod has ended", func() error {
		if n := clients(); n > 0 {
			return fmt.Errorf("%d are left", n)
		}
		return nil
	})
}

// A Pod of a StatefulSet that was replaced has the name of the one before, and is another:
// it is followed although nothing was to be had from that one any more.
func TestFollowReplacedPod(t *testing.T) {
	born := func(uid string) string {
		return strings.Replace(podJSON("a", "Running", annotated, "processes"), `"name":"a"`, `"name":"a","uid":"`+uid+`"`, 1)
	}
	other := podJSON("b", "Running", annotated, "processes")
	f := newFake(t, podList(born("1"), other), map[string]reply{
		"a/processes": {Err: "pmclient: Process 'web' not found", Code: 1},
		"b/processes": {Follows: true},
	})
	var out, errs shared
	w := followWeb(t, f, &out, &errs)
	w.interval = 20 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- w.run(ctx) }()
	f.eventually("the first has failed", func() error {
		if text := errs.String(); !strings.Contains(text, "not found") {
			return fmt.Errorf("stderr %q", text)
		}
		return nil
	})
	f.write(map[string]any{"Pods": podList(born("2"), other), "Execs": map[string]reply{
		"a/processes": {Out: `{"ts":"2026-01-02T03:04:05Z","stream":"stdout","run":1,"msg":"again"}` + "\n", Follows: true},
	}})
	f.eventually("the line of the second", func() error {
		if text := out.String(); !strings.Contains(text, "a web | again") {
			return fmt.Errorf("%s%s", text, errs.String())
		}
		return nil
	})
	cancel()
	<-done // what it says of the first is told elsewhere
}

// followWeb is a follower of the process web in the Pods of a fake.
func followWeb(t *testing.T, f *fake, out, errs *shared) *follower {
	t.Helper()
	k := kubectl{program: os.Args[0], env: f.env}
	fl := &fleet{kubectl: k, client: "pmclient", parallel: 2, timeout: time.Minute, chosen: selection{selector: managedSelector}, errs: errs}
	var err error
	if fl.pods, err = fl.chosen.pods(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	return newFollower(fl, logRequest{words: []string{"web"}, lines: 10}, &lineWriter{out: out})
}

// That the Pods cannot be listed is told once when it happens again, and that they can be
// once: one failure is nothing that anybody has missed.
func TestFollowTellsThatPodsAreNotListed(t *testing.T) {
	pods := podList(podJSON("a", "Running", annotated, "processes"))
	execs := map[string]reply{"a/processes": {Follows: true}}
	f := newFake(t, pods, execs)
	var out, errs shared
	w := followWeb(t, f, &out, &errs)
	look := func(fails string, want string) {
		t.Helper()
		f.write(map[string]any{"Pods": pods, "Fails": fails, "Execs": execs})
		w.relist(t.Context())
		if got := errs.String(); got != want {
			t.Errorf("listing fails with %q: stderr %q, want %q", fails, got, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	w.start(ctx, newTail(w.fleet.pods[0]), w.request)
	const (
		away = "Unable to connect to the server: EOF"
		told = "kubectl pm: cannot list Pods: " + away + "; Pods that come are not seen meanwhile, what is open goes on, and it is tried again every 5s\n"
		back = "kubectl pm: Pods are listed again\n"
	)
	look(away, "")
	look("", "")
	look(away, "")
	look(away, told)
	look("another reason", told)
	look("", told+back)
	look("", told+back)
	look(away, told+back)
	look(away, told+back+told)
	cancel()
	<-w.ended
}

// Whose stream ends in an error is told at once, not when all have ended: the others may
// go on for days.
func TestFollowTellsWhoFails(t *testing.T) {
	f := newFake(t, podList(podJSON("fine", "Running", annotated, "processes"), podJSON("bad", "Running", annotated, "processes")), map[string]reply{
		"fine/processes": {Hangs: true},
		"bad/processes":  {Err: "pmclient: Process 'web' not found", Code: 1},
	})
	ctx, cancel := context.WithCancel(t.Context())
	var out, errs shared
	done := make(chan int)
	go func() { done <- Run(ctx, []string{"kubectl-pm", "logs", "-f", "web"}, f.env, nil, &out, &errs) }()
	f.eventually("the failed one is told", func() error {
		if text := errs.String(); !strings.Contains(text, "kubectl pm: bad: Process 'web' not found") {
			return fmt.Errorf("stderr %q", text)
		}
		return nil
	})
	cancel()
	if code := <-done; code != exitDone || strings.Count(errs.String(), "\n") != 1 {
		t.Errorf("exit code %d, stderr %q", code, errs.String())
	}
}

// Pods come, go and come back while they are followed: no line is lost, and none is there twice.
func TestFollowOverRestarts(t *testing.T) {
	at := func(second int, msg string) string {
		return fmt.Sprintf(`{"ts":"2026-01-02T03:04:%02dZ","stream":"stdout","run":1,"msg":%q}`+"\n", second, msg)
	}
	a, b, c := podJSON("a", "Running", annotated, "processes"), podJSON("b", "Running", annotated, "processes"), podJSON("c", "Running", annotated, "processes")
	f := newFake(t, podList(a, b), map[string]reply{
		"a/processes": {Out: at(1, "a1") + at(2, "a2"), Err: "pmclient: the manager has ended"},
		"b/processes": {Out: at(1, "b1"), Code: 137},
	})
	var out, errs shared
	k := kubectl{program: os.Args[0], env: f.env}
	fl := &fleet{kubectl: k, client: "pmclient", parallel: 3, timeout: time.Minute, chosen: selection{selector: managedSelector}, errs: &errs}
	var err error
	if fl.pods, err = fl.chosen.pods(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	w := newFollower(fl, logRequest{words: []string{"web"}, lines: 10, since: "1h"}, &lineWriter{out: &out})
	w.interval = 20 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- w.run(ctx) }()
	lines := func(want string) func() error {
		return func() error {
			if strings.Join(slices.Sorted(strings.Lines(out.String())), "") != want {
				return fmt.Errorf("%s%s", out.String(), errs.String())
			}
			return nil
		}
	}
	f.eventually("the lines before the end", lines("a web | a1\na web | a2\nb web | b1\n"))
	f.eventually("both are tried again", func() error {
		if n := strings.Count(strings.Join(f.calls(), "\n"), "exec"); n < 4 {
			return fmt.Errorf("%d calls", n)
		}
		return nil
	})
	f.write(map[string]any{"Pods": podList(a, c), "Execs": map[string]reply{
		"a/processes": {Out: at(2, "a2") + at(3, "a3"), Follows: true},
		"b/processes": {Out: at(1, "b1"), Code: 137}, // it may just be tried again
		"c/processes": {Out: at(1, "c1"), Follows: true},
	}})
	f.eventually("the lines of those that came", lines("a web | a1\na web | a2\na web | a3\nb web | b1\nc web | c1\n"))
	f.eventually("it is told what has happened, once", func() error {
		have := slices.Sorted(strings.Lines(errs.String()))
		want := []string{
			"kubectl pm: a: the manager has ended\n", "kubectl pm: b: has gone\n", "kubectl pm: b: pmclient has ended with 137\n", "kubectl pm: c: has come\n",
		}
		if !slices.Equal(have, want) {
			return fmt.Errorf("%q", have)
		}
		return nil
	})
	d, e := podJSON("d", "Running", annotated, "processes"), podJSON("e", "Running", annotated, "processes")
	f.write(map[string]any{"Pods": podList(a, c, d, e), "Execs": map[string]reply{"d/processes": {Follows: true}}})
	f.eventually("one too many is told", func() error {
		if !strings.Contains(errs.String(), "e: is not followed: -parallel is 3") {
			return fmt.Errorf("%s", errs.String())
		}
		return nil
	})
	cancel()
	if err := <-done; err != nil {
		t.Errorf("%v; it has said:\n%s", err, errs.String())
	}
	calls := strings.Join(f.calls(), "\n")
	for _, want := range []string{
		"b --container processes -- pmclient logs -format json -lines 10 -follow -until-eof -since=1h web\n",
		"a --container processes -- pmclient logs -format json -lines 1000 -follow -until-eof -since=2026-01-02T03:04:02Z web\n",
		"c --container processes -- pmclient logs -format json -lines 1000 -follow -until-eof web\n",
	} {
		if !strings.Contains(calls+"\n", want) {
			t.Errorf("no call %q in\n%s", want, calls)
		}
	}
}

// What cannot come any more is not waited for.
func TestFollowEnds(t *testing.T) {
	gone := func(name string) reply { return reply{Err: `pmclient: "` + name + `" is deleted`} }
	pods := podList(podJSON("a", "Running", annotated, "processes"), podJSON("b", "Pending", annotated, "processes"))
	for name, tc := range map[string]struct {
		a    reply
		code int
	}{
		"deleted in one, the other never there": {gone("web"), exitSome},
		"refused":                               {reply{Err: "pmclient: no such process", Code: 1}, exitSome},
		"no pmclient":                           {reply{Err: "executable file not found", Code: -1}, exitNobody},
		"not reached":                           {reply{Err: "error: unable to upgrade connection", Code: -1}, exitNobody},
	} {
		f := newFake(t, pods, map[string]reply{"a/processes": tc.a})
		if stdout, stderr, code := f.run("logs", "-f", "web"); code != tc.code || stdout != "" || !strings.Contains(stderr, "b: the Pod is Pending") {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q", name, code, stdout, stderr)
		}
	}
}

// One Pod's process was deleted, the other Pod never had it: nothing can come any more.
func TestFollowEndsWithARefusal(t *testing.T) {
	f := newFake(t, podList(podJSON("a", "Running", annotated, "processes"), podJSON("b", "Running", annotated, "processes")), map[string]reply{
		"a/processes": {Out: `{"ts":"2026-01-02T03:04:05Z","stream":"stdout","run":1,"msg":"last"}` + "\n", Err: `pmclient: "web" is deleted`},
		"b/processes": {Err: "pmclient: no such process", Code: 1},
	})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	stdout, stderr, code := f.runIn(ctx, "logs", "-f", "web")
	if code != exitSome || stdout != "a web | last\n" || !strings.Contains(stderr, "b: no such process") || ctx.Err() != nil {
		t.Errorf("exit code %d, stdout %q, stderr %q, %v", code, stdout, stderr, ctx.Err())
	}
}

// Pods that were followed may come back, also when there is none for a while.
func TestFollowHopes(t *testing.T) {
	for name, tc := range map[string]struct {
		seen  bool
		tails map[string]*tail
		want  bool
	}{
		"nothing was ever followed": {false, map[string]*tail{"a": {again: true}}, false},
		"one may come back":         {true, map[string]*tail{"a": {}, "b": {again: true}}, true},
		"all have ended for good":   {true, map[string]*tail{"a": {}}, false},
		"all Pods are gone":         {true, nil, true},
	} {
		w := &follower{tails: tc.tails}
		w.seen.Store(tc.seen)
		if have := w.hope(); have != tc.want {
			t.Errorf("%s: %v", name, have)
		}
	}
}

// The source of the screen: what it shows, acts on and follows.
func TestLiveTop(t *testing.T) {
	f := liveCluster(t, "shop-a", "shop-b")
	fl := &fleet{kubectl: kubectl{program: os.Args[0], env: f.env}, client: "pmclient", parallel: 4, timeout: time.Minute, out: &shared{}, errs: &shared{}}
	var err error
	if fl.pods, err = (selection{selector: managedSelector}).pods(t.Context(), fl.kubectl); err != nil {
		t.Fatal(err)
	}
	fl.pods = append(fl.pods, &pod{label: "shop-c", why: "the Pod is Pending"})
	s := &podSource{fleet: fl, listed: time.Now()}
	picture, err := s.Look(t.Context(), nil)
	if err != nil || len(picture.Rows) != 4 || len(picture.Managers) != 3 || picture.Managers[0].Info == nil || picture.Managers[2].Err == nil {
		t.Fatalf("%v, %+v", err, picture)
	}
	id := top.ID{Pod: "shop-b", Name: "web"}
	if err := s.Act(t.Context(), top.Action{Verb: top.Restart, ID: id}); err != nil {
		t.Error(err)
	}
	if err := s.Act(t.Context(), top.Action{Verb: top.Signal, ID: id, Signal: "SIGCONT"}); err != nil {
		t.Error(err)
	}
	d, err := s.Detail(t.Context(), id)
	if err != nil || d.Info == nil || d.Info.Status != supervisor.StatusRunning || len(d.Lives) == 0 || len(d.Lines) == 0 {
		t.Errorf("%v, %+v", err, d)
	}
	logs, err := s.Logs(t.Context(), id, 10)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := logs.Next(t.Context())
	if err != nil || len(entries) == 0 || entries[0].Msg != "hello from shop-b" {
		t.Errorf("%v, %+v", err, entries)
	}
	logs.Close()
	for ; err == nil; _, err = logs.Next(t.Context()) {
	}
	if _, err := s.Detail(t.Context(), top.ID{Pod: "gone", Name: "web"}); err == nil {
		t.Error("details of a Pod that is not there")
	}
}

// Pods come and go while the screen is open; a list that fails is told, and those that were
// known are asked.
func TestTopSeesNewPods(t *testing.T) {
	info := func(names ...string) reply {
		var list []string
		for _, name := range names {
			list = append(list, fmt.Sprintf(`{"name":%q,"status":"running"}`, name))
		}
		return reply{Out: "[" + strings.Join(list, ",") + "]"}
	}
	execs := map[string]reply{
		"old-a/processes info": {Out: "{}"}, "old-a/processes": info("web"),
		"kept-b/processes info": {Out: "{}"}, "kept-b/processes": info("web"),
		"new-c/second info": {Out: "{}"}, "new-c/second": info("web", "mail"),
	}
	before := podList(podJSON("kept-b", "Running", nil, "processes"), podJSON("old-a", "Running", annotated, "processes"))
	after := podList(podJSON("kept-b", "Running", nil, "other", "processes"), podJSON("new-c", "Running", nil, "first", "second"))
	f := newFake(t, before, execs)
	fl := &fleet{kubectl: kubectl{program: os.Args[0], env: f.env}, client: "pmclient", parallel: 4, timeout: time.Minute, chosen: selection{selector: managedSelector}}
	var err error
	if fl.pods, err = fl.chosen.pods(t.Context(), fl.kubectl); err != nil {
		t.Fatal(err)
	}
	s := &podSource{fleet: fl, listed: time.Now()}
	look := func(due bool, want string) {
		t.Helper()
		if due {
			s.listed = time.Now().Add(-listInterval)
		}
		picture, err := s.Look(t.Context(), nil)
		var have []string
		for _, m := range picture.Managers {
			if m.Err != nil {
				have = append(have, "!"+m.Pod)
			}
		}
		for _, row := range picture.Rows {
			have = append(have, row.Pod+"/"+row.Name)
		}
		if text := strings.Join(have, " "); err != nil || text != want {
			t.Errorf("%v; have %s\nwant %s", err, text, want)
		}
	}
	look(false, "kept-b/web old-a/web")
	f.write(map[string]any{"Pods": after, "Execs": execs})
	look(false, "kept-b/web old-a/web")
	look(true, "kept-b/web new-c/web new-c/mail")
	if known := find(s.known(), "kept-b").settled(); known != "processes" {
		t.Errorf("the container that had answered is forgotten: %q", known)
	}
	if _, err := s.podOf(top.ID{Pod: "old-a", Name: "web"}); err == nil {
		t.Error("a Pod that has gone can still be chosen")
	}
	f.write(map[string]any{"Fails": "the API server is away", "Execs": execs})
	look(true, "!kubectl kept-b/web new-c/web new-c/mail")
	f.write(map[string]any{"Pods": podList(), "Execs": execs})
	look(true, "")
	f.write(map[string]any{"Pods": after, "Execs": execs})
	look(true, "kept-b/web new-c/web new-c/mail")
}
