package watch

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

func TestT54FiveSwaps(t *testing.T) {
	v := &volume{t: t, dir: t.TempDir()}
	v.swap(map[string]string{"a.yaml": "v0", "b.yaml": "w0"})
	for _, path := range []string{v.dir, filepath.Join(v.dir, "a.yaml")} {
		l := start(t, path)
		for i := range 5 {
			v.swap(map[string]string{"a.yaml": fmt.Sprint(path, i), "b.yaml": fmt.Sprint("w", i)})
			l.sees(content(path))
		}
	}
}

func TestT54TwoSwapsAtOnce(t *testing.T) {
	v := &volume{t: t, dir: t.TempDir()}
	v.swap(map[string]string{"a.yaml": "v0"})
	l := start(t, v.dir)
	for i := range 5 {
		v.swap(map[string]string{"a.yaml": fmt.Sprint("first", i)})
		v.swap(map[string]string{"a.yaml": fmt.Sprint("second", i)})
		l.sees(fmt.Sprint("a.yaml=second", i))
	}
	v.swap(map[string]string{"c.yaml": "another"})
	l.sees("c.yaml=another")
}

// TestT54Edits changes what a path leads to in all the ways there are. Each story
// begins with a.yaml in the directory "etc".
func TestT54Edits(t *testing.T) {
	type world struct {
		t         *testing.T
		top, file string // the directory above etc; a.yaml
	}
	tests := []struct {
		name   string
		change func(w world) string // returns the new content of the file
	}{
		{"in-place write", func(w world) string {
			write(w.t, w.file, "new")
			return "new"
		}},
		{"in-place write of the same size", func(w world) string {
			write(w.t, w.file, "dlo")
			return "dlo"
		}},
		{"append", func(w world) string {
			f, err := os.OpenFile(w.file, os.O_APPEND|os.O_WRONLY, 0)
			must(w.t, err)
			fmt.Fprint(f, "er")
			must(w.t, f.Close())
			return "older"
		}},
		{"editor that renames the new file over", func(w world) string {
			write(w.t, w.file+".tmp", "new")
			must(w.t, os.Rename(w.file+".tmp", w.file))
			return "new"
		}},
		{"editor that keeps the old file", func(w world) string {
			must(w.t, os.Rename(w.file, w.file+"~"))
			write(w.t, w.file, "new")
			return "new"
		}},
		{"delete", func(w world) string {
			must(w.t, os.Remove(w.file))
			return "nothing"
		}},
		{"a link takes the place of the file", func(w world) string {
			write(w.t, filepath.Join(w.top, "other"), "elsewhere")
			must(w.t, os.Symlink(filepath.Join(w.top, "other"), w.file+".tmp"))
			must(w.t, os.Rename(w.file+".tmp", w.file))
			return "elsewhere"
		}},
		{"delete of the directory", func(w world) string {
			must(w.t, os.RemoveAll(filepath.Dir(w.file)))
			return "nothing"
		}},
		{"the directory is replaced", func(w world) string {
			dir := filepath.Dir(w.file)
			must(w.t, os.Rename(dir, dir+".old"))
			must(w.t, os.Mkdir(dir, 0o755))
			write(w.t, w.file, "new")
			return "new"
		}},
	}
	for _, tt := range tests {
		for _, whole := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, directory %v", tt.name, whole), func(t *testing.T) {
				t.Parallel()
				w := world{t: t, top: t.TempDir()}
				w.file = filepath.Join(w.top, "etc", "a.yaml")
				must(t, os.Mkdir(filepath.Dir(w.file), 0o755))
				write(t, w.file, "first")
				path := w.file
				if whole {
					path = filepath.Dir(w.file)
				}
				l := start(t, path)
				write(t, w.file, "old") // before the watch is there, or behind that
				l.sees(content(path))

				tt.change(w)
				l.sees(content(path))
				// And after each of them the watch is at the right place again.
				_ = os.Mkdir(filepath.Dir(w.file), 0o755)
				write(t, w.file, "the end")
				l.sees(content(path))
			})
		}
	}
}

