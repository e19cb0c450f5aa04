package traps_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/supervisor"
)

// No child has a death signal, however it is started: it would be sent when a thread
// of ours ends, not when we do.
func TestT06NoDeathSignal(t *testing.T) {
	t.Parallel()
	one := "command: [" + child + "], restartPolicy: Never, env: [{name: " + roleVar + ", value: deathsig}]"
	in := launch(t, launching{spec: `
  processes:
    - {name: plain, ` + one + `}
    - {name: setup, ` + one + `, umask: "0077"}
    - {name: user, ` + one + `, securityContext: {runAsUser: 65534, runAsGroup: 65534}}
    - {name: hooked, command: [sleep, "1000"], env: [{name: ` + roleVar + `, value: deathsig}], lifecycle: {postStart: {exec: {command: "` + child + ` >/proc/1/fd/2"}}}}
`}).up()
	for _, name := range []string{"plain", "setup", "user"} {
		in.says(name + " | death signal 0\n")
	}
	eventually(t, "the hook has told", func() bool { return strings.Count(in.out.String(), "death signal 0\n") == 4 })
}

// The same, in the text of the program. One child has a death signal: idleChild's, which
// executes nothing and has ended before its thread goes on.
func TestT06NoDeathSignalInTheSource(t *testing.T) {
	t.Parallel()
	files := 0
	sources(t, func(path string, file *ast.File) {
		if strings.HasSuffix(path, "_test.go") || strings.Contains(path, "supervisor/bench/") {
			return // what they start may end with them
		}
		files++
		ast.Inspect(file, func(n ast.Node) bool {
			if f, ok := n.(*ast.FuncDecl); ok && f.Name.Name == "idleChild" && strings.HasSuffix(path, "supervisor/internal/linux/threads.go") {
				return false
			}
			if id, ok := n.(*ast.Ident); ok && strings.Contains(strings.ToLower(id.Name), "pdeathsig") {
				t.Errorf("%s uses %s: it belongs to the thread, which may end before the program", path, id.Name)
			}
			return true
		})
	})
	if files < 100 {
		t.Errorf("only %d files were looked at", files)
	}
}

// root is the top of the module.
const root = "../.."

// sources parses all Go files of the module.
func sources(t *testing.T, see func(path string, file *ast.File)) {
	t.Helper()
	fset := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != root || d.Name() == "node_modules" || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err == nil {
			see(filepath.ToSlash(path), file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Each signal that PID 1 may be sent does what is written about it: five end it in
// order, three do a work, and what means nothing to it ends it no more than it ends
// an init.
func TestT31SignalsThatEnd(t *testing.T) {
	t.Parallel()
	for _, s := range []syscall.Signal{unix.SIGTERM, unix.SIGINT, unix.SIGQUIT, unix.SIGPWR, 37} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			in := launch(t, launching{spec: `
  processes: [{name: web, command: [sh, -c, "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done"]}]
`}).up()
			in.says("web | up")
			in.signal(s)
			in.ends(5 * time.Second)
			in.says("web | bye")
		})
	}
}

func TestT31SignalsThatDoNotEnd(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	in := launch(t, launching{args: []string{"-log-dir", dir}, spec: `
  processes:
    - {name: web, command: [sleep, "1000"], log: true}
    - {name: killer, command: "for n in $(seq 1 64); do case $n in 2|3|15|17|23|27|30|32|33|34|37|1|10|12) ;; *) kill -$n 1 ;; esac; done; echo all sent", restartPolicy: Never}
`}).up()
	// From inside also SIGKILL and SIGSTOP, which the kernel keeps from PID 1.
	in.says("killer | all sent")
	before := in.becomes("web", supervisor.StatusRunning)
	others := []syscall.Signal{
		unix.SIGTERM, unix.SIGINT, unix.SIGQUIT, unix.SIGPWR, 37, // these end it
		unix.SIGKILL, unix.SIGSTOP, // from outside nobody can refuse them
		unix.SIGHUP, unix.SIGUSR1, unix.SIGUSR2,
	}
	for n := syscall.Signal(1); n <= 64; n++ {
		if !slices.Contains(others, n) {
			in.signal(n)
		}
	}
	for _, work := range []struct {
		sig  syscall.Signal
		says string
	}{{unix.SIGHUP, "the manifest is read again"}, {unix.SIGUSR1, "reopened"}, {unix.SIGUSR2, "orphans_reaped="}} {
		in.signal(work.sig)
		in.says(work.says)
	}
	after := in.status("web")
	if after == nil || after.Run != before.Run || after.Status != supervisor.StatusRunning {
		t.Errorf("web was %+v and is %+v", before, after)
	}
	in.signal(unix.SIGTERM)
	in.ends(5 * time.Second)
}
