package logbuf

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// settle waits until the keeper has nothing to do.
func (k *keeper) settle(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) {
		k.mu.Lock()
		busy := k.busy
		k.mu.Unlock()
		if !busy {
			return
		}
		syscall.Syscall(syscall.SYS_SCHED_YIELD, 0, 0, 0)
	}
	t.Fatal("the keeper never rests")
}

func unzipped(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// A hundred rotations under load, compressed beside it: every line is there once, in
// order, over all files. T69
func TestT69HundredRotations(t *testing.T) {
	for _, compress := range []bool{false, true} {
		t.Run(fmt.Sprintf("compress %v", compress), func(t *testing.T) {
			dir := t.TempDir()
			c := NewConsole(nil, nil, FormatRaw)
			many := 1000
			path := filepath.Join(dir, "web.log")
			l := New(Options{Name: "web", Console: c, File: path, MaxSize: 64 << 10, MaxFiles: &many, Compress: compress})
			life := l.Life(1)
			const lines = 7000 // of a kilobyte
			for i := range lines / 10 {
				life.Write(supervisor.Stdout, numbered(i*10, i*10+10))
			}
			written(l)
			c.keeper.settle(t)
			l.Close()
			c.Close(time.Minute)
			var all strings.Builder
			rotated := 0
			for _, name := range names(t, dir) { // sorted: by time, and the current one last
				switch {
				case strings.HasSuffix(name, gzipSuffix):
					all.WriteString(unzipped(t, filepath.Join(dir, name)))
				default:
					all.WriteString(read(t, filepath.Join(dir, name)))
				}
				if name != "web.log" {
					rotated++
					if compress != strings.HasSuffix(name, gzipSuffix) {
						t.Errorf("%s with compress %v", name, compress)
					}
				}
			}
			if rotated < 100 {
				t.Errorf("%d rotations, want 100", rotated)
			}
			if missing := checkNumbered(t, all.String(), "", lines); missing != 0 {
				t.Errorf("%d bytes are missing", missing)
			}
			if n := l.Counters().Dropped; n != 0 {
				t.Errorf("dropped %d bytes", n)
			}
		})
	}
}

// What was begun and cut short is done again: a part is thrown away, of two whole ones
// the plain one counts, and a crash between rename and the new file is a path without file.
func TestT69CrashBetweenRenameAndReopen(t *testing.T) {
	dir := t.TempDir()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	old, older := backupName(filepath.Join(dir, "web.log"), at), backupName(filepath.Join(dir, "web.log"), at.Add(-time.Hour))
	for path, text := range map[string]string{
		old: "second\n", old + gzipSuffix + partSuffix: "half", older: "first\n", older + gzipSuffix: "whole or not",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := NewConsole(nil, nil, FormatRaw)
	l := New(Options{Name: "web", Console: c, File: filepath.Join(dir, "web.log"), Compress: true})
	l.Life(2).Write(supervisor.Stdout, []byte("third\n"))
	written(l)
	c.keeper.settle(t)
	l.Close()
	c.Close(time.Minute)
	want := []string{filepath.Base(older) + gzipSuffix, filepath.Base(old) + gzipSuffix, "web.log"}
	if got := names(t, dir); !slices.Equal(got, want) {
		t.Errorf("left %q, want %q", got, want)
	}
	if got := unzipped(t, older+gzipSuffix) + unzipped(t, old+gzipSuffix) + read(t, filepath.Join(dir, "web.log")); got != "first\nsecond\nthird\n" {
		t.Errorf("got %q", got)
	}
}

// Age removes rotated files when their time has come, and the last one only of a process
// that is gone. What looks like a rotated file and is the log of another stays.
func TestMaxAge(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "web.log")
	now := time.Now()
	young, old := backupName(path, now.Add(-time.Hour)), backupName(path, now.Add(-3*time.Hour))
	other := backupName(path, now.Add(-4*time.Hour)) // a process of that name writes to it
	for _, p := range []string{young, old + gzipSuffix, other, filepath.Join(dir, "web-notes.log")} {
		if err := os.WriteFile(p, []byte("x\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		k := newKeeper(func(err error) { t.Error(err) })
		offset := time.Until(now) // the bubble begins in 2000
		k.now = func() time.Time { return time.Now().Add(offset) }
		k.use(path, 1)
		k.use(other, 1)
		k.watch(path, rotation{max: 1, backups: 9, age: 2 * time.Hour})
		synctest.Wait()
		want := []string{filepath.Base(other), filepath.Base(young), "web-notes.log"}
		if got := names(t, dir); !slices.Equal(got, want) {
			t.Errorf("at first %q, want %q", got, want)
		}
		time.Sleep(59 * time.Minute)
		synctest.Wait()
		if got := names(t, dir); !slices.Equal(got, want) {
			t.Errorf("too early: %q, want %q", got, want)
		}
		time.Sleep(time.Minute + time.Second)
		synctest.Wait()
		want = []string{filepath.Base(other), "web-notes.log"}
		if got := names(t, dir); !slices.Equal(got, want) {
			t.Errorf("later %q, want %q", got, want)
		}

		if err := os.WriteFile(path, []byte("last\n"), 0o600); err != nil { // its time is now
			t.Fatal(err)
		}
		k.use(path, -1)
		k.watch(path, rotation{max: 1, backups: 9, age: 2 * time.Hour})
		time.Sleep(time.Minute)
		synctest.Wait()
		if !exists(path) {
			t.Error("the last file of a deleted process was removed at once")
		}
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		if exists(path) {
			t.Error("the last file of a deleted process stays for ever")
		}
		k.mu.Lock()
		if len(k.kept) != 0 || k.timer != nil {
			t.Errorf("still kept: %v, timer %v", k.kept, k.timer)
		}
		k.mu.Unlock()
		k.close()
	})
}

// Two rotations in one millisecond get two names, and none replaces a file.
func TestBackupNames(t *testing.T) {
	path := filepath.Join(t.TempDir(), "web.log")
	at := time.Date(2026, 1, 2, 3, 4, 5, 999e6, time.UTC)
	for i, want := range []string{"05.999.log", "06.000.log", "06.001.log.gz", "06.002.log"} {
		name := backupName(path, at)
		if strings.HasSuffix(want, gzipSuffix) {
			name += gzipSuffix
		}
		if !strings.HasSuffix(name, want) {
			t.Errorf("name %d is %s, want …%s", i, name, want)
		}
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// T103: whatever the umask, a collector in our group may read, and nobody else.
func TestT103FileModes(t *testing.T) {
	for _, mask := range []int{0, 0o027, 0o077} {
		dir := t.TempDir()
		old := syscall.Umask(mask)
		c := NewConsole(nil, nil, FormatRaw)
		l := New(Options{Name: "web", Console: c, File: filepath.Join(dir, "web.log"), MaxSize: 64 << 10, Compress: true})
		life := l.Life(1)
		for i := range 10 {
			life.Write(supervisor.Stdout, numbered(i*10, i*10+10))
		}
		written(l)
		c.keeper.settle(t)
		l.Close()
		c.Close(time.Minute)
		syscall.Umask(old)
		list := names(t, dir)
		if len(list) < 2 {
			t.Errorf("files: %q", list)
		}
		for _, name := range list {
			if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o640 {
				t.Errorf("umask %03o: %s has %v (%v), want 0640", mask, name, info.Mode(), err)
			}
		}
	}
}

// copytruncate of logrotate: the file goes on at its beginning, without a hole.
func TestT69CutFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "web.log")
	f := newFile(path, newKeeper(nil), nil)
	defer f.release()
	for i := range 3 {
		if _, err := f.Write(numbered(i, i+1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("after\n")); err != nil {
		t.Fatal(err)
	}
	if got := read(t, path); got != "after\n" {
		t.Errorf("got %q", got)
	}
}

// A link is written through and never renamed; a named pipe without a reader is an error
// and no wait.
func TestT69LinkAndPipe(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "target")
	link := filepath.Join(dir, "web.log")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	f := newFile(link, newKeeper(nil), func(err error) { t.Error(err) })
	f.rotation.Store(&rotation{max: 10, backups: 3})
	for i := range 5 {
		if _, err := f.Write(numbered(i, i+1)); err != nil {
			t.Fatal(err)
		}
	}
	f.release()
	checkNumbered(t, read(t, target), "", 5)
	if got := names(t, dir); !slices.Equal(got, []string{"target", "web.log"}) {
		t.Errorf("files: %q", got)
	}
	pipe := filepath.Join(dir, "pipe.log")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	f = newFile(pipe, newKeeper(nil), nil)
	if _, err := f.Write([]byte("x\n")); !errors.Is(err, syscall.ENXIO) {
		t.Errorf("%v, want ENXIO", err)
	}
}
