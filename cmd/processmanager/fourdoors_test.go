package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/processmanager/processmanager/rpc"
	"github.com/processmanager/processmanager/rpc/client"
	"github.com/processmanager/processmanager/supervisor"
)

// operations is the list that all four doors share: a word, and the Go method.
var operations = map[string]string{ //nolint:gochecknoglobals // a table
	"start": "StartProcess", "stop": "StopProcess", "restart": "RestartProcess", "delete": "DeleteProcess",
	"status": "GetProcessStatus", "list": "ListProcesses", "logs": "GetProcessLogs",
}

// What one door can do, the others can.
func TestFourDoorsOneList(t *testing.T) {
	t.Parallel()
	in := guarded(t)
	var methods []string
	for _, name := range rpc.MethodNames() {
		if op, ok := strings.CutPrefix(name, "process."); ok {
			methods = append(methods, op)
		}
	}
	var verbs []struct{ Verb string }
	if err := json.Unmarshal([]byte(in.telnet("!!help format:json")), &verbs); err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, v := range verbs {
		if op, ok := strings.CutPrefix(v.Verb, "process."); ok {
			told = append(told, op)
		}
	}
	text := in.telnet("!!help")
	for _, op := range told {
		if !strings.Contains(text, "!!process."+op) {
			t.Errorf("the help as text lacks %s", op)
		}
	}
	slices.Sort(methods)
	slices.Sort(told)
	// Answers come in order, so nothing can be done on a session that waits.
	overTelnet := slices.DeleteFunc(slices.Clone(methods), func(op string) bool { return op == "wait" })
	if !slices.Equal(overTelnet, told) {
		t.Errorf("the API has %v, telnet has %v", methods, told)
	}
	help, code := in.pmclient("help")
	if code != 0 {
		t.Errorf("pmclient help: %d: %s", code, help)
	}
	for _, op := range methods {
		if !strings.Contains(help, "\n   "+op+" ") {
			t.Errorf("the client lacks %s:\n%s", op, help)
		}
	}
	classic := reflect.TypeFor[supervisor.ProcessManagerInterface]()
	if classic.NumMethod() != len(operations)+1 { // and GetSecret
		t.Errorf("the Go interface has %d methods", classic.NumMethod())
	}
	for op, method := range operations {
		if !slices.Contains(methods, op) {
			t.Errorf("the API lacks %s", op)
		}
		if _, ok := classic.MethodByName(method); !ok {
			t.Errorf("the Go interface lacks %s", method)
		}
	}
	in.end()
}

