package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Who has mounted nothing, or something else than he meant, is told so.
func TestNothingToRun(t *testing.T) {
	t.Parallel()
	if _, err := os.Lstat(defaultManifest); err == nil {
		t.Skipf("%s is on this machine", defaultManifest)
	}
	none := launch(t, launching{})
	none.awaitErr("INFO no manifest: nothing is run but what is started through the interfaces looked_for=/etc/processmanager")
	none.end()

	dir := t.TempDir()
	empty := launch(t, launching{args: []string{"-manifest", dir}})
	empty.awaitErr("WARN the manifest has no process: nothing is run path=" + dir + ` why="no *.yaml or *.yml file is there"`)
	empty.end()

	for _, name := range []string{"shop", "..data", "notes.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(manifestHead), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	wrong := launch(t, launching{args: []string{"-manifest", dir}})
	wrong.awaitErr(`why="no *.yaml or *.yml file is there, only \"notes.txt\", \"shop\""`)
	wrong.end()
}

// What belongs to somebody else is told with both users, and what to do. In containers that is
// the commonest of all mistakes: a Secret for root only, a volume of another user.
func TestDeniedTellsWhoMay(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("another user needs root")
	}
	dir := shortDir(t)
	program := filepath.Join(dir, "processmanager")
	text, err := os.ReadFile(shipped(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct {
		path, text string
		mode       os.FileMode
	}{
		{program, string(text), 0o755},
		{filepath.Join(dir, "m", "a.yaml"), manifestHead + "\n  processes: []\n", 0o600},
		{filepath.Join(dir, "closed", "a.yaml"), manifestHead + "\n  processes: []\n", 0o644},
		{filepath.Join(dir, "secret"), "mysecretkey", 0o400},
		{filepath.Join(dir, "run", "empty"), "", 0o600},
		{filepath.Join(dir, "db", "PASSWORD"), "hunter2", 0o400},
		{filepath.Join(dir, "db.yaml"), manifestHead + "\n  processes: [{name: a, command: [/bin/true], restartPolicy: Never, envFrom: [{secretRef: {path: " + dir + "/db}}]}]\n", 0o644},
	} {
		if err := os.MkdirAll(filepath.Dir(f.path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f.path, []byte(f.text), f.mode); err != nil {
			t.Fatal(err)
		}
	}
	for path, mode := range map[string]os.FileMode{dir: 0o755, filepath.Join(dir, "m"): 0o755, filepath.Join(dir, "db"): 0o755, filepath.Join(dir, "run"): 0o777, filepath.Join(dir, "closed"): 0o700} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	const me = "this user (uid 65532, gid 65531) may not "
	const remedy = "; change its mode or owner (in a Pod: defaultMode, fsGroup)"
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"a manifest", []string{"-manifest", dir + "/m"}, exitConfig, "open " + dir + "/m/a.yaml: permission denied: " + me + "read it (uid 0, gid 0, mode 0600)" + remedy},
		{"its folder", []string{"-manifest", dir + "/closed"}, exitConfig, ": permission denied: " + me + "enter " + dir + "/closed (uid 0, gid 0, mode 0700)" + remedy},
		{"a secret", []string{"-secret-file", dir + "/secret"}, exitUsage, "cannot read secret file " + dir + "/secret: permission denied: " + me + "read it (uid 0, gid 0, mode 0400)" + remedy},
		{"a Secret of a process", []string{"-manifest", dir + "/db.yaml", "-socket", dir + "/run/pm.sock"}, 126, "envFrom[0]: " + dir + "/db: PASSWORD: permission denied: " + me + "read it (uid 0, gid 0, mode 0400)" + remedy},
		{"the folder of the sockets", []string{"-socket", dir + "/pm.sock"}, exitUsage, "its directory cannot be written: permission denied: " + me + "write to it (uid 0, gid 0, mode 0755); change its mode or owner, or choose another path"},
		{"a closed one", []string{"-socket", dir + "/closed/pm.sock"}, exitUsage, "permission denied: " + me + "write to it (uid 0, gid 0, mode 0700); "},
	} {
		cmd := exec.Command(program, c.args...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65532, Gid: 65531}, Pdeathsig: syscall.SIGKILL}
		cmd.Env, cmd.Dir = cleanEnviron(), "/"
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		var exit *exec.ExitError
		if err := cmd.Run(); !errors.As(err, &exit) || exit.ExitCode() != c.code {
			t.Errorf("%s: %v, want exit code %d", c.name, err, c.code)
		}
		if !strings.Contains(stderr.String(), c.want) {
			t.Errorf("%s: said\n%s\nwant\n%s", c.name, &stderr, c.want)
		}
	}
}
