package traps_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/processmanager/processmanager/rpc/client"
	"github.com/processmanager/processmanager/supervisor"
)

// A string is run by a shell, which may stay in between (dash does) or not: a stop
// reaches who works, and leaves nothing.
func TestT13ShellInBetween(t *testing.T) {
	t.Parallel()
	in := launch(t, launching{spec: `
  processes:
    - {name: one, command: "sleep 1000"}
    - {name: two, command: "sleep 1000; true"}
    - {name: pipe, command: "sleep 1000 | cat"}
    - {name: argv, command: [sleep, "1000"]}
`}).up()
	if _, err := in.api.Start(t.Context(), client.StartParams{Name: "api", Command: "sleep 1000; true"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all of them sleep", func() bool { return len(in.marked("1000")) >= 5 })
	for _, name := range []string{"one", "two", "pipe", "argv", "api"} {
		before, began := len(in.marked("")), time.Now()
		if _, err := in.api.Stop(t.Context(), name); err != nil {
			t.Errorf("stop %s: %v", name, err)
		}
		if after := len(in.marked("")); after >= before {
			t.Errorf("%s is stopped: %d processes before, %d after", name, before, after)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("the stop of %s took %s: nobody was told to end", name, took)
		}
	}
	if rest := in.marked(""); len(rest) != 0 {
		t.Errorf("all are stopped, and these live: %v", rest)
	}
	// An argv never meets a shell: what one would do with it stays text.
	out := launch(t, launching{spec: `
  exitPolicy: WhenDone
  processes: [{name: echo, command: [echo, "$HOME;", "*", "$(true)", "'"], restartPolicy: Never}]
`})
	out.ends(patience)
	out.says("echo | $HOME; * $(true) '\n")
}

// hindrance is a reason why a program cannot be started, and its end.
type hindrance struct {
	name, fields string // of the process
	text         string // the word for it
	remedy       func()
}

func hindrances(t *testing.T, dir string) []hindrance {
	at := func(name string) string { return filepath.Join(dir, name) }
	script := "#!/bin/sh\nexec sleep 1000\n"
	writeFile(t, at("eacces"), script, 0o644)
	writeFile(t, at("enoexec"), "neither a script nor a binary", 0o755)
	writeFile(t, at("enotdir"), "a file", 0o644)
	writeFile(t, at("interpreter"), "#!"+at("later")+"\n", 0o755)
	if err := os.Symlink("eloop", at("eloop")); err != nil {
		t.Fatal(err)
	}
	sleep, err := os.ReadFile("/bin/sleep")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, at("etxtbsy"), string(sleep), 0o755)
	busy, err := os.OpenFile(at("etxtbsy"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = busy.Close() })
	command := func(name string) string { return fmt.Sprintf("command: [%s, '1000']", at(name)) }
	renew := func(name string) func() {
		return func() {
			writeFile(t, at(name+".new"), script, 0o755)
			if err := os.Rename(at(name+".new"), at(name)); err != nil {
				t.Error(err)
			}
		}
	}
	return []hindrance{
		{"enoent", command("enoent"), "no such file", renew("enoent")},
		{"eacces", command("eacces"), "permission denied", renew("eacces")},
		{"enoexec", command("enoexec"), "exec format error", renew("enoexec")},
		{"etxtbsy", command("etxtbsy"), "text file busy", func() { _ = busy.Close() }},
		{"eloop", command("eloop"), "too many levels", renew("eloop")},
		{"enotdir", "command: [" + at("enotdir") + "/x]", "not a directory", func() {
			if err := os.Remove(at("enotdir")); err != nil {
				t.Error(err)
			}
			if err := os.Mkdir(at("enotdir"), 0o755); err != nil {
				t.Error(err)
			}
			writeFile(t, at("enotdir/x"), script, 0o755)
		}},
		{"interpreter", command("interpreter"), "no such file", func() { writeFile(t, at("later"), "#!/bin/sh\nexec sleep 1000\n", 0o755); renew("interpreter")() }},
		{"cwd", "command: [sleep, '1000'], workingDir: " + at("cwd"), "no such file", func() {
			if err := os.Mkdir(at("cwd"), 0o755); err != nil {
				t.Error(err)
			}
		}},
	}
}

// What cannot be started has failed like any other: a reason, the words of the kernel,
// a retry, and it comes up by itself when the hindrance is gone.
func TestT14ComesUpByItself(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	list := hindrances(t, dir)
	spec := "\n  processes:\n"
	for _, h := range list {
		spec += fmt.Sprintf("    - {name: %s, %s, restartBackoff: {initial: 50ms, max: 50ms}}\n", h.name, h.fields)
	}
	spec += `    - {name: user, command: [sleep, "1000"], securityContext: {runAsUser: nobody-of-that-name}, restartBackoff: {initial: 50ms, max: 50ms}}`
	in := launch(t, launching{spec: spec}).up()
	list = append(list, hindrance{name: "user", text: "nobody-of-that-name"})
	for _, h := range list {
		info := in.becomes(h.name, supervisor.StatusBackoff)
		if info.Reason != supervisor.ReasonStartError || !strings.Contains(info.Error, h.text) || info.NextRetry == nil || info.PID != nil {
			t.Errorf("%s: reason %s, error %q, next retry %v, pid %v; want %s with %q", h.name, info.Reason, info.Error, info.NextRetry, info.PID, supervisor.ReasonStartError, h.text)
		}
	}
	for _, h := range list {
		eventually(t, h.name+" is tried again", func() bool { info := in.status(h.name); return info != nil && info.Restarts >= 1 })
		if h.remedy != nil {
			h.remedy()
		}
	}
	for _, h := range list {
		if h.remedy != nil {
			in.becomes(h.name, supervisor.StatusRunning)
		}
	}
	if info := in.status("user"); info == nil || info.Reason != supervisor.ReasonStartError {
		t.Errorf("without the user: %+v", info)
	}
}

// The kernel has no process left to give. It is tried again until it has.
func TestT14NoProcessLeft(t *testing.T) {
	t.Parallel()
	group := cgroup(t, "pids")
	// The manager is to have all the threads that it needs by then: it cannot make one
	// either. So it does first what it has to do later: start many, read its manifest.
	warm := "\n  processes:\n"
	for i := range 16 {
		warm += fmt.Sprintf("    - {name: warm-%d, command: [sleep, \"999\"]}\n", i)
	}
	in := launch(t, launching{spec: warm}).up()
	in.becomes("warm-15", supervisor.StatusRunning)
	in.write(`
  processes:
    - {name: first, command: [sleep, "1000"]}
`)
	in.becomes("first", supervisor.StatusRunning)
	eventually(t, "the others are gone", func() bool { return in.status("warm-15") == nil })
	writeFile(t, filepath.Join(group, "cgroup.procs"), fmt.Sprint(in.cmd.Process.Pid), 0o644)
	writeFile(t, filepath.Join(group, "pids.max"), "0", 0o644)
	in.write(`
  processes:
    - {name: first, command: [sleep, "1000"]}
    - {name: second, command: [sleep, "1001"]}
`)
	info := in.becomes("second", supervisor.StatusBackoff)
	if info.Reason != supervisor.ReasonStartError || !strings.Contains(info.Error, "resource temporarily unavailable") {
		t.Errorf("reason %s, error %q", info.Reason, info.Error)
	}
	writeFile(t, filepath.Join(group, "pids.max"), "max", 0o644)
	in.becomes("second", supervisor.StatusRunning)
}

// Values are data: only $(NAME) expands, $$ escapes it, and what is unknown stays.
func TestT59ValuesAreData(t *testing.T) {
	t.Parallel()
	const value = "p%a$s{{x}}$(NOPE)$$(A)${A}`A`\\\"' %s"
	const want = "p%a$s{{x}}$(NOPE)$(A)${A}`A`\\\"' %s"
	quoted := "'" + strings.ReplaceAll(value, "'", "''") + "'"
	in := launch(t, launching{spec: `
  exitPolicy: WhenDone
  processes:
    - name: tell
      command: [sh, -c, 'printf "%s\n" "$1" "$V" "$W"', sh, ` + quoted + `]
      env: [{name: A, value: wrong}, {name: V, value: ` + quoted + `}, {name: W, value: "$(V)"}]
      restartPolicy: Never
`})
	in.ends(patience)
	var got []string
	for line := range strings.Lines(in.out.String()) {
		if text, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "tell | "); ok {
			got = append(got, text)
		}
	}
	if diff := cmp.Diff([]string{want, want, want}, got); diff != "" {
		t.Errorf("argument, variable, variable of a variable (-want +got):\n%s", diff)
	}
	// A caller's command is passed on as it is.
	api := launch(t, launching{}).up()
	if _, err := api.api.Start(t.Context(), client.StartParams{Name: "raw", Command: `printf '%s\n' '` + strings.ReplaceAll(value, "'", `'\''`) + `'`}); err != nil {
		t.Fatal(err)
	}
	api.says("raw | " + value + "\n")
}

