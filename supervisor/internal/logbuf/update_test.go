package logbuf

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// TestFormatOfAProcess gives three processes a format each, on a console that has
// one of its own, and changes one.
func TestFormatOfAProcess(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var out recorder
	c := NewConsole(&out, &out, FormatText)
	options := func(name string, f Format) Options {
		return Options{Name: name, Console: c, Format: f, Now: func() time.Time { return now }}
	}
	plain := New(options("plain", "")).Life(1)
	raw := New(options("raw", FormatRaw)).Life(1)
	l := New(options("json", FormatJSON))
	json := l.Life(1)
	for _, life := range []*LifeLog{plain, raw, json} {
		life.Write(supervisor.Stdout, []byte("one\ntwo\n"))
	}
	l.Update(options("", FormatRaw))
	json.Write(supervisor.Stderr, []byte("raw now\n"))
	l.Update(options("", ""))
	json.Write(supervisor.Stderr, []byte("as the others\n"))
	c.Close(time.Minute)
	golden(t, "format_each.txt", out.String())
}

// TestRotationOfAProcess: size and number of files are its own and change while it
// writes.
func TestRotationOfAProcess(t *testing.T) {
	dir := t.TempDir()
	c := NewConsole(nil, nil, FormatRaw)
	two, none := 2, 0
	o := Options{Name: "web", Console: c, File: filepath.Join(dir, "web.log"), MaxSize: 64 << 10, MaxFiles: &two}
	l := New(o)
	life := l.Life(1)
	fill := func(from, to int) {
		for i := from; i < to; i++ {
			life.Write(supervisor.Stdout, numbered(i*10, i*10+10))
			if i%6 == 5 {
				// Two rotations in one millisecond would be one: let the clock go on.
				for begun := time.Now(); time.Since(begun) < 2*time.Millisecond; {
					written(l)
				}
			}
		}
		written(l)
	}
	files := func() int {
		list, _ := filepath.Glob(filepath.Join(dir, "*"))
		for _, name := range list {
			if info, err := os.Stat(name); err == nil && info.Size() > 80<<10 {
				t.Errorf("%s has %d bytes", filepath.Base(name), info.Size())
			}
		}
		return len(list)
	}
	fill(0, 60)
	if n := files(); n != 3 {
		t.Errorf("%d files, want 3", n)
	}
	o.MaxFiles = &none
	l.Update(o) // removes at once what need not be kept
	written(l)
	if n := files(); n != 1 {
		t.Errorf("%d files after an update to none, want 1", n)
	}
	fill(60, 90)
	if n := files(); n != 1 {
		t.Errorf("%d files, want 1", n)
	}
	o.MaxSize = 0
	l.Update(o)
	fill(90, 120)
	l.Update(Options{})
	l.Update(Options{File: o.File})
	fill(120, 150)
	l.Close()
	c.Close(time.Minute)
	text := read(t, o.File)
	if n := strings.Count(text, "\n"); n < 600 || !strings.HasSuffix(text, string(numbered(1499, 1500))) {
		t.Errorf("%d lines in the file, want all of the last 600", n)
	}
	if n := l.Counters().Dropped; n != 0 {
		t.Errorf("dropped %d bytes", n)
	}
}
