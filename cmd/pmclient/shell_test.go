package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/processmanager/processmanager/rpc"
	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/supervisortest"
	"github.com/processmanager/processmanager/telnet/heroscript"
)

// A story is what is sent to pmclient shell through a pipe, and what comes back.
func TestShellScripts(t *testing.T) {
	const path = "testdata/shell.txt"
	golden, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got, stories, _ := strings.Cut(string(golden), "=== ")
	for story := range strings.SplitSeq(stories, "=== ") {
		title, rest, _ := strings.Cut(story, "\n")
		script, _, _ := strings.Cut(rest, "--- answers\n")
		var stdout, stderr bytes.Buffer
		socket := serve(t, rpc.Options{Control: fleet()})
		p := &program{env: []string{"PM_SOCKET=" + socket}, in: strings.NewReader(script), out: &stdout, now: later}
		code := p.run([]string{"pmclient", "shell"}, &stderr)
		got += "=== " + title + "\n" + script + "--- answers\n" + stdout.String()
		for line := range strings.Lines(stderr.String()) {
			got += "! " + line
		}
		if code != 0 {
			got += fmt.Sprintf("! exit code %d\n", code)
		}
	}
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(golden), got); diff != "" {
		t.Errorf("%s (go test ./cmd/pmclient -update writes it anew)\n%s", path, diff)
	}
}

// The statements reach the manager as in telnet.
func TestShellStartsWhatWasAsked(t *testing.T) {
	fake := supervisortest.New()
	script := "!!process.start name:x command:'echo \"it\\'s\"\n  two' log:yes deadline:5 cron:'@daily' jobid:'e 42'\n"
	p := &program{env: []string{"PM_SOCKET=" + serve(t, rpc.Options{Control: fake})}, in: strings.NewReader(script), out: io.Discard, now: later}
	if code := p.run([]string{"pmclient", "shell"}, io.Discard); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	want := supervisor.StartRequest{Name: "x", Command: "echo \"it's\"\n  two", Log: true, Deadline: 5, Cron: "@daily", JobID: "e 42"}
	for _, call := range fake.Calls() {
		if call.Method == "Start" {
			if diff := cmp.Diff(want, call.Arg); diff != "" {
				t.Error(diff)
			}
			return
		}
	}
	t.Errorf("nothing was started: %v", fake.Calls())
}

// Behind a pipe that stays open, silence ends a statement that is complete, and not
// one whose quote is open.
func TestShellSilence(t *testing.T) {
	fake := fleet()
	in, write := io.Pipe()
	w := &watching{code: make(chan int, 1)}
	p := &program{env: []string{"PM_SOCKET=" + serve(t, rpc.Options{Control: fake})}, in: in, out: &w.out, now: later}
	go func() { w.code <- p.run([]string{"pmclient", "shell"}, &w.errs) }()
	send := func(text string) { _, _ = io.WriteString(write, text) }
	send("!!process.stop name:web\n")
	w.out.await(t, "Process 'web' stopped\n**ENDRESULT**\n")
	send("!!process.start name:x command:'a\n")
	select {
	case <-time.After(3 * silence):
	case code := <-w.code:
		t.Fatalf("it ended with %d", code)
	}
	if text := w.out.String(); text != "" {
		t.Errorf("an open quote was answered: %q", text)
	}
	send("b'\n")
	w.out.await(t, "Process 'x' started\n**ENDRESULT**\n")
	send("quit\n")
	w.ends(t, exitDone)
	write.Close()
}

// The wrong secret and a manager that is not there are told before anything is read.
func TestShellThatCannotBegin(t *testing.T) {
	socket := serve(t, rpc.Options{Control: fleet(), Auth: auth{}})
	if code, stdout, stderr := run(nil, "shell", "-socket", socket, "-secret", "wrong"); code != 3 || stdout != "" || !strings.Contains(stderr, "cannot authenticate") {
		t.Errorf("%d %q %q", code, stdout, stderr)
	}
}

// A secret that came by stdin is asked for once; the rest of stdin is the script.
func TestShellWithTheSecretInFront(t *testing.T) {
	socket := serve(t, rpc.Options{Control: fleet(), Auth: auth{}})
	var stdout, stderr bytes.Buffer
	p := &program{in: strings.NewReader(secret + "\nlogs web -lines 1\n!!process.stop name:web\n"), out: &stdout, now: later}
	code := p.run([]string{"pmclient", "shell", "-socket", socket, "-secret-file", "-"}, &stderr)
	same(t, stdout.String(), "GET /cart?a=1&b=2: 500\n\n**RESULT**\nProcess 'web' stopped\n**ENDRESULT**\n")
	if code != 0 || stderr.String() != "" {
		t.Errorf("%d %s", code, &stderr)
	}
}