// The same mistake is told by the same words at each door, and by its code.
func TestFourDoorsOneError(t *testing.T) {
	t.Parallel()
	in := guarded(t)
	api, err := client.New(client.Options{URL: "http://" + in.addr("rpc-addr"), Secret: secretOfDoors})
	if err != nil {
		t.Fatal(err)
	}
	defer api.Close()
	if _, failure := in.call("process.start", map[string]string{"name": "idle", "command": "exit 0"}); failure != nil {
		t.Fatal(string(failure))
	}
	eventually(t, "the job is done", func() bool {
		info, err := api.Status(t.Context(), "idle")
		return err == nil && info.Status == supervisor.StatusCompleted
	})
	for _, c := range []struct {
		what, op, name, command string
		code                    int
		sentinel                error
	}{
		{"not found", "stop", "nobody", "", -32001, supervisor.ErrNotFound},
		{"not found", "restart", "nobody", "", -32001, supervisor.ErrNotFound},
		{"not found", "delete", "nobody", "", -32001, supervisor.ErrNotFound},
		{"not found", "status", "nobody", "", -32001, supervisor.ErrNotFound},
		{"not found", "logs", "nobody", "", -32001, supervisor.ErrNotFound},
		{"not found", "start", "nobody", "", -32001, supervisor.ErrNotFound},
		{"exists", "start", "web", "true", -32002, supervisor.ErrExists},
		{"runs already", "start", "web", "", -32002, supervisor.ErrExists},
		{"invalid name", "start", "-bad name-", "true", -32003, supervisor.ErrInvalid},
		{"not running", "stop", "idle", "", -32004, supervisor.ErrNotRunning},
	} {
		t.Run(c.what+" "+c.op, func(t *testing.T) {
			params := map[string]string{"name": c.name}
			statement := "!!process." + c.op + " name:'" + c.name + "'"
			words := []string{"-secret", secretOfDoors, c.op, "-name", c.name}
			if c.command != "" {
				params["command"] = c.command
				statement += " command:'" + c.command + "'"
				words = append(words, "-command", c.command)
			}
			_, raw := in.call("process."+c.op, params)
			var failure struct {
				Code    int
				Message string
				Data    struct{ Name string }
			}
			if err := json.Unmarshal(raw, &failure); err != nil {
				t.Fatalf("the API says %s: %v", raw, err)
			}
			if failure.Code != c.code || failure.Data.Name != c.name {
				t.Errorf("the API says %s, want the code %d and the name %s", raw, c.code, c.name)
			}
			if !strings.Contains(failure.Message, c.sentinel.Error()) || !strings.Contains(failure.Message, c.name) {
				t.Errorf("%q does not hold %q and the name", failure.Message, c.sentinel)
			}
			if got := in.telnet(statement); got != "Error: "+failure.Message {
				t.Errorf("telnet says %q, the API %q", got, failure.Message)
			}
			if out, code := in.pmclient(words...); code != 1 || out != "pmclient: "+failure.Message {
				t.Errorf("the client says %d %q, the API %q", code, out, failure.Message)
			}
			if err := classicCall(api.Classic(), c.op, c.name, c.command); !errors.Is(err, c.sentinel) || err.Error() != failure.Message {
				t.Errorf("Go says %v, the API %q", err, failure.Message)
			}
		})
	}
	in.end()
}

// classicCall does one operation through the eight methods.
func classicCall(m supervisor.ProcessManagerInterface, op, name, command string) (err error) {
	switch op {
	case "start":
		return m.StartProcess(name, command, false, 0, "", "")
	case "stop":
		return m.StopProcess(name)
	case "restart":
		return m.RestartProcess(name)
	case "delete":
		return m.DeleteProcess(name)
	case "status":
		_, err = m.GetProcessStatus(name)
	case "logs":
		_, err = m.GetProcessLogs(name, 10)
	}
	return err
}

// The doors describe one process by the same object.
func TestFourDoorsOneAnswer(t *testing.T) {
	t.Parallel()
	in := guarded(t)
	steady := func(text string) map[string]any {
		var v map[string]any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		delete(v, "cpu_percent") // of another moment
		delete(v, "memory_mb")
		return v
	}
	raw, failure := in.call("process.status", map[string]string{"name": "web"})
	if failure != nil {
		t.Fatal(string(failure))
	}
	want := steady(string(raw))
	if got := steady(in.telnet("!!process.status name:web format:json")); !reflect.DeepEqual(got, want) {
		t.Errorf("telnet says %v, the API %v", got, want)
	}
	out, _ := in.pmclient("-secret", secretOfDoors, "status", "web", "-format", "json")
	if got := steady(out); !reflect.DeepEqual(got, want) {
		t.Errorf("the client says %v, the API %v", got, want)
	}
	in.end()
}

// telnet says one statement on a connection of its own, and returns the answer.
func (in *instance) telnet(statement string) string {
	in.t.Helper()
	return in.telnetWith(secretOfDoors+"\n", statement)
}

// telnetWith is the same behind a login, which is empty where no secret is wanted.
func (in *instance) telnetWith(login, statement string) string {
	in.t.Helper()
	conn, err := net.Dial("unix", in.socket)
	if err != nil {
		in.t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		in.t.Fatal(err)
	}
	if _, err := io.WriteString(conn, login+statement+"\n\n!!quit\n\n"); err != nil {
		in.t.Fatal(err)
	}
	all, err := io.ReadAll(bufio.NewReader(conn))
	if err != nil {
		in.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(all), "**RESULT**\n")
	answer, _, ok := strings.Cut(rest, "\n**ENDRESULT**")
	if !ok {
		in.t.Fatalf("%s: no frame in %q", statement, all)
	}
	return answer
}
