package logbuf

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/processmanager/processmanager/supervisor"
)

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// written waits until what was given to the log's file is in it.
func written(l *Log) {
	<-l.currentFile().flush()
}

func TestFileHasBothStreamsRaw(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "web.log") // directories are made
	c := NewConsole(nil, nil, FormatJSON)
	l := New(Options{Name: "web", Console: c, File: path})
	if _, err := os.Stat(path); err == nil {
		t.Error("the file was made before the first line")
	}
	life := l.Life(1)
	life.Write(supervisor.Stdout, []byte("out\r\n\xff\n"))
	life.Write(supervisor.Stderr, []byte("err\nla"))
	life.Write(supervisor.Stderr, []byte("st"))
	life.End(supervisor.Stderr)
	l.Close()
	c.Close(time.Minute)
	if got, want := read(t, path), "out\r\n\xff\nerr\nlast\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	// A second manager appends.
	c = NewConsole(nil, nil, FormatJSON)
	l = New(Options{Name: "web", Console: c, File: path})
	l.Life(2).Write(supervisor.Stdout, []byte("more\n"))
	c.Close(time.Minute)
	if got := read(t, path); !strings.HasSuffix(got, "last\nmore\n") {
		t.Errorf("got %q", got)
	}
}

func TestT69ReopenAfterRename(t *testing.T) { // T69: external logrotate
	dir := t.TempDir()
	path := filepath.Join(dir, "web.log")
	c := NewConsole(nil, nil, FormatRaw)
	l := New(Options{Name: "web", Console: c, File: path})
	life := l.Life(1)
	const rounds, each = 100, 50
	for i := range rounds {
		life.Write(supervisor.Stdout, numbered(i*each, i*each+each/2))
		written(l)
		if err := os.Rename(path, fmt.Sprintf("%s.%03d", path, i)); err != nil {
			t.Fatal(err)
		}
		life.Write(supervisor.Stdout, numbered(i*each+each/2, i*each+each)) // old or new file, but once
		l.Reopen()
	}
	l.Close()
	c.Close(time.Minute)
	names, _ := filepath.Glob(path + "*")
	slices.Sort(names)
	if names[0] == path { // the newest; the last lines may all have gone to the file before it
		names = append(names[1:], names[0])
	}
	var all strings.Builder
	for _, name := range names {
		all.WriteString(read(t, name))
	}
	if missing := checkNumbered(t, all.String(), "", rounds*each); missing != 0 {
		t.Errorf("%d bytes are missing", missing)
	}
}

func TestRotation(t *testing.T) { // T69
	dir := t.TempDir()
	f := newFile(filepath.Join(dir, "web.log"), newKeeper(func(err error) { t.Error(err) }), func(err error) { t.Error(err) })
	f.rotation.Store(&rotation{max: 100_000, backups: 1000})
	for _, name := range []string{"web-notes.log", "web-2-2026-01-01T00-00-00.000.log", "other.log"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const lines = 2000
	for i := range lines / 10 {
		if _, err := f.Write(numbered(i*10, i*10+10)); err != nil {
			t.Fatal(err)
		}
	}
	backups, _ := filepath.Glob(filepath.Join(dir, "web-2???-*.log"))
	slices.Sort(backups)
	if len(backups) < 2 || len(backups) > lines/100 {
		t.Errorf("%d rotated files", len(backups))
	}
	var all strings.Builder
	for _, name := range append(slices.Clone(backups), f.path) {
		all.WriteString(read(t, name))
	}
	if missing := checkNumbered(t, all.String(), "", lines); missing != 0 {
		t.Errorf("%d bytes are missing", missing)
	}

	f.rotation.Store(&rotation{max: 100_000, backups: 1})
	f.tidy()
	f.release()
	left, _ := filepath.Glob(filepath.Join(dir, "*"))
	var names []string
	for _, name := range left {
		names = append(names, filepath.Base(name))
	}
	want := []string{"other.log", filepath.Base(backups[len(backups)-1]), "web-2-2026-01-01T00-00-00.000.log", "web-notes.log", "web.log"}
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("left %q, want %q", names, want)
	}
}

