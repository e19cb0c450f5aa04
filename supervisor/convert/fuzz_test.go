package convert

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/processmanager/processmanager/supervisor/internal/manifest"
)

// Whatever comes in, what comes out is a manifest, or an error that says where.
func sound(t *testing.T, file string, text []byte, format string) {
	t.Helper()
	soundFS(t, oneFile{file, text}, file, format)
}

func soundFS(t *testing.T, fsys fs.FS, file, format string) {
	t.Helper()
	got, err := Convert(fsys, file, Options{From: format})
	if err != nil {
		var at *Error
		if !errors.As(err, &at) && !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("the error does not say where: %v", err)
		}
		if strings.Contains(err.Error(), "reads back") || strings.Contains(err.Error(), "is refused") {
			t.Fatalf("what was written is not what was meant: %v", err)
		}
		return
	}
	if _, err := manifest.Parse([]manifest.File{{Name: "out", Data: got.Manifest}}); err != nil {
		t.Fatalf("the manifest is refused: %v\n%s", err, got.Manifest)
	}
	again, err := Convert(fsys, file, Options{From: format})
	if err != nil || !bytes.Equal(again.Manifest, got.Manifest) {
		t.Fatalf("the same input gives another manifest: %v", err)
	}
}

func seed(f *testing.F, patterns ...string) {
	f.Helper()
	for _, pattern := range patterns {
		files, err := filepath.Glob(filepath.Join("testdata", pattern))
		if err != nil || len(files) == 0 {
			f.Fatalf("no seed: %s", pattern)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
}

func FuzzSupervisord(f *testing.F) {
	seed(f, "*/etc/supervisor/*.conf", "*/etc/supervisor/conf.d/*.conf")
	f.Add([]byte("[supervisord]\nuser=a b\nenvironment=PM_PROCESS_NAME=1\n[program:x]\ncommand=a\nuser=c d\nenvironment=PM_PROCESS_RUN=\"1\"\n"))
	f.Add([]byte("[program:x]\ncommand=a %(ENV_B)s\nnumprocs=2\nprocess_name=%(process_num)02d\n"))
	f.Fuzz(func(t *testing.T, text []byte) { sound(t, "etc/supervisord.conf", text, "supervisord") })
}

func FuzzCrontab(f *testing.F) {
	seed(f, "*/etc/cron.d/*", "*/app/crontab*")
	f.Add([]byte("PM_PROCESS_NAME=1\n* * * * * -a b\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		sound(t, "crontab", text, "crontab")
		sound(t, "etc/cron.d/x", text, "crontab")
		sound(t, "crontab", text, "supercronic")
	})
}

func FuzzProcfile(f *testing.F) {
	seed(f, "*/app/Procfile")
	f.Fuzz(func(t *testing.T, text []byte) { sound(t, "app/Procfile", text, "procfile") })
}

func FuzzProcfileDotenv(f *testing.F) {
	f.Add([]byte("A=1 # x\nexport B=\"a\\n\"\nC='a\nb'\n D = e\r\n"))
	f.Fuzz(func(t *testing.T, env []byte) {
		soundFS(t, fstest.MapFS{"app/Procfile": {Data: []byte("web: a\n")}, "app/.env": {Data: env}}, "app/Procfile", "procfile")
	})
}

func FuzzProcessCompose(f *testing.F) {
	seed(f, "process-compose/srv/app/*.yaml")
	f.Add([]byte("environment: [\"DATABAS\u00a0URL=x\"]\nprocesses: {a: {command: x, environment: {\"A\u00a0\": 1, PM_PROCESS_NAME: 2}, working_dir: \"/a\\0b\"}}\n"))
	f.Fuzz(func(t *testing.T, text []byte) { sound(t, "srv/process-compose.yaml", text, "process-compose") })
}

func FuzzCompose(f *testing.F) {
	seed(f, "compose/srv/*.yaml")
	f.Add([]byte("services: {a: {command: x, user: \"a b:c d\", environment: {\"A\u00a0\": 1}, working_dir: \"/a\\0b\"}}\n"))
	f.Fuzz(func(t *testing.T, text []byte) { sound(t, "srv/compose.yaml", text, "compose") })
}

func FuzzComposeDotenv(f *testing.F) {
	f.Add("A=1\nB=\"$A ${C:-x}\\n\" # c\nexport C: 'a b'\nD\n", "x $A ${B:-${C}} ${D:+y} $$A")
	f.Add("A=xx\nA=$A$A\n", "${A?no}")
	f.Fuzz(func(t *testing.T, env, command string) {
		text, err := json.Marshal(map[string]any{"services": map[string]any{"a": map[string]any{
			"command": command, "environment": map[string]string{"V": command}, "env_file": ".env",
		}}})
		if err != nil {
			t.Fatal(err)
		}
		soundFS(t, fstest.MapFS{"srv/compose.yaml": {Data: text}, "srv/.env": {Data: []byte(env)}}, "srv/compose.yaml", "compose")
	})
}

func FuzzPebble(f *testing.F) {
	seed(f, "pebble/layers/*.yaml")
	f.Add([]byte("services: {a: {override: replace, command: x, user: a b, environment: {\"A\u00a0\": 1}, working-dir: \"/a\\0b\"}}\n"))
	f.Fuzz(func(t *testing.T, text []byte) { sound(t, "layer.yaml", text, "pebble") })
}

// The scripts and small files of a service directory.
func FuzzS6(f *testing.F) {
	files, _ := filepath.Glob("testdata/s6/etc/s6-overlay/s6-rc.d/*/run")
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add("longrun", string(text), "#!/bin/sh\necho $1\n", "3", "SIGINT")
		f.Add("oneshot", string(text), "", "5000", "")
	}
	f.Fuzz(func(t *testing.T, kind, script, finish, number, signal string) {
		dir := "etc/s6-overlay/s6-rc.d/a/"
		fsys := fstest.MapFS{}
		for name, text := range map[string]string{
			"type": kind, "run": script, "up": script, "finish": finish, "notification-fd": number,
			"timeout-kill": number, "timeout-up": number, "down-signal": signal, "dependencies": finish,
		} {
			fsys[dir+name] = &fstest.MapFile{Data: []byte(text)}
		}
		soundFS(t, fsys, ".", "s6")
	})
}
