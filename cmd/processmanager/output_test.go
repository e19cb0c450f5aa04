package main

import (
	"encoding/json"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A reader of stdout that has gone ends neither the manager nor what it runs.
func TestT32ReaderOfStdoutIsGone(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	in := launch(t, launching{namespace: true, out: w, manifest: `
  processes:
    - {name: tick, command: "while :; do echo tick; sleep 0.02; done"}
`})
	w.Close()
	if _, err := r.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	r.Close()
	count := func() int {
		out, code := in.pmclient("logs", "tick", "-lines", "1000")
		if code != 0 {
			t.Fatalf("exit code %d: %s", code, out)
		}
		return strings.Count(out, "tick")
	}
	n := count()
	eventually(t, "the process writes on", func() bool { return count() > n+20 })
	if out, _ := in.pmclient("status", "tick"); !strings.Contains(out, "running") {
		t.Errorf("status:\n%s", out)
	}
	in.end()
}

// The level is that of the manager's own lines; what processes write is always there.
func TestLogLevel(t *testing.T) {
	t.Parallel()
	for level, want := range map[string][]string{
		"debug": {"DEBUG", "INFO", "WARN", "ERROR"},
		"info":  {"INFO", "WARN", "ERROR"},
		"warn":  {"WARN", "ERROR"},
		"error": {"ERROR"},
	} {
		in := launch(t, launching{args: []string{"-log-level", level}, manifest: `
  processes:
    - {name: fails, command: "echo oops >&2; exit 1", restartPolicy: Never}
    - {name: stays, command: [sleep, "1000"]}
`})
		in.awaitErr("has failed for good")
		conn, err := net.Dial("unix", in.socket)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Read(make([]byte, 1)); err != nil { // it is served
			t.Fatal(err)
		}
		conn.Close()
		in.end()
		<-in.silent
		text := in.stderr.String()
		var got []string
		for _, word := range []string{"DEBUG", "INFO", "WARN", "ERROR"} {
			if strings.Contains(text, "processmanager | "+word+" ") {
				got = append(got, word)
			}
		}
		if !slices.Equal(got, want) || !strings.Contains(text, "fails | oops") {
			t.Errorf("-log-level %s shows %q, want %q:\n%s", level, got, want, text)
		}
	}
}

// A container's stdout that takes nothing for some seconds stalls no process, no
// interface and no shutdown.
func TestT63StdoutStalls(t *testing.T) {
	t.Parallel()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe() // nobody reads it
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	in := launch(t, launching{namespace: true, out: w, manifest: `
  terminationGracePeriodSeconds: 5
  processes:
    - {name: babble, command: ["` + exe + `"], env: [{name: ` + roleVar + `, value: babble}]}
    - {name: tick, command: "n=0; while :; do n=$((n+1)); echo tick $n; sleep 0.05; done"}
`, args: []string{"-metrics-addr", "127.0.0.1:0"}})
	w.Close()
	eventually(t, "the API answers", func() bool { _, code := in.pmclient("list"); return code == 0 })
	last := func() string { out, _ := in.pmclient("logs", "tick", "-lines", "1"); return out }
	seen := map[string]bool{}
	begun := time.Now()
	eventually(t, "the process writes on for three seconds", func() bool {
		asked := time.Now()
		seen[last()] = true
		if took := time.Since(asked); took > 3*time.Second {
			t.Fatalf("an answer took %s", took)
		}
		return time.Since(begun) > 3*time.Second
	})
	if len(seen) < 5 {
		t.Errorf("in three seconds the process showed %d lines", len(seen))
	}
	begun = time.Now()
	in.end()
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("the end took %s", took)
	}
}

