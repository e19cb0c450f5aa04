package telnet_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/supervisortest"
	"github.com/processmanager/processmanager/telnet"
)

// frame is the answer with a job id and a body of whole lines.
func frame(job, body string) string {
	return "\n**RESULT** " + job + "\n" + body + "**ENDRESULT**\n"
}

// notFound is the frame of a status of "nosuch".
func notFound(job any) string {
	return frame(fmt.Sprint(job), "Error: cannot show \"nosuch\": no such process\n")
}

func ask(job any) string { return fmt.Sprintf("!!process.status name:nosuch jobid:%v\n", job) }

func TestT80HundredStatementsInOneWrite(t *testing.T) {
	bubble(t, false, nil, nil, func(t *testing.T, _ *world, c *client) {
		var in, want strings.Builder
		for i := range 100 {
			in.WriteString(ask(i))
			want.WriteString(notFound(i))
		}
		c.send(in.String())
		if diff := cmp.Diff(want.String(), c.after(100*time.Millisecond)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestT76ByteByByteIsTheSame(t *testing.T) {
	bubble(t, false, oneSecret, nil, func(t *testing.T, _ *world, c *client) {
		text := "mysecretkey\r\n\xff\xfb\x18!!process.status \xff\xf1name:'no\xff\xfa\x18\x00x\xff\xf0such'\r\n  jobid:'e\\'42' // it's\r\x00\r\n"
		for i := range len(text) {
			c.send(text[i : i+1])
		}
		got, _ := c.read()
		want := " ** Welcome: you are authenticated.\n\xff\xfe\x18" + strings.ReplaceAll(notFound("e'42"), "\n", "\r\n")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestT72T73ValuesArriveUnaltered(t *testing.T) {
	script := "#!/bin/sh\n\n# comment\n!!process.delete name:web\nq\n?\n  indent \\n \"x\" it\\'s \\\\ // $(NAME) ÄÖ \xfe\n\n**RESULT**\n"
	want := strings.NewReplacer(`\'`, `'`, `\\`, `\`).Replace(script)
	bubble(t, false, nil, nil, func(t *testing.T, w *world, c *client) {
		c.send("!!process.start NAME:x Command:'" + script + "' log:1 deadline:7 cron:\"0 0 * * *\" jobid:'A b'\n\n")
		if got, _ := c.read(); got != frame("A b", "Process 'x' started\n") {
			t.Errorf("answer %q", got)
		}
		calls := []supervisortest.Call{{
			Method: "Start",
			Who:    supervisor.Caller{Door: supervisor.DoorTelnet, Peer: "pipe", Role: supervisor.RoleOperator},
			Arg:    supervisor.StartRequest{Name: "x", Command: want, Log: true, Deadline: 7, Cron: "0 0 * * *", JobID: "A b"},
		}}
		if diff := cmp.Diff(calls, w.fake.Calls()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestListAndLogsPassTheirParameters(t *testing.T) {
	bubble(t, false, nil, nil, func(t *testing.T, w *world, c *client) {
		c.send("!!process.list status:'running,stuck' labels:'a=b, c=d=e'\n!!process.logs name:web lines:3 stream:stderr\n\n")
		var got []any
		for _, call := range w.fake.Calls() {
			got = append(got, call.Arg)
		}
		want := []any{
			supervisor.ListRequest{
				Labels: map[string]string{"a": "b", "c": "d=e"},
				Status: []supervisor.Status{supervisor.StatusRunning, supervisor.StatusStuck},
			},
			supervisor.LogsRequest{Name: "web", Lines: 3, Stream: supervisor.Stderr},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestT80SlowVerbHoldsUpItsOwnConnectionOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false, nil, nil)
		defer w.end()
		release := make(chan struct{})
		w.fake.Hook = func(_ context.Context, method string) error {
			if method == "Restart" {
				<-release
			}
			return nil
		}
		slow, quick := w.dial(), w.dial()
		slow.read()
		quick.read()
		slow.send("!!process.restart name:web jobid:1\n" + ask(2) + "\n")
		quick.send(ask(3) + "\n")
		if got, _ := quick.read(); got != notFound(3) {
			t.Errorf("the other connection got %q", got)
		}
		if got := slow.after(time.Hour); got != "" {
			t.Errorf("answered too early, or closed as idle: %q", got)
		}
		close(release)
		if got, closed := slow.read(); got != frame("1", "Process 'web' restarted\n")+notFound(2) || closed {
			t.Errorf("got %q, closed %v", got, closed)
		}
		_ = slow.conn.Close()
		_ = quick.conn.Close()
	})
}

func TestPanicIsAnsweredAndCounted(t *testing.T) {
	bubble(t, false, nil, nil, func(t *testing.T, w *world, c *client) {
		w.fake.Hook = func(_ context.Context, method string) error {
			if method == "Stop" {
				panic("boom")
			}
			return nil
		}
		c.send("!!process.stop name:web jobid:1\n" + ask(2) + "!!nosuch\n\n!!help x\n\n!!process.stop\n\n")
		got, _ := c.read()
		if want := frame("1", "Error: internal error; the log of the process manager tells more\n") + notFound(2); !strings.HasPrefix(got, want) {
			t.Errorf("got %q", got)
		}
		want := []string{
			"process.stop panic", "process.status error", "unknown error", "unknown error", "process.stop error",
		}
		if diff := cmp.Diff(want, w.count.told()); diff != "" {
			t.Error(diff)
		}
		if !strings.Contains(w.log.String(), "boom") {
			t.Errorf("the log does not tell: %s", w.log)
		}
	})
}

func TestT79StatementLimit(t *testing.T) {
	limit := func(o *telnet.Options) { o.MaxStatement = 1000 }
	bubble(t, false, nil, limit, func(t *testing.T, w *world, c *client) {
		c.send("!!process.start jobid:1 name:x command:'" + strings.Repeat("!!process.delete name:web\n\n", 100))
		if got, _ := c.read(); got != frame("1", "Error: line 1, column 1: the statement is longer than 1000 bytes\n") {
			t.Errorf("got %q", got)
		}
		c.send("'\n\n" + ask(2) + "\n")
		if got, _ := c.read(); got != notFound(2) {
			t.Errorf("afterwards %q", got)
		}
		if len(w.fake.Calls()) != 1 {
			t.Errorf("calls: %v", w.fake.Calls())
		}
	})
}

func TestT79DefaultStatementLimitIsOneMiB(t *testing.T) {
	bubble(t, false, nil, nil, func(t *testing.T, w *world, c *client) {
		head, tail := "!!process.start name:x command:'", "'\n\n"
		c.send(head + strings.Repeat("x", 1<<20-len(head)-len(tail)) + tail)
		if got, _ := c.read(); !strings.Contains(got, "Process 'x' started") {
			t.Errorf("got %q", got)
		}
		c.send(head + strings.Repeat("x", 1<<20-len(head)-len(tail)+1) + tail)
		if got, _ := c.read(); !strings.Contains(got, "longer than 1048576 bytes") {
			t.Errorf("got %q", got)
		}
	})
}

func TestT79ConnectionCap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false, nil, func(o *telnet.Options) { o.MaxConnections = 2 })
		defer w.end()
		first, second, third := w.dial(), w.dial(), w.dial()
		if got, closed := third.read(); got != " ** Too many connections: try again later.\n" || !closed {
			t.Errorf("the third got %q, closed %v", got, closed)
		}
		_ = first.conn.Close()
		synctest.Wait()
		fourth := w.dial()
		if got, closed := fourth.read(); closed || !strings.Contains(got, "authenticated") {
			t.Errorf("when one had gone the next got %q, closed %v", got, closed)
		}
		_ = second.conn.Close()
		_ = fourth.conn.Close()
	})
}

// Silent connections do not keep out somebody who knows the secret; those who have
// given it are never put out.
func TestT79StrangersMakeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false, oneSecret, func(o *telnet.Options) { o.MaxConnections = 2 })
		defer w.end()
		oldest, silent, third := w.dial(), w.dial(), w.dial()
		if _, closed := silent.read(); closed {
			t.Error("the second of two was put out though the first is older")
		}
		if _, closed := oldest.read(); !closed {
			t.Error("the oldest stranger did not make room")
		}
		third.send("mysecretkey\n")
		synctest.Wait()
		fourth := w.dial()
		if _, closed := silent.read(); !closed {
			t.Error("the other stranger did not make room")
		}
		fourth.send("mysecretkey\n")
		synctest.Wait()
		fifth := w.dial()
		if got, closed := fifth.read(); !closed || !strings.Contains(got, "Too many connections") {
			t.Errorf("with two who have authenticated the next got %q, closed %v", got, closed)
		}
		for _, c := range []*client{third, fourth} {
			if got, closed := c.read(); closed || !strings.Contains(got, "you are authenticated") {
				t.Errorf("one who had authenticated got %q, closed %v", got, closed)
			}
			_ = c.conn.Close()
		}
	})
}

func TestT79AcceptErrorsAreTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false, nil, nil)
		defer w.end()
		start := time.Now()
		for range 10 {
			w.listen.fail <- &net.OpError{Op: "accept", Net: "unix", Err: syscall.EMFILE}
		}
		c := w.dial()
		if got, _ := c.read(); !strings.Contains(got, "authenticated") {
			t.Errorf("got %q", got)
		}
		// 5+10+20+40+80+160+320+640+1000+1000 ms: pauses grow and have an end.
		if d := time.Since(start); d != 3275*time.Millisecond {
			t.Errorf("took %v", d)
		}
		_ = c.conn.Close()
	})
}

func TestServeFailsWhenTheListenerIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false, nil, nil)
		_ = w.listen.Close()
		if err := <-w.served; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Serve: %v", err)
		}
	})
}

func TestNoTCPWithoutASecret(t *testing.T) {
	l := newListener()
	err := telnet.NewServer(telnet.Options{Control: newFake()}).Serve(t.Context(), l, true)
	if err == nil || !strings.Contains(err.Error(), "no secret is configured") {
		t.Errorf("Serve: %v", err)
	}
	if _, err := l.Accept(); err == nil {
		t.Error("the listener is open")
	}
}

func TestEndFinishesTheRunningAnswerOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false, nil, nil)
		release := make(chan struct{})
		w.fake.Hook = func(context.Context, string) error { <-release; return nil }
		c := w.dial()
		c.read()
		c.send(ask(1) + ask(2) + "\n")
		w.stop()
		synctest.Wait()
		close(release)
		if got, closed := c.read(); got != notFound(1) || !closed {
			t.Errorf("got %q, closed %v", got, closed)
		}
		if err := <-w.served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}

func TestEndIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false, nil, nil)
		w.fake.Hook = func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() }
		c := w.dial()
		c.read()
		c.send(ask(1) + "\n")
		start := time.Now()
		w.end()
		if d := time.Since(start); d != 5*time.Second {
			t.Errorf("took %v", d)
		}
		if got, _ := c.read(); got != frame("1", "Error: process manager is shutting down\n") {
			t.Errorf("got %q", got)
		}
	})
}

func TestClientThatLeavesDoesNotCancelWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false, nil, nil)
		release := make(chan struct{})
		cancelled := false
		w.fake.Hook = func(ctx context.Context, _ string) error {
			<-release
			cancelled = cancelled || ctx.Err() != nil
			return nil
		}
		c := w.dial()
		c.read()
		c.send("!!process.stop name:web\n!!process.delete name:migrate\n\n!!process.delete name:report")
		_ = c.conn.Close()
		time.Sleep(time.Hour)
		close(release)
		synctest.Wait()
		if cancelled {
			t.Error("the work was cancelled")
		}
		var got []string
		for _, call := range w.fake.Calls() {
			got = append(got, call.Method)
		}
		// What came completely is performed. Closing a pipe is an end of input like
		// any other, so the last statement counts too.
		if diff := cmp.Diff([]string{"Stop", "Delete", "Delete"}, got); diff != "" {
			t.Error(diff)
		}
		w.end()
	})
}

func TestClientThatDoesNotReadIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false, nil, nil)
		defer w.end()
		server, end := connPair()
		w.listen.conns <- server
		start := time.Now()
		if _, err := end.Read(make([]byte, 1)); err != nil { // one byte of the welcome, no more
			t.Fatal(err)
		}
		synctest.Wait()
		for {
			if _, err := end.Write([]byte("x")); err != nil {
				break
			}
		}
		if d := time.Since(start); d != 30*time.Second {
			t.Errorf("given up after %v", d)
		}
		_ = end.Close()
	})
}

func TestT78TheSecretIsNeverLoggedOrSentBack(t *testing.T) {
	for _, tcp := range []bool{false, true} {
		bubble(t, tcp, oneSecret, nil, func(t *testing.T, w *world, c *client) {
			c.send("\xff\xfd\x01\xff\xfd\x03")
			c.send("mysecretkeyBUTWRONG\r\x00mysecretkey\r\x00")
			c.send("!!process.start name:s command:'echo hushhush' mysecretkey\r\x00\r\x00")
			got, _ := c.read()
			if !strings.Contains(got, "you are authenticated") {
				t.Fatalf("got %q", got)
			}
			login, _, _ := strings.Cut(got, "you are authenticated")
			if strings.Contains(login, "mysecret") {
				t.Errorf("the secret was sent back: %q", login)
			}
			for _, word := range []string{"mysecret", "hushhush"} {
				if strings.Contains(w.log.String(), word) {
					t.Errorf("%q was logged: %s", word, w.log)
				}
			}
			if !w.count.has("auth telnet") || !strings.Contains(w.log.String(), "wrong secret") {
				t.Errorf("the wrong secret was not counted or logged: %v %s", w.count.told(), w.log)
			}
		})
	}
}

func TestT78GuessingGetsSlowerOverConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false, oneSecret, nil)
		defer w.end()
		start := time.Now()
		for range 3 {
			c := w.dial()
			c.send("a\nb\nc\n")
			for closed := false; !closed; _, closed = c.read() {
				time.Sleep(100 * time.Millisecond)
			}
		}
		if d := time.Since(start); d < 50*time.Second { // 0.5+1+2, 4+8+10, 10+10+10
			t.Errorf("nine guesses took %v", d)
		}
		// A right one is not delayed by them.
		c := w.dial()
		c.read()
		c.send("mysecretkey\n")
		if got, _ := c.read(); got != " ** Welcome: you are authenticated.\n" {
			t.Errorf("got %q", got)
		}
		_ = c.conn.Close()
		// And with it the host begins anew.
		c = w.dial()
		c.read()
		c.send("oops\n")
		if got := c.after(500 * time.Millisecond); got != " ** Welcome: you are not authenticated, provide secret.\n" {
			t.Errorf("a wrong one behind it got %q", got)
		}
		_ = c.conn.Close()
	})
}

// A definition is read as strictly as a manifest, as far as names and types go.
func TestStartByDefinition(t *testing.T) {
	bubble(t, false, nil, nil, func(t *testing.T, w *world, c *client) {
		c.send("!!process.start name:x spec:'{\"command\": [\"/bin/sleep\", \"1\"],\n  \"restartPolicy\": \"OnFailure\"}' jobid:1\n\n")
		if got, _ := c.read(); got != frame("1", "Process 'x' started\n") {
			t.Errorf("answer %q", got)
		}
		req, _ := w.fake.Calls()[0].Arg.(supervisor.StartRequest)
		if req.Spec == nil || req.Spec.RestartPolicy != supervisor.RestartOnFailure || len(req.Spec.Command.Argv) != 2 || req.Name != "x" {
			t.Errorf("asked for %+v", req)
		}
		for spec, want := range map[string]string{
			`{"comand":["x"],"Command":["y"]}`: `spec.comand: unknown field (did you mean "command"?); spec.Command: unknown field (did you mean "command"?)`,
			`{"command":["x"]`:                 "spec: it is not JSON: unexpected end of JSON input",
			`{"command":7}`:                    "spec.command: want a list of strings (executed) or one string (run by the shell)",
			`{"command":"x","command":"y"}`:    "spec.command: it is given twice",
			`{} {}`:                            "spec: there is something behind the definition (want one JSON object)",
			`[]`:                               "spec: want an object",
			`{"replicas":"two"}`:               "spec.replicas: want an integer",
		} {
			c.send("!!process.start name:y spec:'" + spec + "' jobid:2\n\n")
			if got, _ := c.read(); got != frame("2", "Error: line 1, column 24: parameter "+want+"\n") {
				t.Errorf("%s: %q", spec, got)
			}
		}
	})
}

// The longest statement can be typed on one line, and is edited with no more than a
// little work for each key.
func TestT79LongLineAtATerminal(t *testing.T) {
	bubble(t, true, oneSecret, nil, func(t *testing.T, w *world, c *client) {
		c.send("\xff\xfd\x01\xff\xfd\x03mysecretkey\r\x00")
		head := "!!process.start name:x command:'"
		long := strings.Repeat("x", 1<<20-len(head)-len("'\n\n"))
		c.send(head + long + "'\r\x00\r\x00")
		if got, _ := c.read(); !strings.Contains(got, "Process 'x' started") {
			t.Errorf("the longest: the end of the answer is %q", got[max(0, len(got)-200):])
		}
		c.send(head + long + long)
		if got, _ := c.read(); !strings.Contains(got, "\a") {
			t.Error("no bell when the line is full")
		}
		c.send(strings.Repeat("\x1b[D", 100) + "\x15\x0b!!help\r\x00\r\x00")
		if got, _ := c.read(); !strings.Contains(got, "!!process.start name:NAME") {
			t.Errorf("afterwards: %q", got[max(0, len(got)-200):])
		}
	})
}
