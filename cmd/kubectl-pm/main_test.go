package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var annotated = map[string]string{containerAnnotation: "processes", defaultAnnotation: "processes"}

// three are the Pods of a chart's release.
func three() string {
	return podList(
		podJSON("shop-c", "Running", annotated, "debug", "processes"),
		podJSON("shop-a", "Running", annotated, "processes"),
		podJSON("shop-b", "Running", annotated, "processes"),
	)
}

func info(name, status string, pid int) string {
	id := "null"
	if pid > 0 {
		id = fmt.Sprint(pid)
	}
	return fmt.Sprintf(`{"name":%q,"status":%q,"ready":%t,"pid":%s,"cpu_percent":1.25,"memory_mb":8,"restarts":2}`, name, status, pid > 0, id)
}

func listed(infos ...string) reply { return reply{Out: "[" + strings.Join(infos, ",") + "]\n"} }

func TestListOfAllPods(t *testing.T) {
	t.Parallel()
	f := newFake(t, three(), map[string]reply{
		"shop-a/processes": listed(info("queue", "stopped", 0), info("web", "running", 12)),
		"shop-b/processes": listed(info("web", "backoff", 0)),
		"shop-c/processes": listed(),
	})
	stdout, stderr, code := f.run("list")
	const want = `POD     NAME   STATUS   READY  PID  RESTARTS  CPU%  MEM(MiB)  AGE  NOTE
shop-a  queue  stopped  no     -    2         1.2   8.0       -
shop-a  web    running  yes    12   2         1.2   8.0       -
shop-b  web    backoff  no     -    2         1.2   8.0       -
`
	if code != exitDone || stderr != "" {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
	if diff := cmp.Diff(want, stdout); diff != "" {
		t.Error(diff)
	}
	calls := []string{
		"exec --namespace market shop-a --container processes -- pmclient list -format json",
		"exec --namespace market shop-b --container processes -- pmclient list -format json",
		"exec --namespace market shop-c --container processes -- pmclient list -format json",
		"get pods -o json --selector processmanager.org/managed=true",
	}
	if diff := cmp.Diff(calls, f.calls()); diff != "" {
		t.Error(diff)
	}
}

// What says where goes to kubectl as it is.
func TestWhere(t *testing.T) {
	t.Parallel()
	f := newFake(t, podList(podJSON("a", "Running", nil, "x", "y")), map[string]reply{"a/y": listed()})
	if _, stderr, code := f.run("-n", "market", "-l", "app=shop,tier in (a,b)", "--context=prod", "-kubeconfig", "/k", "list", "-c", "y", "-status", "running", "-pmclient", "/bin/pmclient"); code != exitDone {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	if _, stderr, code := f.run("list", "-A", "--pod", "a", "-c", "y"); code != exitDone {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	want := []string{
		"--context prod --kubeconfig /k exec --namespace market a --container y -- /bin/pmclient list -format json -status=running",
		"--context prod --kubeconfig /k get pods -o json --namespace market --selector app=shop,tier in (a,b)",
		"exec --namespace market a --container y -- pmclient list -format json",
		"get pods -o json --all-namespaces",
	}
	if diff := cmp.Diff(want, f.calls()); diff != "" {
		t.Error(diff)
	}
}

// Some Pods fail in every way there is; the others are shown.
func TestPartialFailures(t *testing.T) {
	t.Parallel()
	pods := podList(
		podJSON("fine", "Running", annotated, "processes"),
		podJSON("pending", "Pending", annotated, "processes"),
		podJSON("gone", "Running", annotated, "processes"),
		podJSON("refuses", "Running", annotated, "processes"),
		podJSON("silent", "Running", annotated, "processes"),
		podJSON("broken", "Running", annotated, "processes"),
		podJSON("dead", "Running", annotated, "processes"),
		podJSON("empty", "Running", annotated, "processes"),
	)
	f := newFake(t, pods, map[string]reply{
		"fine/processes":    {Out: info("web", "running", 7)},
		"gone/processes":    {Err: `Error from server (NotFound): pods "gone" not found`, Code: -1},
		"refuses/processes": {Err: `pmclient: cannot restart "web": no such process`, Code: 1},
		"silent/processes":  {Hangs: true},
		"broken/processes":  {Out: `{"name": "web", "sta`},
		"dead/processes":    {Err: "pmclient: cannot reach the manager at /run/x.sock: connection refused", Code: 3},
	})
	began := time.Now()
	stdout, stderr, code := f.run("restart", "-timeout", "8s", "web")
	if took := time.Since(began); took < 8*time.Second || took > time.Minute {
		t.Errorf("it took %v for a Pod that says nothing for 8 s", took)
	}
	if code != exitSome || stdout != "fine: web: running\n" {
		t.Errorf("exit code %d, stdout %q", code, stdout)
	}
	const want = `kubectl pm: broken: cannot read the answer of pmclient: unexpected EOF
kubectl pm: dead: container processes: cannot reach the manager at /run/x.sock: connection refused
kubectl pm: empty: container processes: has no pmclient
kubectl pm: gone: Error from server (NotFound): pods "gone" not found
kubectl pm: pending: the Pod is Pending
kubectl pm: refuses: cannot restart "web": no such process
kubectl pm: silent: no answer in time (-timeout): it may still be done
kubectl pm: 7 of 8 Pods failed
`
	if diff := cmp.Diff(want, stderr); diff != "" {
		t.Error(diff)
	}
}

// That there is no process is an answer; nobody's answer is none.
func TestListOfNone(t *testing.T) {
	t.Parallel()
	f := newFake(t, podList(podJSON("a", "Running", annotated, "processes")), map[string]reply{"a/processes": listed()})
	if stdout, stderr, code := f.run("list"); code != exitDone || strings.Join(strings.Fields(stdout), "\t") != tableHeader || stderr != "" {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

func TestPartialFailuresAsJSON(t *testing.T) {
	t.Parallel()
	f := newFake(t, podList(podJSON("fine", "Running", annotated, "processes"), podJSON("gone", "Running", annotated, "processes")), map[string]reply{
		"fine/processes": {Out: info("web", "running", 7)},
		"gone/processes": {Err: `Error from server (NotFound): pods "gone" not found`, Code: -1},
	})
	stdout, _, code := f.run("-o", "json", "status", "web")
	var list []podProcesses
	if err := json.Unmarshal([]byte(stdout), &list); err != nil || code != exitSome || len(list) != 2 {
		t.Fatalf("exit code %d, %v, of %q", code, err, stdout)
	}
	for _, p := range list {
		if (p.Error == "") != (p.Pod == "fine") || (len(p.Processes) == 1) != (p.Pod == "fine") {
			t.Errorf("%+v", p)
		}
	}
}

// What is no answer of pmclient makes no row.
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	for _, out := range []string{"7", `[7]`, `{"name":7}`, "hello"} {
		f := newFake(t, podList(podJSON("a", "Running", annotated, "processes"), podJSON("b", "Running", annotated, "processes")), map[string]reply{
			"a/processes": {Out: out},
			"b/processes": listed(info("web", "running", 12)),
		})
		stdout, stderr, code := f.run("list")
		if code != exitSome || strings.Count(stdout, "\n") != 2 || !strings.Contains(stderr, "a: cannot read the answer of pmclient") {
			t.Errorf("%s: exit code %d\n%s%s", out, code, stdout, stderr)
		}
	}
}

// What a Pod has done before it refused is told too.
func TestHalfAnAnswer(t *testing.T) {
	t.Parallel()
	f := newFake(t, podList(podJSON("a", "Running", annotated, "processes")), map[string]reply{
		"a/processes": {Out: info("web", "stopped", 0) + "\n", Err: `pmclient: cannot stop "nope": no such process`, Code: 1},
	})
	stdout, stderr, code := f.run("stop", "web", "nope")
	if code != exitSome || stdout != "a: web: stopped\n" || !strings.Contains(stderr, `a: cannot stop "nope"`) {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

// Nobody could be asked: the exit code is another one, so that a script can try again.
func TestNobody(t *testing.T) {
	t.Parallel()
	down := map[string]reply{"shop-a/processes": {Err: "error: unable to upgrade connection", Code: -1}}
	for name, tc := range map[string]struct {
		cluster map[string]any
		env     string
		args    []string
		want    string
	}{
		"kubectl fails":      {map[string]any{"Fails": "E1128 14:57:31.515520   32342 memcache.go:265] noise\nThe connection to the server was refused"}, "", nil, "cannot list Pods: The connection to the server was refused\n"},
		"kubectl is missing": {map[string]any{}, "KUBECTL=/no/such/kubectl", nil, "$KUBECTL"},
		"no Pod matches":     {map[string]any{"Pods": podList()}, "", nil, `no Pod has the labels "processmanager.org/managed=true"`},
		"not a list":         {map[string]any{"Pods": "<html>"}, "", nil, "cannot read the list of Pods"},
		"all are down":       {map[string]any{"Pods": podList(podJSON("shop-a", "Running", annotated, "processes")), "Execs": down}, "", nil, "none of 1 Pod could be asked"},
		"no such Pod":        {map[string]any{"Pods": podList()}, "", []string{"--pod", "x"}, "there is no such Pod"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, "", nil)
			f.write(tc.cluster)
			if tc.env != "" {
				f.env = append(slices.DeleteFunc(f.env, func(kv string) bool { return strings.HasPrefix(kv, "KUBECTL=") }), tc.env)
			}
			stdout, stderr, code := f.run(append(tc.args, "list")...)
			if code != exitNobody || stdout != "" || !strings.Contains(stderr, tc.want) || strings.Contains(stderr, "noise") {
				t.Errorf("exit code %d, stdout %q, stderr %q; want %q", code, stdout, stderr, tc.want)
			}
		})
	}
}

// Without an annotation each container is tried, the default one first, and what was
// found is kept for the next question.
func TestContainerByTrying(t *testing.T) {
	t.Parallel()
	pods := podList(podJSON("a", "Running", map[string]string{defaultAnnotation: "app"}, "proxy", "app", "processes"))
	f := newFake(t, pods, map[string]reply{
		"a/proxy":            {Err: "pmclient: cannot reach the manager", Code: 3},
		"a/processes status": {Out: info("web", "running", 1) + "\n" + info("queue", "running", 2)},
		"a/processes logs":   {Out: `[{"ts":"2026-01-02T03:04:05Z","msg":"hello"}]` + "\n" + `[{"ts":"2026-01-02T03:04:06Z","msg":"hello"}]`},
	})
	if stdout, stderr, code := f.run("logs", "web", "queue"); code != exitDone || stdout != "a web | hello\na queue | hello\n" {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	var containers []string
	for _, call := range f.calls() {
		if words := strings.Fields(call); words[0] == "exec" {
			containers = append(containers, words[5])
		}
	}
	slices.Sort(containers)
	if want := []string{"app", "processes", "processes", "proxy"}; !slices.Equal(containers, want) {
		t.Errorf("tried %q, want %q", containers, want)
	}
}

// The annotation of the chart is stronger than kubectl's, and nothing else is tried.
func TestContainerByAnnotation(t *testing.T) {
	t.Parallel()
	pods := podList(podJSON("a", "Running", map[string]string{containerAnnotation: "processes", defaultAnnotation: "app"}, "app", "processes"))
	f := newFake(t, pods, map[string]reply{
		"a/app":       listed(info("wrong", "running", 1)),
		"a/processes": {Err: "sh: pmclient: not found", Code: 127},
	})
	stdout, stderr, code := f.run("list")
	if code != exitNobody || stdout != "" || !strings.Contains(stderr, "a: container processes: has no pmclient\n") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

// A native sidecar has the manager while its Pod is still Pending.
func TestNativeSidecar(t *testing.T) {
	t.Parallel()
	pods := `{"items":[{"metadata":{"name":"job","namespace":"market"},"spec":{"containers":[{"name":"import"}],
		"initContainers":[{"name":"setup"},{"name":"helpers","restartPolicy":"Always"}]},"status":{"phase":"Pending"}}]}`
	f := newFake(t, pods, map[string]reply{"job/helpers": listed(info("proxy", "running", 3))})
	if stdout, stderr, code := f.run("list"); code != exitDone || !strings.Contains(stdout, "proxy") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

// Many Pods are asked at once, but not more than allowed.
func TestParallel(t *testing.T) {
	t.Parallel()
	var pods []string
	execs := map[string]reply{}
	for i := range 12 {
		name := fmt.Sprintf("p%02d", i)
		pods = append(pods, podJSON(name, "Running", annotated, "processes"))
		execs[name+"/processes"] = reply{Hangs: true}
	}
	f := newFake(t, podList(pods...), execs)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int)
	go func() {
		_, _, code := f.runIn(ctx, "list", "-parallel", "4", "-timeout", "1m")
		done <- code
	}()
	count := func() int {
		n := 0
		for _, call := range f.calls() {
			if strings.HasPrefix(call, "exec ") {
				n++
			}
		}
		return n
	}
	for end := time.Now().Add(time.Minute); count() < 4 && time.Now().Before(end); {
		wait(t)
	}
	if n := count(); n != 4 {
		t.Errorf("%d Pods are asked at once, want 4", n)
	}
	cancel()
	if code := <-done; code == exitDone {
		t.Error("exit code 0 of a run that was given up")
	}
	if n := count(); n != 4 {
		t.Errorf("%d Pods were asked after all was given up, want 4", n)
	}
}

// wait lets some time pass between two looks.
func wait(t *testing.T) {
	t.Helper()
	select {
	case <-time.After(20 * time.Millisecond):
	case <-t.Context().Done():
		t.Fatal("the test is over")
	}
}

// Lines of all Pods come in the order of their time.
func TestLogs(t *testing.T) {
	t.Parallel()
	log := func(entries ...string) reply {
		var list []string
		for _, e := range entries {
			at, msg, _ := strings.Cut(e, " ")
			text, err := json.Marshal(msg)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, fmt.Sprintf(`{"ts":"2026-01-02T03:04:%sZ","stream":"stdout","run":1,"msg":%s}`, at, text))
		}
		return listed(list...)
	}
	f := newFake(t, three(), map[string]reply{
		"shop-a/processes": log("01 first", "05 \x1b[31mlast"),
		"shop-b/processes": log("03 third", "04 fourth"),
		"shop-c/processes": log("02 second"),
	})
	stdout, stderr, code := f.run("logs", "--tail", "5", "-since=10m", "web")
	const want = `shop-a web | first
shop-c web | second
shop-b web | third
shop-b web | fourth
shop-a web | \x1b[31mlast
`
	if diff := cmp.Diff(want, stdout); diff != "" || code != exitDone || stderr != "" {
		t.Errorf("exit code %d, stderr %q\n%s", code, stderr, diff)
	}
	if calls := f.calls(); !strings.HasSuffix(calls[0], "-- pmclient logs -format json -lines 5 -since=10m web") {
		t.Errorf("%q", calls)
	}
	stdout, _, _ = f.run("logs", "-o", "json", "web")
	if first, _, _ := strings.Cut(stdout, "\n"); first != `{"namespace":"market","pod":"shop-a","name":"web","ts":"2026-01-02T03:04:01Z","stream":"stdout","run":1,"msg":"first"}` {
		t.Errorf("as JSON: %s", first)
	}
}

// The page shows the table and the commands that there are.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/kubernetes.md")
	if err != nil {
		t.Fatal(err)
	}
	header := "POD                    NAME    STATUS     READY  PID  RESTARTS  CPU%  MEM(MiB)  AGE  NOTE\n"
	if !strings.Contains(string(page), header) || strings.Join(strings.Fields(header), "\t") != tableHeader {
		t.Errorf("the table of list is shown with other columns than it has: %s", tableHeader)
	}
	_, section, _ := strings.Cut(string(page), "\n## Many Pods\n")
	p := &program{}
	for _, name := range names(p.command()) {
		if name != "version" && !strings.Contains(section, "`"+name) {
			t.Errorf("the page does not have kubectl pm %s", name)
		}
	}
	for _, code := range []string{"| 0 |", "| 1 |", "| 2 |", "| 3 |"} {
		if !strings.Contains(section, code) {
			t.Errorf("the page does not have exit code %s", code)
		}
	}
}

// Who asks a command for help gets it, as of kubectl.
func TestHelpOfACommand(t *testing.T) {
	t.Parallel()
	f := newFake(t, three(), nil)
	for _, line := range []string{"logs --help", "logs -h", "help logs"} {
		stdout, stderr, code := f.run(strings.Fields(line)...)
		if code != exitDone || stderr != "" || !strings.Contains(stdout, "kubectl pm logs") || !strings.Contains(stdout, "--since TIME") {
			t.Errorf("%s: %d %q\n%s", line, code, stderr, stdout)
		}
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	f := newFake(t, three(), nil)
	for line, want := range map[string]string{
		"":                      "want a command",
		"explode":               `no command "explode"`,
		"restart":               "wants the name",
		"list web":              "status does",
		"list -parallel 0":      "-parallel",
		"list -timeout -1s":     "-timeout",
		"list -o yaml":          "text or json",
		"list -A -n market":     "exclude each other",
		"list --no-such":        "no-such",
		"list --statu x":        "wrong usage of list: flag provided but not defined: -statu (did you mean -status?)",
		"list -parallel x":      `invalid value "x" for flag -parallel`,
		"lst":                   `no command "lst" (did you mean list?)`,
		"top -interval 1ms":     "-interval",
		"top -sort beauty":      "-sort",
		"top -labels x":         "-labels",
		"logs -f -parallel=2 a": "3 connections",
		"logs -f -p a":          "exclude each other",
		"logs -stream both a":   "-stream",
		"logs -color blue a":    "-color",
		"pmclient":              "wants its command",
	} {
		if stdout, stderr, code := f.run(strings.Fields(line)...); code != exitUsage || !strings.Contains(stderr, want) || stdout != "" {
			t.Errorf("%q: exit code %d, stdout %q, stderr %q; want %q", line, code, stdout, stderr, want)
		}
	}
}

// Help is asked for in every way that kubectl's users know, and tells the flags of the command.
func TestHelp(t *testing.T) {
	t.Parallel()
	f := newFake(t, three(), nil)
	for line, want := range map[string]string{
		"--help": "COMMANDS:", "-h": "COMMANDS:", "help": "COMMANDS:",
		"logs --help": "--timestamps", "logs -h": "--timestamps", "help logs": "--timestamps", "restart -h": "--rolling", "list -h": "--status",
	} {
		if stdout, stderr, code := f.run(strings.Fields(line)...); code != exitDone || !strings.Contains(stdout, want) || stderr != "" {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q", line, code, stdout, stderr)
		}
	}
}

// Without a name all processes are shown, and patterns mean what they mean to pmclient; each
// line has its own process's name.
func TestLogsOfMany(t *testing.T) {
	t.Parallel()
	with := func(name string, run int) string {
		return fmt.Sprintf(`{"name":%q,"status":"running","run":%d}`, name, run)
	}
	at := func(second int, msg string) string {
		return fmt.Sprintf(`[{"ts":"2026-01-02T03:04:%02d.5Z","stream":"stdout","run":1,"msg":%q}]`, second, msg)
	}
	f := newFake(t, podList(podJSON("a", "Running", annotated, "processes"), podJSON("b", "Running", annotated, "processes")), map[string]reply{
		"a/processes list":   listed(with("job", 1), with("web", 2)),
		"a/processes status": {Out: with("web", 2)},
		"a/processes logs":   {Out: at(3, "w")},
		"b/processes list":   listed(with("job", 1), with("web", 2)),
		"b/processes status": {Out: with("web", 2), Err: `pmclient: cannot show "mail": no such process`, Code: 1},
		"b/processes logs":   {Out: at(2, "j") + "\n" + at(1, "w")},
	})
	for line, want := range map[string]string{
		"logs --pod b":                             "b web | w\nb job | j\n",
		"logs --pod a w*":                          "a web | w\n",
		"logs --pod a -p":                          "a web | w\n", // job has had one life
		"logs --pod a --timestamps web":            "2026-01-02T03:04:03.500Z a web | w\n",
		"logs --pod a -color always web":           "\x1b[38;5;30ma web |\x1b[0m w\n",
		"logs --pod a --stream stderr -o json web": `{"namespace":"market","pod":"a","name":"web","ts":"2026-01-02T03:04:03.5Z","stream":"stdout","run":1,"msg":"w"}` + "\n",
	} {
		stdout, stderr, code := f.run(strings.Fields(line)...)
		if code != exitDone || stdout != want || stderr != "" {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q; want %q", line, code, stdout, stderr, want)
		}
	}
	calls := strings.Join(f.calls(), "\n")
	for _, want := range []string{"b --container processes -- pmclient logs -format json -lines 100 job web\n", "-previous web\n", "-stream=stderr web\n"} {
		if !strings.Contains(calls+"\n", want) {
			t.Errorf("no call with %q:\n%s", want, calls)
		}
	}
	if stdout, stderr, code := f.run("logs", "web", "mail"); code != exitSome || !strings.Contains(stdout, "a web | w") || !strings.Contains(stderr, `b: cannot show "mail"`) {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

// A rolling restart goes on when the processes of a Pod are ready, and stops where it fails.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	fine := reply{Out: info("web", "running", 7)}
	f := newFake(t, three(), map[string]reply{
		"shop-a/processes restart": fine, "shop-a/processes wait": fine,
		"shop-b/processes restart": fine, "shop-b/processes wait": {Err: `pmclient: "web" is not ready after 40s`, Code: 1},
		"shop-c/processes restart": fine,
	})
	stdout, stderr, code := f.run("restart", "--rolling", "web")
	if code != exitSome || stdout != "shop-a: web: running\nshop-b: web: running\n" ||
		!strings.Contains(stderr, "shop-b: \"web\" is not ready after 40s\n") || !strings.Contains(stderr, "kubectl pm: 1 of 2 Pods failed; so nothing was restarted in 1 Pod behind it") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if calls := strings.Join(f.calls(), "\n"); strings.Contains(calls, "shop-c") || !strings.Contains(calls, "shop-a --container processes -- pmclient wait -for ready -timeout 40s web") {
		t.Errorf("%s", calls)
	}
	stdout, stderr, code = f.run("restart", "--rolling", "web", "--pod", "shop-a", "-o", "json")
	if code != exitDone || !strings.Contains(stdout, `"pod":"shop-a"`) || stderr != "" {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

// A rolling restart that has no answer may still be done, and goes no further.
func TestRollingRestartWithoutAnswer(t *testing.T) {
	t.Parallel()
	f := newFake(t, three(), map[string]reply{"shop-a/processes": {Hangs: true}})
	_, stderr, code := f.run("restart", "--rolling", "-timeout", "2s", "web")
	if code == exitDone || !strings.Contains(stderr, "shop-a: no answer in time (-timeout): it may still be done\n") {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
	if calls := strings.Join(f.calls(), "\n"); strings.Contains(calls, "shop-b") {
		t.Errorf("%s", calls)
	}
}

// What kubectl pm has no command for is pmclient's.
func TestPassOn(t *testing.T) {
	t.Parallel()
	f := newFake(t, three(), map[string]reply{
		"shop-a/processes history": {Out: "RUN\n1\n"},
		"shop-b/processes history": {Err: "pmclient: cannot show \"web\": no such process", Code: 1},
		"shop-c/processes history": {Out: "\x1b]0;x"},
	})
	stdout, stderr, code := f.run("-n", "market", "pmclient", "history", "-log", "web")
	if code != exitSome || stdout != "shop-a | RUN\nshop-a | 1\nshop-c | \\x1b]0;x\n" || !strings.Contains(stderr, "shop-b: cannot show") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if calls := f.calls(); !strings.HasSuffix(calls[0], "-- pmclient history -log web") {
		t.Errorf("%q", calls)
	}
	stdout, _, _ = f.run("-o", "json", "--pod", "shop-a", "pmclient", "history")
	if stdout != `[{"namespace":"market","pod":"shop-a","answer":"RUN\n1\n"}]`+"\n" {
		t.Errorf("as JSON: %s", stdout)
	}
}

// A Pod that hangs holds up those who look for less long than those who change.
func TestPatience(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]time.Duration{"list": lookTimeout, "status": lookTimeout, "logs": lookTimeout, "top": lookTimeout, "stop": changeTimeout, "restart": changeTimeout, "pmclient": changeTimeout} {
		if have := patience(command); have != want {
			t.Errorf("%s: %s, want %s", command, have, want)
		}
	}
}

// Flags may follow the names, as kubectl's do.
func TestFlagsBehindNames(t *testing.T) {
	t.Parallel()
	f := newFake(t, three(), map[string]reply{"shop-a/processes": {Out: info("web", "running", 7)}})
	if stdout, stderr, code := f.run("restart", "web", "--pod", "shop-a", "-n", "market"); code != exitDone || stdout != "shop-a: web: running\n" {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	f := newFake(t, three(), map[string]reply{
		"shop-a/processes": listed(info("queue", "running", 1), info("web", "running", 2)),
		"shop-b/processes": listed(info("web", "running", 2), info("worker", "running", 3)),
		"shop-c/processes": {Err: "error", Code: -1},
	})
	for line, want := range map[string]string{
		"re":                    "restart :4",
		"-n market st":          "status start stop :4",
		"restart w":             "web worker :4",
		"-l app=shop restart w": "web worker :4",
		"logs -f que":           "queue :4",
		"list ":                 ":4",
		"-n ":                   ":4",
		"list --sta":            "--status :4",
		"list --l":              "--labels :4",
		"list -l":               "-l :4",
		"--all":                 "--all-namespaces :4",
		"logs --fol":            "--follow :4",
	} {
		words := strings.Fields(line)
		if strings.HasSuffix(line, " ") {
			words = append(words, "")
		}
		stdout, stderr, code := f.run(append([]string{completeWord}, words...)...)
		if got := strings.Join(strings.Fields(stdout), " "); got != want || stderr != "" || code != exitDone {
			t.Errorf("%q: %q, stderr %q, exit code %d; want %q", line, got, stderr, code, want)
		}
	}
	if stdout, _, code := f.run("completion"); code != exitDone || !strings.HasPrefix(stdout, "#!/bin/sh\n") || !strings.Contains(stdout, `kubectl-pm __complete "$@"`) {
		t.Errorf("exit code %d, %q", code, stdout)
	}
}
