package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// witness is a program that writes down how it is run, and by which signal it ends.
const witness = `#!/bin/sh
f="$OUT/$1"
for s in TERM QUIT INT; do trap "echo signal=$s >> '$f'; exit 0" $s; done
{
	for a; do printf 'arg=%s\n' "$a"; done
	printf 'cwd=%s\numask=%s\nmode=%s\nprice=%s\nlist=%s\n' "$(pwd)" "$(umask)" "$MODE" "$PRICE" "$LIST"
	echo ready
} >> "$f"
case $2 in
[0-9]*) exit "$2" ;;
esac
while :; do sleep 0.05; done
`

const witnessConf = `[supervisord]
nodaemon=true
logfile=/dev/null
logfile_maxbytes=0
pidfile=%(here)s/pid
environment=MODE="shared"

[program:web]
command=%(here)s/witness web --listen :%(ENV_PORT)s 'a b' "$(date) $$ %%d" \;
directory=/tmp
umask=027
stopsignal=QUIT
environment=PRICE="5$$ $(MODE)",LIST="a,b c"

[program:worker]
command=%(here)s/witness worker%(process_num)d stay %(program_name)s
process_name=%(program_name)s_%(process_num)02d
numprocs=2
stopasgroup=true

[program:padded]
command=%(here)s/witness padded%(process_num)03d stay
process_name=%(program_name)s_%(process_num)02d
numprocs=2
numprocs_start=7

[program:once]
command=%(here)s/witness once 3
autorestart=false
startsecs=0

[program:fine]
command=%(here)s/witness fine 2
autorestart=unexpected
exitcodes=0,2
startsecs=0

[program:broken]
command=%(here)s/witness broken 1
startretries=1
startsecs=10

[program:asleep]
command=%(here)s/witness asleep stay
autostart=false

[include]
files=more/*.conf
`

const witnessMore = `[program:included]
command=%(here)s/../witness included stay
environment=MODE="own"
stopsignal=INT
`

// What supervisord does with a configuration, the manifest that it becomes does, too:
// the same processes with the same arguments, environment, directory, restarts and
// signals.
func TestSupervisordDoesTheSame(t *testing.T) {
	if _, err := exec.LookPath("supervisord"); err != nil {
		t.Skip("supervisord is not installed")
	}
	dir := shortDir(t)
	write(t, filepath.Join(dir, "witness"), witness)
	write(t, filepath.Join(dir, "supervisord.conf"), witnessConf)
	write(t, filepath.Join(dir, "more/included.conf"), witnessMore)
	starts := map[string]int{"web": 1, "worker0": 1, "worker1": 1, "padded007": 1, "padded008": 1, "once": 1, "fine": 1, "broken": 2, "included": 1}
	theirs := testimony(t, dir, "theirs", starts, "supervisord", "-n", "-c", filepath.Join(dir, "supervisord.conf"))
	ours := testimony(t, dir, "ours", starts, os.Args[0], "-socket", filepath.Join(dir, "pm.sock"), "-manifest", converted(t, dir, filepath.Join(dir, "supervisord.conf")))
	if diff := cmp.Diff(theirs, ours); diff != "" {
		t.Errorf("-supervisord +processmanager:\n%s", diff)
	}
}