// A file holds the lines of one period, whoever wrote the first of them: the manager of
// now or one before it. What was empty all the time leaves no file.
func TestT69RotationByPeriod(t *testing.T) { // T69
	dir := t.TempDir()
	path := filepath.Join(dir, "web.log")
	synctest.Test(t, func(t *testing.T) { // it begins on a Saturday at midnight UTC
		manager := func(every time.Duration) *file {
			f := newFile(path, newKeeper(func(err error) { t.Error(err) }), func(err error) { t.Error(err) })
			f.rotation.Store(&rotation{max: 1 << 20, every: every, backups: 9})
			return f
		}
		f := manager(24 * time.Hour)
		log := func(text string) {
			t.Helper()
			if _, err := f.Write([]byte(text + "\n")); err != nil {
				t.Fatal(err)
			}
		}
		wait := func(d time.Duration) { time.Sleep(d) }
		wait(10 * time.Hour)
		log("saturday, ten")
		wait(14*time.Hour - time.Second)
		log("saturday, last second")
		wait(time.Second)
		log("sunday, first second")
		wait(72 * time.Hour)
		log("wednesday")

		// The manager ends, and the next one finds what it has left.
		restart := func(pause time.Duration) {
			f.release()
			if err := os.Chtimes(path, time.Now(), time.Now()); err != nil { // the kernel has another clock
				t.Fatal(err)
			}
			wait(pause)
			f = manager(24 * time.Hour)
		}
		restart(time.Hour)
		log("wednesday, the second manager")
		restart(47 * time.Hour)
		log("friday, the third manager")

		// A period of a week ends on Sunday; none at all goes on.
		f.rotation.Store(&rotation{max: 1 << 20, every: 7 * 24 * time.Hour, backups: 9})
		wait(48 * time.Hour)
		log("sunday of the same week")
		wait(24 * time.Hour)
		log("monday")
		f.rotation.Store(&rotation{max: 1 << 20, backups: 9})
		wait(1000 * time.Hour)
		log("much later")

		// Somebody has cut it to nothing (copytruncate): there is nothing to move.
		f.rotation.Store(&rotation{max: 1 << 20, every: time.Hour, backups: 9})
		if err := os.Truncate(path, 0); err != nil {
			t.Fatal(err)
		}
		wait(2 * time.Hour)
		log("after the cut")
		wait(2 * time.Hour)
		log("the newest")
		f.release()
	})
	want := map[string]string{
		"web-2000-01-02T00-00-00.000.log": "saturday, ten\nsaturday, last second\n",
		"web-2000-01-05T00-00-00.000.log": "sunday, first second\n",
		"web-2000-01-07T00-00-00.000.log": "wednesday\nwednesday, the second manager\n",
		"web-2000-01-10T00-00-00.000.log": "friday, the third manager\nsunday of the same week\n",
		"web-2000-02-20T20-00-00.000.log": "after the cut\n",
		"web.log":                         "the newest\n",
	}
	got := map[string]string{}
	for _, name := range names(t, dir) {
		got[name] = read(t, filepath.Join(dir, name))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A rotation that was refused is tried again in the same period, and no line waits for it.
func TestRotationByPeriodIsTriedAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "logs")
	synctest.Test(t, func(t *testing.T) {
		refused := 0
		f := newFile(filepath.Join(dir, "web.log"), newKeeper(nil), func(error) { refused++ })
		f.rotation.Store(&rotation{max: 1 << 20, every: time.Hour, backups: 9})
		log := func(text string) {
			t.Helper()
			if _, err := f.Write([]byte(text + "\n")); err != nil {
				t.Fatal(err)
			}
		}
		log("one")
		time.Sleep(time.Hour)
		// A folder in the way of a rename is as good as a folder without rights, for root too.
		obstacle := backupName(f.path, time.Now())
		real := f.path
		f.path = filepath.Join(real, "no folder")
		f.checked = time.Now() // it does not look
		log("two")
		f.path = real
		if refused != 1 || exists(obstacle) {
			t.Fatalf("refused %d times, rotated: %t", refused, exists(obstacle))
		}
		time.Sleep(rotateRetry - time.Second)
		log("three")
		time.Sleep(time.Second)
		log("four")
		f.release()
		if got := names(t, dir); len(got) != 2 || read(t, real) != "four\n" {
			t.Errorf("%q, and the newest has %q", got, read(t, real))
		}
	})
}

func TestFileRotatesAtItsSize(t *testing.T) {
	dir := t.TempDir()
	c := NewConsole(nil, nil, FormatRaw)
	l := New(Options{Name: "web", Console: c, File: filepath.Join(dir, "web.log")})
	life := l.Life(1)
	for i := range 65 { // 65 MB: six rotations, of which three files are kept
		life.Write(supervisor.Stdout, numbered(i*1000, i*1000+1000))
	}
	c.Close(time.Minute)
	names, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(names) != 1+FileBackups {
		t.Errorf("%d files, want %d: %q", len(names), 1+FileBackups, names)
	}
	for _, name := range names {
		if info, _ := os.Stat(name); info.Size() > FileSize {
			t.Errorf("%s has %d bytes", name, info.Size())
		}
	}
	if n := l.Counters().Dropped; n != 0 {
		t.Errorf("dropped %d bytes", n)
	}
}

func TestT69SpecialFileIsNeverRotated(t *testing.T) { // T69: log.file is a link to /dev/stdout
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	path := filepath.Join(t.TempDir(), "web.log")
	if err := os.Symlink(fmt.Sprintf("/proc/self/fd/%d", w.Fd()), path); err != nil {
		t.Fatal(err)
	}
	f := newFile(path, newKeeper(func(err error) { t.Error(err) }), func(err error) { t.Error(err) })
	f.rotation.Store(&rotation{max: 10, backups: FileBackups})
	for i := range 5 {
		if _, err := f.Write(numbered(i, i+1)); err != nil {
			t.Fatal(err)
		}
	}
	f.release()
	w.Close()
	buf := make([]byte, 6000)
	n, _ := r.Read(buf)
	checkNumbered(t, string(buf[:n]), "", 5)
	if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v", err)
	}
}

