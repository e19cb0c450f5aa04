package convert

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/processmanager/processmanager/supervisor/internal/manifest"
)

// Whatever comes in, what comes out is a manifest, or an error that says where.
func sound(t *testing.T, file string, text []byte, format string) {
	t.Helper()
	got, err := Text(file, text, Options{From: format})
	if err != nil {
		var at *Error
		if !errors.As(err, &at) && !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("the error does not say where: %v", err)
		}
		if strings.Contains(err.Error(), "reads back") || strings.Contains(err.Error(), "is refused") {
			t.Fatalf("what was written is not what was meant: %v\n%q", err, text)
		}
		return
	}
	if _, err := manifest.Parse([]manifest.File{{Name: "out", Data: got.Manifest}}); err != nil {
		t.Fatalf("the manifest is refused: %v\n%s", err, got.Manifest)
	}
	again, err := Text(file, text, Options{From: format})
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
	f.Add([]byte("[program:x]\ncommand=a %(ENV_B)s\nnumprocs=2\nprocess_name=%(process_num)02d\n"))
	f.Fuzz(func(t *testing.T, text []byte) { sound(t, "etc/supervisord.conf", text, "supervisord") })
}

func FuzzCrontab(f *testing.F) {
	seed(f, "*/etc/cron.d/*", "*/app/crontab*")
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