// The same for a directory of services and s6.
func TestS6DoesTheSame(t *testing.T) {
	if _, err := exec.LookPath("s6-svscan"); err != nil {
		t.Skip("s6 is not installed")
	}
	dir := shortDir(t)
	write(t, filepath.Join(dir, "witness"), witness)
	run := func(name, text string) { write(t, filepath.Join(dir, "services", name), text) }
	run("web/run", "#!/bin/sh\n# The web.\nexec "+dir+"/witness web stay 'a b' \"c\"\n")
	run("shell/run", "#!/bin/sh\ncd /tmp\nLIST=\"$(echo one two)\"; export LIST\nexec \"$WITNESS\" shell stay \"$PORT\"\n")
	run("quit/run", "#!/bin/sh\nexec "+dir+"/witness quit stay\n")
	run("quit/down-signal", "SIGQUIT\n")
	run("ends/run", "#!/bin/sh\nexec "+dir+"/witness ends 3\n")
	run("ends/finish", "#!/bin/sh\n[ -e \"$OUT/ended\" ] || echo \"ready $1 $3\" > \"$OUT/ended\"\n")
	run("asleep/run", "#!/bin/sh\nexec "+dir+"/witness asleep stay\n")
	run("asleep/down", "")
	starts := map[string]int{"web": 1, "shell": 1, "quit": 1, "ends": 3, "ended": 1}
	// s6 writes into the directory of its services.
	manifest := converted(t, dir, "-from", "s6", filepath.Join(dir, "services"))
	ours := testimony(t, dir, "ours", starts, os.Args[0], "-socket", filepath.Join(dir, "pm.sock"), "-manifest", manifest)
	theirs := testimony(t, dir, "theirs", starts, "s6-svscan", filepath.Join(dir, "services"))
	for _, list := range []map[string]string{ours, theirs} { // how often, and where a service begins
		list["ends"] = strings.Join(strings.Split(list["ends"], "\n")[:3], "\n")
		for name, text := range list {
			if name != "shell" {
				list[name] = dropLines(text, "cwd=")
			}
		}
	}
	if diff := cmp.Diff(theirs, ours); diff != "" {
		t.Errorf("-s6 +processmanager:\n%s", diff)
	}
}

func dropLines(text, prefix string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, prefix) {
			b.WriteString(line)
		}
	}
	return b.String()
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

// converted is the path of the manifest that convert writes.
func converted(t *testing.T, dir string, args ...string) string {
	t.Helper()
	path := filepath.Join(dir, "manifest.yaml")
	var out, report bytes.Buffer
	if code := convertMain(append([]string{"-o", path}, args...), nil, &out, &report); code != exitDone {
		t.Fatalf("convert ends with %d: %s", code, report.String())
	}
	return path
}

// testimony runs a supervisor until the witnesses have begun as often as said, ends it,
// and returns what they have written.
func testimony(t *testing.T, dir, name string, starts map[string]int, argv ...string) map[string]string {
	t.Helper()
	out := filepath.Join(dir, name)
	if err := os.Mkdir(out, 0o755); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(cleanEnviron(), roleVar+"=manager", "OUT="+out, "PORT=8080", "WITNESS="+filepath.Join(dir, "witness"))
	cmd.Stdout, cmd.Stderr, cmd.Dir = &log, &log, dir
	cmd.WaitDelay = patience
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, func() error {
		for witness, n := range starts {
			text, _ := os.ReadFile(filepath.Join(out, witness))
			if got := strings.Count(string(text), "ready"); got < n || !strings.Contains(string(text), "\n") {
				return fmt.Errorf("%s: %s has begun %d times, want %d", name, witness, got, n)
			}
		}
		return nil
	})
	_ = cmd.Process.Signal(syscall.SIGTERM)
	_ = cmd.Wait()
	files, err := filepath.Glob(filepath.Join(out, "*"))
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(files)
	said := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		said[filepath.Base(file)] = string(text)
	}
	if t.Failed() {
		t.Log(log.String())
	}
	return said
}

func waitUntil(t *testing.T, ready func() error) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ready()
		if err == nil {
			return
		}
		select {
		case <-deadline:
			t.Error(err)
			return
		case <-tick.C:
		}
	}
}