// TestT54DeletedAndMadeAgain removes the directory, waits until that was seen, and
// makes it and its parent anew.
func TestT54DeletedAndMadeAgain(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "a", "b", "etc")
	file := filepath.Join(dir, "m.yaml")
	must(t, os.MkdirAll(dir, 0o755))
	write(t, file, "0")
	l := start(t, file)
	for i := range 3 {
		must(t, os.RemoveAll(filepath.Join(top, "a")))
		l.sees("nothing")
		must(t, os.MkdirAll(dir, 0o755))
		write(t, file, fmt.Sprint("again", i))
		l.sees(fmt.Sprint("again", i))
		write(t, file, fmt.Sprint("and changed", i))
		l.sees(fmt.Sprint("and changed", i))
	}
}

// TestT54ChainOfLinks changes each link of a chain in turn.
func TestT54ChainOfLinks(t *testing.T) {
	top := t.TempDir()
	in := func(names ...string) string { return filepath.Join(append([]string{top}, names...)...) }
	for _, dir := range []string{"etc", "conf/v1", "conf/v2", "share"} {
		must(t, os.MkdirAll(in(dir), 0o755))
	}
	write(t, in("conf/v1/m.yaml"), "v1")
	write(t, in("conf/v2/m.yaml"), "v2")
	write(t, in("share/m.yaml"), "share")
	must(t, os.Symlink("v1", in("conf/current")))
	must(t, os.Symlink(in("conf"), in("etc/conf")))
	must(t, os.Symlink("conf/../conf/current/m.yaml", in("etc/m.yaml")))
	relink := func(target, link string) {
		must(t, os.Symlink(target, link+".new"))
		must(t, os.Rename(link+".new", link))
	}

	l := start(t, in("etc/m.yaml"))
	relink("v2", in("conf/current"))
	l.sees("v2")
	write(t, in("conf/v2/m.yaml"), "v2, written")
	l.sees("v2, written")
	relink(in("share"), in("conf/current"))
	l.sees("share")
	relink("../share/m.yaml", in("etc/m.yaml"))
	write(t, in("share/m.yaml"), "straight")
	l.sees("straight")
	must(t, os.Remove(in("share/m.yaml"))) // a link that leads nowhere
	l.sees("nothing")
	write(t, in("share/m.yaml"), "back")
	l.sees("back")
}

// TestT54WhateverHappens throws bursts of random edits at a directory: the last call
// comes behind the last edit.
func TestT54WhateverHappens(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	top := t.TempDir()
	dir := filepath.Join(top, "etc")
	l := start(t, dir)
	for round := range 12 {
		for range 1 + rnd.IntN(12) {
			edit(t, rnd, top, dir)
		}
		must(t, os.MkdirAll(dir, 0o755))
		write(t, filepath.Join(dir, "z.yaml"), fmt.Sprint("round ", round))
		l.sees(content(dir))
	}
}

// edit does one random thing. What it meets may make it impossible.
func edit(t *testing.T, rnd *rand.Rand, top, dir string) {
	name := func() string {
		return filepath.Join(dir, []string{"a.yaml", "b.yml", "notes.txt", ".hidden.yaml"}[rnd.IntN(4)])
	}
	other := filepath.Join(top, fmt.Sprint("other", rnd.IntN(3)))
	switch rnd.IntN(9) {
	case 0, 1:
		_ = os.WriteFile(name(), fmt.Append(nil, rnd.Uint64()), 0o600)
	case 2:
		_ = os.WriteFile(other, fmt.Append(nil, rnd.Uint64()), 0o600)
	case 3:
		_ = os.Rename(name(), name())
	case 4:
		_ = os.Remove(name())
	case 5:
		_ = os.Symlink(other, name())
	case 6:
		_ = os.MkdirAll(dir, 0o755)
	case 7:
		_ = os.RemoveAll(dir)
	case 8:
		old := filepath.Join(top, fmt.Sprint("etc", rnd.Uint64()))
		if os.Rename(dir, old) == nil {
			must(t, os.Symlink(filepath.Base(old), dir))
		}
	}
}