// Three shapes of the same lines.
func TestLogFormats(t *testing.T) {
	t.Parallel()
	const manifest = `
  exitPolicy: WhenDone
  processes:
    - {name: say, command: "echo 'a <b> \"c\"'; echo oops >&2; printf end", restartPolicy: Never}
`
	for format, want := range map[string]string{
		"raw":  "a <b> \"c\"\nend\n",
		"text": "say | a <b> \"c\"\nsay | end\n",
	} {
		in := launch(t, launching{manifest: manifest, args: []string{"-log-format", format}})
		if code := in.code(); code != 0 {
			t.Errorf("%s: exit code %d", format, code)
		}
		<-in.silent
		if got := in.stdout.String(); got != want {
			t.Errorf("%s: stdout is %q, want %q", format, got, want)
		}
		if !strings.Contains(in.stderr.String(), "oops") {
			t.Errorf("%s: stderr has no oops: %q", format, in.stderr)
		}
	}
	in := launch(t, launching{manifest: manifest, env: []string{"PM_LOG_FORMAT=json"}})
	in.code()
	<-in.silent
	var msgs []string
	for line := range strings.Lines(in.stdout.String() + in.stderr.String()) {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("no JSON: %q", line)
		}
		for _, key := range []string{"ts", "msg"} {
			if _, ok := v[key]; !ok {
				t.Errorf("no %q in %q", key, line)
			}
		}
		if v["process"] == "say" {
			msgs = append(msgs, v["stream"].(string)+" "+v["msg"].(string))
		}
	}
	if got := strings.Join(msgs, "|"); got != `stdout a <b> "c"|stdout end|stderr oops` {
		t.Errorf("the lines are %q", got)
	}
}

// A secret is in nothing that leaves the program.
func TestT100SecretIsNowhere(t *testing.T) {
	t.Parallel()
	const token = "tok3n-4417-do-not-tell"
	dir := shortDir(t)
	file := dir + "/secret"
	if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		l    launching
	}{
		{"flag", launching{args: []string{"-secret", token}}},
		{"file", launching{args: []string{"-secret-file", file}}},
		{"variable", launching{env: []string{"PM_SECRET=" + token}}},
		{"variable of the file", launching{env: []string{"PM_SECRET_FILE=" + file}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.l.manifest = `
  processes:
    - {name: env, command: "env; tr '\\0' '\\n' < /proc/self/environ; exec sleep 1000"}
`
			c.l.args = append(c.l.args, "-rpc-addr", "127.0.0.1:0", "-telnet-addr", "127.0.0.1:0", "-metrics-addr", "127.0.0.1:0")
			in := launch(t, c.l).up()
			in.awaitOut("PM_PROCESS_NAME=env")
			var all strings.Builder
			for _, args := range [][]string{
				{"list"},
				{"-secret", "wrong-one", "list"},
				{"-secret", token, "list"},
				{"-secret", token, "status", "env"},
				{"-secret", token, "logs", "env"},
				{"-secret", token, "start", "-name", "x", "-command", "env"},
				{"-secret", token, "logs", "x"},
				{"-secret", token, "stop", "nobody"},
				{"-secret", token, "-format", "json", "list"},
				{"-secret", token, "start", "bad name"},
			} {
				out, _ := in.pmclient(args...)
				all.WriteString(out)
			}
			if out, code := in.pmclient("list"); code != 3 {
				t.Errorf("without the secret: exit code %d: %s", code, out)
			}
			if out, code := in.pmclient("-secret-file", file, "list"); code != 0 {
				t.Errorf("with the secret: exit code %d: %s", code, out)
			}
			_, page := in.get(in.addr("metrics-addr"), "/metrics")
			in.signal(syscall.SIGUSR2)
			in.awaitErr("orphans_reaped=")
			for _, p := range processes() {
				if p.pid != in.pid && p.marked(in.mark) {
					env, _ := os.ReadFile("/proc/" + strconv.Itoa(p.pid) + "/environ")
					all.WriteString(string(env))
				}
			}
			in.end()
			<-in.silent
			all.WriteString(page + in.stdout.String() + in.stderr.String())
			if i := strings.Index(all.String(), token); i >= 0 {
				t.Errorf("the secret is told: %q", all.String()[max(0, i-80):min(len(all.String()), i+60)])
			}
			if !strings.Contains(all.String(), "PM_PROCESS_NAME=env") {
				t.Error("the test has looked at nothing")
			}
		})
	}
	// Errors of the start.
	for _, args := range [][]string{
		{"-secret", token, "-secret-file", file},
		{"-secret", token, "-log-format", "xml"},
		{"-secret", token, "-metrics-addr", "nonsense"},
		{"-secret", token, "-manifest", "/none"},
		{"-secret", token, "oops"},
	} {
		in := launch(t, launching{args: args})
		if code := in.code(); code == 0 {
			t.Errorf("%v: exit code 0", args)
		}
		<-in.silent
		if strings.Contains(in.stderr.String()+in.stdout.String(), token) {
			t.Errorf("the secret is told: %q", in.stderr)
		}
	}
}