// A name is used in addresses, files, labels and scripts: nothing that means
// something there is one, and every door says so.
func TestT60Names(t *testing.T) {
	t.Parallel()
	good := []string{"a", "Web", "a.b_c-1", strings.Repeat("n", supervisor.MaxName)}
	bad := []string{"", "/", "a/b", "..", ".a", "-a", "_a", "a b", "a\nb", "a\"b", "a'b", "é", "a\x00b", "a:b", "a\\b", "a%b", "a{b}", "a$b", strings.Repeat("n", supervisor.MaxName+1), strings.Repeat("n", 300), "a\u202eb"}
	in := launch(t, launching{}).up()
	for _, name := range slices.Concat(good, bad) {
		wanted := slices.Contains(good, name)
		_, err := in.api.Start(t.Context(), client.StartParams{Name: name, Command: "exit 0"})
		if ok := err == nil; ok != wanted {
			t.Errorf("start %q: %v", name, err)
		}
		if !wanted && !isInvalid(err) {
			t.Errorf("start %q: %v is not about the name", name, err)
		}
		for door, err := range map[string]error{"restart": second(in.api.Restart(t.Context(), name)), "logs": second(in.api.Logs(t.Context(), client.LogsParams{Name: name}))} {
			if ok := err == nil; ok != wanted {
				t.Errorf("%s %q: %v", door, name, err)
			}
		}
		spec := fmt.Sprintf("\n  processes: [{name: %s, command: [child]}]\n", yamlQuote(name))
		if code, text := validate(t, manifestHead+spec); (code == 0) != wanted {
			t.Errorf("manifest with the name %q: %d: %s", name, code, text)
		}
	}
	list, err := in.api.List(t.Context(), client.ListParams{})
	if err != nil || len(list) != len(good) {
		t.Errorf("%d are listed, want %d; %v", len(list), len(good), err)
	}
}