func TestT62RemovedFileIsMadeAgain(t *testing.T) { // T62
	dir := filepath.Join(t.TempDir(), "logs")
	f := newFile(filepath.Join(dir, "web.log"), newKeeper(func(err error) { t.Error(err) }), func(err error) { t.Error(err) })
	defer f.release()
	if _, err := f.Write([]byte("one\n")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	f.checked = f.checked.Add(-checkEvery) // a second later
	if _, err := f.Write([]byte("two\n")); err != nil {
		t.Fatal(err)
	}
	if got := read(t, f.path); got != "two\n" {
		t.Errorf("got %q", got)
	}
}

func TestT62FileThatCannotBeOpened(t *testing.T) { // T62: the process goes on, the error is told once
	dir := t.TempDir()
	blocker := filepath.Join(dir, "logs")
	if err := os.WriteFile(blocker, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	errs := &recorder{}
	c := NewConsole(nil, errs, FormatText)
	l := New(Options{Name: "web", Console: c, File: filepath.Join(blocker, "web.log")})
	life := l.Life(1)
	begun := time.Now()
	for i := range 3000 {
		life.Write(supervisor.Stdout, numbered(i, i+1))
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("the process was held for %v", took)
	}
	l.Close()
	c.Close(time.Minute)
	if got := errs.String(); strings.Count(got, "cannot write log output") != 1 || !strings.Contains(got, "web.log") || !strings.Contains(got, "not a directory") {
		t.Errorf("told: %s", got)
	}
	if l.Counters().Dropped == 0 {
		t.Error("nothing was counted as dropped")
	}
}

func TestUpdateOfFile(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.log"), filepath.Join(dir, "b.log")
	c := NewConsole(nil, nil, FormatRaw)
	l := New(Options{Name: "web", Console: c})
	life := l.Life(1)
	for i, path := range []string{"", a, a, b, "", a} {
		l.Update(Options{File: path})
		life.Write(supervisor.Stdout, fmt.Appendf(nil, "%d\n", i))
	}
	l.Close()
	life.Write(supervisor.Stdout, []byte("after close\n"))
	l.Update(Options{File: b})
	life.Write(supervisor.Stdout, []byte("still closed\n"))
	c.Close(time.Minute)
	if got := read(t, a); got != "1\n2\n5\n" {
		t.Errorf("a has %q", got)
	}
	if got := read(t, b); got != "3\n" {
		t.Errorf("b has %q", got)
	}
	if n := len(l.Tail(Query{})); n != 8 {
		t.Errorf("the ring has %d lines, want 8", n)
	}
}

// TestUpdateOfFileWhileWriting changes the file under load: each line is in one of them.
func TestUpdateOfFileWhileWriting(t *testing.T) {
	dir := t.TempDir()
	c := NewConsole(nil, nil, FormatRaw)
	path := func(i int) string { return filepath.Join(dir, fmt.Sprintf("%03d.log", i)) }
	l := New(Options{Name: "web", Console: c, File: path(0)})
	done := make(chan struct{})
	go func() {
		defer close(done)
		life := l.Life(1)
		for i := range 5000 {
			life.Write(supervisor.Stdout, numbered(i, i+1))
		}
	}()
	last := 0
	for running := true; running; last++ {
		l.Update(Options{File: path(last)})
		written(l)
		select {
		case <-done:
			running = false
		default:
		}
	}
	l.Close()
	c.Close(time.Minute)
	var all strings.Builder
	for i := range last {
		if data, err := os.ReadFile(path(i)); err == nil {
			all.Write(data)
		}
	}
	if missing := checkNumbered(t, all.String(), "", 5000); missing != 0 || l.Counters().Dropped != 0 {
		t.Errorf("%d bytes are missing", missing)
	}
}

// TestSameNameAgain deletes and makes a process over and over: two writers on one
// path could mix their lines.
func TestSameNameAgain(t *testing.T) {
	dir := t.TempDir()
	c := NewConsole(nil, nil, FormatRaw)
	var running sync.WaitGroup
	for p := range 4 {
		running.Go(func() {
			for i := range 50 {
				l := New(Options{Name: "job", Console: c, File: filepath.Join(dir, "job.log")})
				l.Life(1).Write(supervisor.Stdout, fmt.Appendf(nil, "%d %d\n", p, i))
				l.Close()
			}
		})
	}
	running.Wait()
	c.Close(time.Minute)
	if n := strings.Count(read(t, filepath.Join(dir, "job.log")), "\n"); n != 200 {
		t.Errorf("%d lines, want 200", n)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.files); n != 0 {
		t.Errorf("%d files are still open", n)
	}
}