// The subcommand tells by its exit code and on stderr what has become of it.
func TestConvertCommand(t *testing.T) {
	dir := shortDir(t)
	write(t, filepath.Join(dir, "etc/crontab"), "MAILTO=a@b\n0 1 * * * root /bin/true\n")
	write(t, filepath.Join(dir, "etc/bad"), "web\n")
	there := filepath.Join(dir, "there.yaml")
	write(t, there, "mine\n")
	for _, c := range []struct {
		args           []string
		stdin          string
		code           int
		stdout, stderr string
	}{
		{[]string{"-root", dir, filepath.Join(dir, "etc/crontab")}, "", exitDone, "runAsUser: root", "as crontab: 1 TODO, 3 NOTE"},
		{[]string{filepath.Join(dir, "etc/crontab"), "-strict"}, "", exitNotAll, "schedule", "1 TODO"},
		{[]string{"-from", "procfile", "-"}, "web: a\n", exitDone, "name: web", "0 TODO"},
		{[]string{"-from", "procfile", filepath.Join(dir, "etc/bad")}, "", exitConfig, "", "bad:1: \"web\" is not a process"},
		{[]string{filepath.Join(dir, "nowhere")}, "", exitConfig, "", "cannot convert: " + dir + "/nowhere: no such file"},
		{[]string{"-root", filepath.Join(dir, "etc"), dir}, "", exitConfig, "", "is not under the root"},
		{[]string{"-o", there, filepath.Join(dir, "etc/crontab")}, "", exitInternal, "", "file exists"},
		{[]string{}, "", exitUsage, "", "want one PATH"},
		{[]string{"-nonsense"}, "", exitUsage, "", "nonsense"},
		{[]string{"-h"}, "", exitDone, "supercronic", ""},
	} {
		var out, report bytes.Buffer
		code := convertMain(c.args, strings.NewReader(c.stdin), &out, &report)
		if code != c.code || !strings.Contains(out.String(), c.stdout) || !strings.Contains(report.String(), c.stderr) {
			t.Errorf("%q ends with %d, want %d\n%s%s", c.args, code, c.code, out.String(), report.String())
		}
	}
	if text, _ := os.ReadFile(there); string(text) != "mine\n" {
		t.Errorf("a file that was there is overwritten: %s", text)
	}
}

// Files are called as who gave a path will look for them.
func TestConvertShowsPaths(t *testing.T) {
	dir := shortDir(t)
	t.Chdir(dir)
	write(t, filepath.Join(dir, "srv/compose.yaml"), "services: {a: {command: x $P}}\n")
	write(t, filepath.Join(dir, "srv/.env"), "P=1\n")
	write(t, filepath.Join(dir, "prod.env"), "P=2\n")
	write(t, filepath.Join(dir, "etc/s.conf"), "[include]\nfiles = conf.d/*.conf "+dir+"/far/*.conf /far/*.conf\n")
	write(t, filepath.Join(dir, "etc/conf.d/a.conf"), "[program:a]\ncommand=x\nserverurl=y\n")
	write(t, filepath.Join(dir, "far/b.conf"), "[program:b]\ncommand=x\nserverurl=y\n")
	for line, want := range map[string][]string{
		"srv/compose.yaml":                          {"from srv/compose.yaml (", "# NOTE srv/.env: P:"},
		dir + "/srv/compose.yaml":                   {"from " + dir + "/srv/compose.yaml (", "# NOTE " + dir + "/srv/.env: P:"},
		"srv/compose.yaml -env-file prod.env":       {"# NOTE prod.env: P:"},
		"etc/s.conf -from supervisord":              {"# TODO etc/conf.d/a.conf:3: serverurl", "# TODO " + dir + "/far/b.conf:3: serverurl"},
		"etc/s.conf -from supervisord -root " + dir: {"# TODO etc/conf.d/a.conf:3: serverurl", "# TODO " + dir + "/far/b.conf:3: serverurl"},
		"etc/s.conf -from procfile":                 {"cannot convert: etc/s.conf:1:"},
	} {
		var out, report bytes.Buffer
		convertMain(strings.Fields(line), nil, &out, &report)
		for _, text := range want {
			if !strings.Contains(out.String()+report.String(), text) {
				t.Errorf("convert %s: %q is not in\n%s%s", line, text, out.String(), report.String())
			}
		}
	}
}
