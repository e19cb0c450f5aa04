package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// The test binary plays kubectl when it is told where its cluster is.
const clusterVariable = "KUBECTL_PM_TEST_CLUSTER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(clusterVariable); dir != "" {
		os.Exit(fakeKubectl(dir, os.Args[1:]))
	}
	code := m.Run()
	removePrograms()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// reply is what a container answers.
type reply struct {
	Out, Err string
	Code     int    // of the remote program; kubectl's own failures: -1
	Hangs    bool   // until it is killed
	Follows  bool   // hangs when it has written Out
	Socket   string // of a manager on this machine, which is asked by the real pmclient
}

// fakeKubectl answers as kubectl would, and writes down how it was called.
func fakeKubectl(dir string, args []string) int {
	call := filepath.Join(dir, fmt.Sprintf("call-%d-%d", time.Now().UnixNano(), os.Getpid()))
	data, _ := json.Marshal(args)
	half := filepath.Join(dir, "half-"+filepath.Base(call)) // the test reads while others call
	if err := errors.Join(os.WriteFile(half, data, 0o600), os.Rename(half, call)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var c struct {
		Pods  string           // the answer of get pods
		Fails string           // what it says on stderr, failing
		Execs map[string]reply // by "pod/container verb", or "pod/container"
	}
	text, err := os.ReadFile(filepath.Join(dir, "cluster.json"))
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if slices.Contains(args, "get") {
		if c.Fails != "" {
			fmt.Fprintln(os.Stderr, c.Fails)
			return 1
		}
		fmt.Print(c.Pods)
		return 0
	}
	return fakeExec(c.Execs, args)
}

func fakeExec(execs map[string]reply, args []string) int {
	at, dashes := slices.Index(args, "--container"), slices.Index(args, "--")
	if at < 1 || dashes != at+2 {
		fmt.Fprintln(os.Stderr, "error: not as kubectl exec is called:", args)
		return 1
	}
	where, argv := args[at-1]+"/"+args[at+1], args[dashes+1:]
	r, known := execs[where+" "+argv[1]]
	if !known {
		if r, known = execs[where]; !known {
			r = reply{Err: "error: Internal error occurred: executable file not found in $PATH: unknown", Code: 126}
		}
	}
	if r.Hangs {
		select {}
	}
	code := r.Code
	if r.Socket != "" {
		cmd := exec.Command(os.Getenv("KUBECTL_PM_TEST_PMCLIENT"), argv[1:]...)
		cmd.Env = append(os.Environ(), "PM_SOCKET="+r.Socket)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if slices.Contains(args, "--stdin") {
			cmd.Stdin = os.Stdin
		}
		_ = cmd.Run() // its exit code tells
		code = cmd.ProcessState.ExitCode()
	}
	fmt.Print(r.Out)
	if r.Follows {
		select {}
	}
	if r.Err != "" {
		fmt.Fprintln(os.Stderr, r.Err)
	}
	switch {
	case code < 0:
		return 1
	case code > 0:
		fmt.Fprintln(os.Stderr, "command terminated with exit code", code)
	}
	return code
}

// podJSON is one Pod as the API server describes it.
func podJSON(name, phase string, annotations map[string]string, containers ...string) string {
	var list []map[string]string
	for _, c := range containers {
		list = append(list, map[string]string{"name": c})
	}
	data, _ := json.Marshal(map[string]any{
		"metadata": map[string]any{"name": name, "namespace": "market", "annotations": annotations},
		"spec":     map[string]any{"containers": list},
		"status":   map[string]any{"phase": phase},
	})
	return string(data)
}

func podList(pods ...string) string {
	return `{"kind":"List","items":[` + strings.Join(pods, ",") + `]}`
}

// fake is a kubectl with a cluster behind it.
type fake struct {
	t     *testing.T
	dir   string
	env   []string
	stdin io.Reader
}

func newFake(t *testing.T, pods string, execs map[string]reply) *fake {
	t.Helper()
	f := &fake{t: t, dir: t.TempDir()}
	// The race detector sleeps a second at the end of a program; this one is run a hundred times.
	f.env = append(os.Environ(), clusterVariable+"="+f.dir, "KUBECTL="+os.Args[0], "GORACE=atexit_sleep_ms=0")
	f.write(map[string]any{"Pods": pods, "Execs": execs})
	return f
}

func (f *fake) write(c map[string]any) {
	f.t.Helper()
	data, err := json.Marshal(c)
	if err != nil {
		f.t.Fatal(err)
	}
	path, half := filepath.Join(f.dir, "cluster.json"), filepath.Join(f.dir, "half-cluster") // others read it meanwhile
	if err := errors.Join(os.WriteFile(half, data, 0o600), os.Rename(half, path)); err != nil {
		f.t.Fatal(err)
	}
}

// run is `kubectl pm ARGS`.
func (f *fake) run(args ...string) (stdout, stderr string, code int) {
	f.t.Helper()
	return f.runIn(f.t.Context(), args...)
}

func (f *fake) runIn(ctx context.Context, args ...string) (stdout, stderr string, code int) {
	f.t.Helper()
	var out, errs bytes.Buffer
	code = Run(ctx, append([]string{"kubectl-pm"}, args...), f.env, f.stdin, &out, &errs)
	return out.String(), errs.String(), code
}

// calls are the argument lists that kubectl was called with, sorted.
func (f *fake) calls() []string {
	f.t.Helper()
	files, err := filepath.Glob(filepath.Join(f.dir, "call-*"))
	if err != nil {
		f.t.Fatal(err)
	}
	var list []string
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.t.Fatal(err)
		}
		var args []string
		if err := json.Unmarshal(data, &args); err != nil {
			f.t.Fatal(err)
		}
		list = append(list, strings.Join(args, " "))
	}
	slices.Sort(list)
	return list
}