// On a terminal: a prompt, editing, history, completion, and Ctrl-C that ends a
// command and not the session.
func TestShellOnATerminal(t *testing.T) {
	fake := fleet()
	fake.Now = time.Now
	socket := serve(t, rpc.Options{Control: fake})
	cmd := exec.Command(filepath.Join(installed(t), "pmclient"), "shell", "-socket", socket, "-color", "never")
	r := onTerminal(t, 100, 24, cmd)
	r.await(t, "6 processes")
	r.await(t, "pm> ")

	r.keys("lost web\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x7fg\x01l") // an o too many, and the first letter away: keys that edit
	r.keys("\x03")                                                   // never mind
	r.await(t, "pm> ")
	r.keys("logz\x7fs web -lines 1\r")
	r.await(t, "b=2: 500\r\n")
	r.await(t, "pm> ")
	r.keys("\x1b[A\r") // once more
	r.await(t, "b=2: 500\r\n")
	r.await(t, "pm> ")

	r.keys("stat\t w\t\r")
	r.await(t, "/app/server --listen=:8080")
	r.await(t, "pm> ")
	r.keys("st\t")
	r.await(t, "start  stop  status")
	r.keys("\x15!!process.sta\ttus na\tapi\t\r")
	r.await(t, "**RESULT**\r\n")
	r.await(t, "api-0")
	r.await(t, "**ENDRESULT**")
	r.await(t, "pm> ")

	r.keys("!!process.start name:never command:'mind\r")
	r.await(t, "... ")
	r.keys("\x03")
	r.await(t, "pm> ")
	r.keys("!!process.start name:x command:'one\r")
	r.await(t, "... ")
	r.keys("two'\r")
	r.await(t, "Process 'x' started")
	r.await(t, "pm> ")
	r.keys("\x1b[200~!!process.stop name:x\r\n    jobid:p1\r\n\x1b[201~")
	r.await(t, "... ")
	r.keys("\r")
	r.await(t, "**RESULT** p1")
	r.await(t, "pm> ")

	r.keys("logs -follow web\r")
	r.await(t, "b=2: 500\r\n")
	listening(t, fake, 1)
	r.keys("\x03")
	r.await(t, "pm> ")
	listening(t, fake, 0)
	r.keys("wait late -for completed -timeout 0s\r")
	called(t, fake, "Wait", 1)
	r.keys("\x03")
	r.await(t, "not waited for any longer")
	r.await(t, "pm> ")
	r.keys("nonsense\r")
	r.await(t, "there is no command")
	r.await(t, "pm> ")
	r.keys("\x04")
	if code := r.wait().ExitCode(); code != 0 {
		t.Errorf("exit code %d: %s", code, r.String())
	}
}

// called waits until the manager was asked something so many times.
func called(t *testing.T, fake *supervisortest.Fake, method string, times int) {
	t.Helper()
	deadline, tick := time.After(within), time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		n := 0
		for _, call := range fake.Calls() {
			if call.Method == method {
				n++
			}
		}
		if n >= times {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s was called %d times, want %d", method, n, times)
		}
	}
}

// The verbs are those of the API, with the parameters that it has.
func TestVerbsAreMethods(t *testing.T) {
	methods := map[string]map[string]bool{}
	for _, m := range rpc.Methods() {
		methods[m.Name] = map[string]bool{}
		for _, p := range m.Params {
			methods[m.Name][p.Name] = true
		}
	}
	root := (&program{}).command()
	for _, verb := range verbs {
		params, ok := methods[verbPrefix+verb]
		if !ok {
			t.Errorf("there is no method process.%s", verb)
			continue
		}
		for _, p := range paramsOf(root.Command(verb)) {
			if !params[p] && !(verb == "history" && p == "log") {
				t.Errorf("process.%s has no parameter %s", verb, p)
			}
		}
	}
}

// What a process has written cannot be taken for the end of an answer.
func TestFrame(t *testing.T) {
	for body, want := range map[string]string{
		"":                           "\n**RESULT** e1\n**ENDRESULT**\n",
		"a\n":                        "\n**RESULT** e1\na\n**ENDRESULT**\n",
		"a\n**ENDRESULT**\n***\n* b": "\n**RESULT** e1\na\n***ENDRESULT**\n****\n* b\n**ENDRESULT**\n",
	} {
		same(t, frameOf("e1", body), want)
	}
}

// Every list of flags that take no value is one list.
func TestBoolFlags(t *testing.T) {
	want := map[string]bool{}
	for _, c := range (&program{}).command().Commands {
		for _, f := range c.Flags {
			if d, ok := f.(interface{ TakesValue() bool }); ok && !d.TakesValue() {
				want[f.Names()[0]] = true
			}
		}
	}
	have := map[string]bool{}
	for _, name := range boolFlags {
		have[name] = true
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Error(diff)
	}
}

// Whatever is typed, a frame cannot be forged and nothing panics.
func FuzzStatement(f *testing.F) {
	f.Add("!!process.list format:json jobid:1\n")
	f.Add("!!process.start name:x command:'**ENDRESULT**'\n\n**RESULT**")
	f.Add("status nobody\n!!help\n")
	fake := supervisortest.New()
	fake.Hook = nil
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<12 {
			return
		}
		split := heroscript.NewSplitter(maxStatement)
		for _, chunk := range append(split.Feed([]byte(text)), split.Flush()...) {
			st, err := chunk.Parse()
			if err != nil {
				continue
			}
			_, _ = statementArgs((&program{}).command(), st)
		}
		frame := frameOf("", text)
		if n := strings.Count("\n"+frame, "\n**ENDRESULT**\n"); n != 1 {
			t.Errorf("%d ends in %q", n, frame)
		}
	})
}
