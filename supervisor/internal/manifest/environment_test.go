package manifest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/processmanager/processmanager/supervisor"
)

// specOf reads one process, of which %DIR% in the text is a directory.
func specOf(t *testing.T, dir, fields string) supervisor.Spec {
	t.Helper()
	text := header + "spec:\n  processes:\n  - name: web\n    command: [x]\n" + strings.ReplaceAll(fields, "%DIR%", dir)
	set, err := Parse([]File{{"x", []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	return set.Processes[0]
}

func TestEnvironmentFromFiles(t *testing.T) {
	dir := t.TempDir()
	secret := volume{filepath.Join(dir, "db")}
	if err := os.Mkdir(secret.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	secret.swap(t, "..1", map[string]string{"USER": "shop", "PASSWORD": "p%a$s{{x}}$(USER)$$\n", ".hidden": "x", "app.key": "k", "1st": "1"})
	put(t, filepath.Join(dir, "config", "USER"), "nobody")
	put(t, filepath.Join(dir, "config", "LEVEL"), "info")
	put(t, filepath.Join(dir, "config", "sub", "DEEP"), "x")
	put(t, filepath.Join(dir, "app.env"), "LEVEL=debug\nQUOTED='$(USER) # x'\n")
	tests := []struct {
		story, fields string
		base, want    []string
	}{
		{
			"a Secret", "    envFrom: [{secretRef: {path: %DIR%/db}}]\n",
			[]string{"A=a", "USER=root"},
			[]string{"A=a", "USER=shop", "1st=1", "PASSWORD=p%a$s{{x}}$(USER)$$\n", "app.key=k"},
		},
		{
			"later ones win", "    envFrom: [{secretRef: {path: %DIR%/db}}, {configMapRef: {path: %DIR%/config}}, {fileRef: {path: %DIR%/app.env}}]\n" +
				"    env: [{name: QUOTED, value: x}]\n", nil,
			[]string{"1st=1", "PASSWORD=p%a$s{{x}}$(USER)$$\n", "USER=nobody", "app.key=k", "LEVEL=debug", "QUOTED=x"},
		},
		{
			"a prefix", "    envFrom: [{configMapRef: {path: %DIR%/config}, prefix: C_}, {fileRef: {path: %DIR%/app.env}, prefix: F_}]\n", nil,
			[]string{"C_LEVEL=info", "C_USER=nobody", "F_LEVEL=debug", "F_QUOTED=$(USER) # x"},
		},
		{
			"what is not there", "    envFrom: [{configMapRef: {path: %DIR%/none, optional: true}}, {fileRef: {path: %DIR%/app.env/x, optional: true}}]\n" +
				"    env: [{name: A, valueFrom: {fileKeyRef: {path: %DIR%/db, key: none, optional: true}}}, {name: B, value: $(A)}]\n", nil,
			[]string{"B=$(A)"},
		},
		{
			"T59 values of files are data, but may be referred to", "    env:\n" +
				"    - {name: DB, valueFrom: {fileKeyRef: {path: %DIR%/db, key: PASSWORD}}}\n" +
				"    - {name: URL, value: \"db://$(DB)@x/$$(DB)\"}\n" +
				"    - {name: L, valueFrom: {fileKeyRef: {path: %DIR%/app.env, key: LEVEL}}}\n" +
				"    - {name: H, valueFrom: {fileKeyRef: {path: %DIR%/db, key: .hidden}}}\n", nil,
			[]string{"DB=p%a$s{{x}}$(USER)$$\n", "URL=db://p%a$s{{x}}$(USER)$$\n@x/$(DB)", "L=debug", "H=x"},
		},
		{
			"fields of the process", "    labels: {tier: front, a.b/c: d}\n    env:\n" +
				"    - {name: ME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}\n" +
				"    - {name: T, valueFrom: {fieldRef: {fieldPath: \"metadata.labels['tier']\"}}}\n" +
				"    - {name: C, valueFrom: {fieldRef: {fieldPath: \"metadata.labels['a.b/c']\"}}}\n" +
				"    - {name: Z, valueFrom: {fieldRef: {fieldPath: \"metadata.labels['none']\"}}}\n", nil,
			[]string{"ME=web", "T=front", "C=d", "Z="},
		},
		{
			"nothing inherited", "    inheritEnv: false\n    env: [{name: A, value: $(PATH)}]\n",
			[]string{"PATH=/x", "SECRET=1", "PM_SOCKET=/s", "PM_PROCESS_NAME=web", "PM_EXIT_CODE=1", "WATCHDOG_USEC=1"},
			[]string{"PATH=" + DefaultPath, "PM_PROCESS_NAME=web", "PM_EXIT_CODE=1", "WATCHDOG_USEC=1", "A=" + DefaultPath},
		},
		{"nothing inherited, a PATH of its own", "    inheritEnv: false\n    env: [{name: PATH, value: /app}]\n", []string{"PATH=/x"}, []string{"PATH=/app"}},
	}
	for _, tt := range tests {
		got, err := Environment(specOf(t, dir, tt.fields), tt.base)
		if err != nil {
			t.Errorf("%s: %v", tt.story, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s:\n%s", tt.story, diff)
		}
	}
	// The next start has what is there then.
	secret.swap(t, "..2", map[string]string{"USER": "new"})
	got, err := Environment(specOf(t, dir, "    envFrom: [{secretRef: {path: %DIR%/db}}]\n"), nil)
	if err != nil || !slices.Equal(got, []string{"USER=new"}) {
		t.Errorf("after a swap: %q, %v", got, err)
	}
}

// What cannot be a variable is left out and told, not lost in silence.
func TestT104NotesOfWhatIsLeftOut(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"GOOD", "a b", "a=b", "PM_PROCESS_RUN", "ä"} {
		put(t, filepath.Join(dir, name), "hunter2")
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "FIFO"), 0o600); err != nil {
		t.Fatal(err)
	}
	env, notes, err := ReadEnvironment(specOf(t, dir, "    envFrom: [{secretRef: {path: %DIR%}}]\n"), nil)
	if err != nil || !slices.Equal(env, []string{"GOOD=hunter2"}) {
		t.Fatalf("got %q, %v", env, err)
	}
	want := []string{
		`envFrom[0]: DIR: "FIFO" is not a regular file: left out`,
		"envFrom[0]: DIR: PM_PROCESS_RUN is set by the manager: left out",
		`envFrom[0]: DIR: "a b" cannot be the name of a variable: left out`,
		`envFrom[0]: DIR: "a=b" cannot be the name of a variable: left out`,
		`envFrom[0]: DIR: "ä" cannot be the name of a variable: left out`,
	}
	for i := range notes {
		notes[i] = strings.ReplaceAll(notes[i], dir, "DIR")
	}
	if diff := cmp.Diff(want, notes); diff != "" {
		t.Error(diff)
	}
}

// Every refusal says what and where, and never a value.
func TestT100T104EnvironmentErrors(t *testing.T) {
	dir := t.TempDir()
	long := strings.Repeat("hunter2", maxString/7+1)
	put(t, filepath.Join(dir, "secret", "NUL"), "hunter2\x00")
	put(t, filepath.Join(dir, "long", "LONG"), long)
	put(t, filepath.Join(dir, "bad.env"), "A=1\nhunter2\n")
	put(t, filepath.Join(dir, "nul.env"), "A=hunter2\x00")
	put(t, filepath.Join(dir, "half.env"), "H='"+long[:len(long)/2+10]+"'\n")
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ fields, want string }{
		{"    envFrom: [{secretRef: {path: %DIR%/none}}]\n", "envFrom[0]: DIR/none: it does not exist (with optional: true it need not)"},
		{"    envFrom: [{secretRef: {path: %DIR%/bad.env}}]\n", "envFrom[0]: DIR/bad.env: line 2: want NAME=value, there is no '=' after the name"},
		{"    envFrom: [{secretRef: {path: %DIR%/half.env}}]\n", "envFrom[0]: DIR/half.env: it is a file: want the directory where it is mounted, or fileRef"},
		{"    envFrom: [{fileRef: {path: %DIR%/secret}}]\n", "envFrom[0]: DIR/secret: it is a directory: want a file, or secretRef or configMapRef"},
		{"    envFrom: [{fileRef: {path: %DIR%/fifo, optional: true}}]\n", "envFrom[0]: DIR/fifo: it is neither a file nor a directory"},
		{"    envFrom: [{secretRef: {path: %DIR%/secret}}]\n", `envFrom[0]: the key "NUL" of DIR/secret: it holds a NUL byte, which no variable can`},
		{"    envFrom: [{secretRef: {path: %DIR%/long}}]\n", `envFrom[0]: the key "LONG" of DIR/long: it is longer than the 131071 bytes that Linux passes, with its name: argument list too long`},
		{"    envFrom: [{fileRef: {path: %DIR%/nul.env}}]\n", "envFrom[0]: DIR/nul.env: line 1: it holds a NUL byte, which no variable can"},
		{"    env: [{name: A, valueFrom: {fileKeyRef: {path: %DIR%/secret, key: NONE}}}]\n", `env[0] (A): DIR/secret: there is no key "NONE" in it`},
		{"    env: [{name: A, valueFrom: {fileKeyRef: {path: %DIR%/none, key: NONE}}}]\n", `env[0] (A): DIR/none: it does not exist (with optional: true it need not)`},
		{"    env: [{name: A, valueFrom: {fileKeyRef: {path: %DIR%/secret, key: NUL}}}]\n", "env[0] (A): it holds a NUL byte, which no variable can"},
		{
			"    env: [{name: A, valueFrom: {fileKeyRef: {path: %DIR%/half.env, key: H}}}, {name: B, value: $(A)$(A)}]\n",
			"env[1] (B): it is longer than the 131071 bytes that Linux passes, with its name: argument list too long",
		},
	}
	for _, tt := range tests {
		env, err := Environment(specOf(t, dir, tt.fields), []string{"X=y"})
		want := "cannot make the environment: " + tt.want
		if err == nil || strings.ReplaceAll(err.Error(), dir, "DIR") != want {
			t.Errorf("got %q, %.300v\nwant %s", env, err, want)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") || errors.Is(err, fs.ErrNotExist) || env != nil {
			t.Errorf("%v shows a value, or looks like a missing program", err)
		}
		if long := strings.Contains(want, "too long"); errors.Is(err, syscall.E2BIG) != long {
			t.Errorf("%v is E2BIG: %t", err, !long)
		}
	}
}

func TestT104EnvironmentAsAWhole(t *testing.T) {
	var spec supervisor.Spec
	for i := range 10 {
		spec.Env = append(spec.Env, supervisor.EnvVar{Name: string(rune('A' + i)), Value: strings.Repeat("x", maxString-2)})
	}
	if _, err := Environment(spec, nil); !errors.Is(err, syscall.E2BIG) {
		t.Errorf("got %v, want E2BIG", err)
	}
	spec.Env = spec.Env[:7]
	if _, err := Environment(spec, nil); err != nil {
		t.Error(err)
	}
}

// User and password are of one state of the Secret, although each is asked for by
// itself and the Secret is replaced in between.
func TestT56OneStateOfASecret(t *testing.T) {
	v := volume{t.TempDir()}
	v.swap(t, "..1", map[string]string{"USER": "1", "PASSWORD": "1"})
	read := sources{}
	vars := newVariables(0)
	take := func(name string) {
		ref := &supervisor.FileKeyRef{Path: v.dir, Key: name}
		err := vars.take(read, supervisor.Spec{}, supervisor.EnvVar{Name: name, ValueFrom: &supervisor.EnvSource{FileKeyRef: ref}})
		if err != nil {
			t.Fatal(err)
		}
	}
	take("USER")
	v.swap(t, "..2", map[string]string{"USER": "2", "PASSWORD": "2"})
	take("PASSWORD")
	if want := []string{"USER=1", "PASSWORD=1"}; !slices.Equal(vars.env, want) {
		t.Errorf("got %q, want %q", vars.env, want)
	}
}

func TestExecArgv(t *testing.T) {
	env := []string{"A=a"}
	for _, tt := range []struct {
		command supervisor.Command
		want    []string
	}{
		{supervisor.Command{Argv: []string{"x", "$(A)$$(A)$(B)"}}, []string{"x", "a$(A)$(B)"}},
		{supervisor.Command{Shell: "x $(A)"}, []string{"/bin/sh", "-c", "x $(A)"}},
	} {
		if got := ExecArgv(tt.command, env); !slices.Equal(got, tt.want) {
			t.Errorf("%+v: got %q, want %q", tt.command, got, tt.want)
		}
	}
}

func TestRevision(t *testing.T) {
	a, b := File{"a", []byte("xy")}, File{"ax", []byte("y")}
	seen := map[string]bool{}
	for _, files := range [][]File{nil, {a}, {b}, {a, b}, {b, a}, {{"a", []byte("xyy")}}} {
		r := Revision(files)
		if seen[r] || len(r) != 12 || r != Revision(slices.Clone(files)) {
			t.Errorf("%v: the revision %s", files, r)
		}
		seen[r] = true
	}
}
