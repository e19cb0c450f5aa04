package watch

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// must ends the test on an error of its own doing.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, path, text string) {
	t.Helper()
	must(t, os.WriteFile(path, []byte(text), 0o600))
}

// volume is a ConfigMap as the kubelet mounts it.
type volume struct {
	t      testing.TB
	dir    string
	number int
}

// swap gives the volume new files, in the kubelet's order (its AtomicWriter): the
// directory, its files, the link beside, the rename over ..data, the names that
// users see, the end of the old directory.
func (v *volume) swap(files map[string]string) {
	v.t.Helper()
	v.number++
	old, _ := os.Readlink(filepath.Join(v.dir, "..data"))
	stamp := fmt.Sprintf("..2026_01_02_03_04_%02d.%d", v.number, v.number)
	must(v.t, os.MkdirAll(filepath.Join(v.dir, stamp), 0o755))
	for name, text := range files {
		write(v.t, filepath.Join(v.dir, stamp, name), text)
	}
	must(v.t, os.Symlink(stamp, filepath.Join(v.dir, "..data_tmp")))
	must(v.t, os.Rename(filepath.Join(v.dir, "..data_tmp"), filepath.Join(v.dir, "..data")))
	for name := range files {
		link := filepath.Join(v.dir, name)
		if _, err := os.Lstat(link); err != nil {
			must(v.t, os.Symlink(filepath.Join("..data", name), link))
		}
	}
	if old != "" {
		gone, _ := os.ReadDir(filepath.Join(v.dir, old))
		for _, e := range gone {
			if _, still := files[e.Name()]; !still {
				must(v.t, os.Remove(filepath.Join(v.dir, e.Name())))
			}
		}
		must(v.t, os.RemoveAll(filepath.Join(v.dir, old)))
	}
}

// content is what somebody who reads the path finds.
func content(path string) string {
	data, err := os.ReadFile(path)
	if err == nil {
		return string(data)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return "nothing"
	}
	var all []string
	for _, e := range entries {
		if wanted(e.Name()) {
			if data, err := os.ReadFile(filepath.Join(path, e.Name())); err == nil {
				all = append(all, e.Name()+"="+string(data))
			}
		}
	}
	sort.Strings(all)
	return strings.Join(all, " ")
}

// looker watches a path and, at each call, reads it.
type looker struct {
	t    *testing.T
	path string
	seen chan string
}

// start watches until the test ends. Only events can wake the watch: the poll is far
// away, and a warning fails the test.
func start(t *testing.T, path string) *looker {
	t.Helper()
	l := &looker{t, path, make(chan string, 1000)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	since := LookAt(path)
	go func() {
		defer close(done)
		Watch(ctx, path, Options{
			Changed: func() { l.seen <- content(path) },
			Warn:    func(msg string, args ...any) { t.Error(msg, args) },
			Poll:    time.Hour,
			Since:   since,
		})
	}()
	t.Cleanup(func() { cancel(); <-done })
	return l
}

// sees waits for the call at which the content is want.
func (l *looker) sees(want string) {
	l.t.Helper()
	late := time.After(20 * time.Second)
	last := "there was no call"
	for {
		select {
		case last = <-l.seen:
			if last == want {
				return
			}
		case <-late:
			l.t.Fatalf("no call with content %q; now %q; at the last call: %s", want, content(l.path), last)
		}
	}
}
