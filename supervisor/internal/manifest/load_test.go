package manifest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/processmanager/processmanager/supervisor"
)

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func one(name string) string {
	return header + "spec: {processes: [{name: " + name + ", command: [x]}]}\n"
}

func namesOf(set *supervisor.Set) string {
	var names []string
	for _, p := range set.Processes {
		names = append(names, p.Name)
	}
	return strings.Join(names, " ")
}

func TestLoadDirectory(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "b.yaml"), one("b"))
	put(t, filepath.Join(dir, "a.yml"), one("a"))
	put(t, filepath.Join(dir, ".hidden.yaml"), "nonsense")
	put(t, filepath.Join(dir, "README.md"), "nonsense")
	put(t, filepath.Join(dir, "sub", "c.yaml"), "nonsense")
	set, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := namesOf(set); got != "a b" {
		t.Errorf("processes %q, want \"a b\"", got)
	}
}

// docker run -v ./b.yaml:/etc/processmanager/b.yaml makes an empty directory of that name where
// ./b.yaml is missing. Left out, half of what is to run would be missing without a word.
func TestLoadDirectoryForAFile(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "a.yaml"), one("a"))
	if err := os.Mkdir(filepath.Join(dir, "b.yaml"), 0o755); err != nil {
		t.Fatal(err)
	}
	set, err := Load(dir)
	if err == nil {
		t.Fatalf("loaded %q", namesOf(set))
	}
	if got, want := err.Error(), "cannot read the manifest: read "+dir+"/b.yaml: it is a directory, not a file"; !strings.HasPrefix(got, want) {
		t.Errorf("%q, want it to begin with %q", got, want)
	}
}

func TestLoadEmptyDirectory(t *testing.T) {
	set, err := Load(t.TempDir())
	if err != nil || set.ExitPolicy != supervisor.ExitNever || len(set.Processes) != 0 {
		t.Errorf("got %+v, %v; want an empty set that stays", set, err)
	}
}

func TestLoadWhatIsNotThere(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "none.yaml"))
	if !errors.Is(err, fs.ErrNotExist) || errors.Is(err, supervisor.ErrInvalid) {
		t.Errorf("got %v, want fs.ErrNotExist", err)
	}
}

func TestLoadNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.yaml")
	put(t, path, "kind: Pod\n")
	_, err := Load(path)
	if err == nil || !strings.HasPrefix(err.Error(), path+": ") {
		t.Errorf("got %v, want a line that begins with %s", err, path)
	}
}

func TestLoadStopsAtTheLimit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.yaml")
	put(t, path, strings.Repeat("#", maxFile+100))
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), "too large: at most 1 MiB (1048576 bytes)") {
		t.Errorf("got %v", err)
	}
}

// volume is a directory as the kubelet makes it for a ConfigMap.
type volume struct{ dir string }

// swap replaces all files at once, in the kubelet's order: new directory, rename
// of the link, links for new names, removal of old ones.
func (v volume) swap(t *testing.T, state string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		put(t, filepath.Join(v.dir, state, name), text)
	}
	link := filepath.Join(v.dir, dataLink)
	old, _ := os.Readlink(link)
	if err := os.Symlink(state, link+"_tmp"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(link+"_tmp", link); err != nil {
		t.Fatal(err)
	}
	for name := range files {
		if err := os.Symlink(filepath.Join(dataLink, name), filepath.Join(v.dir, name)); err != nil && !errors.Is(err, fs.ErrExist) {
			t.Fatal(err)
		}
	}
	if old != "" {
		if err := os.RemoveAll(filepath.Join(v.dir, old)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLoadMountedVolume(t *testing.T) {
	v := volume{t.TempDir()}
	v.swap(t, "..1", map[string]string{"a.yaml": one("a1"), "b.yaml": one("b1")})
	set, err := Load(v.dir)
	if err != nil || namesOf(set) != "a1 b1" {
		t.Fatalf("got %+v, %v", set, err)
	}
	// b.yaml is left over as a link to nothing, as the kubelet leaves it for a moment.
	v.swap(t, "..2", map[string]string{"a.yaml": one("a2")})
	if set, err = Load(v.dir); err != nil || namesOf(set) != "a2" {
		t.Fatalf("after the swap: %+v, %v", set, err)
	}
	if set, err = Load(filepath.Join(v.dir, "a.yaml")); err != nil || namesOf(set) != "a2" {
		t.Fatalf("one file of it: %+v, %v", set, err)
	}
}

// The volume changes between the reading of the first file and the second: the
// result is the new state, never a mixture.
func TestLoadDuringSwap(t *testing.T) {
	v := volume{t.TempDir()}
	v.swap(t, "..1", map[string]string{"a.yaml": one("a1"), "b.yaml": one("b1")})
	reads := 0
	d := manifestFolder(v.dir)
	d.read = func(path string) ([]byte, error) {
		if reads++; reads == 2 {
			v.swap(t, "..2", map[string]string{"a.yaml": one("a2"), "b.yaml": one("b2")})
		}
		return readUpTo(maxFile)(path)
	}
	files, err := d.files()
	if err != nil {
		t.Fatal(err)
	}
	set, err := Parse(files)
	if err != nil || namesOf(set) != "a2 b2" {
		t.Errorf("got %+v, %v; want a2 b2", set, err)
	}
}

func TestLoadGivesUpWhenItNeverIsStill(t *testing.T) {
	v := volume{t.TempDir()}
	state := "..0"
	v.swap(t, state, map[string]string{"a.yaml": one("a")})
	d := manifestFolder(v.dir)
	d.read = func(path string) ([]byte, error) {
		state += "0"
		v.swap(t, state, map[string]string{"a.yaml": one("a")})
		return readUpTo(maxFile)(path)
	}
	_, err := d.files()
	if !errors.Is(err, errSwapped) {
		t.Errorf("got %v", err)
	}
}

// A comma in a name separates, and who did not mean it is told so.
func TestCommaInAName(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a,b.yaml")
	if err := os.WriteFile(path, layer(kind, "  processes: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	first := "cannot read the manifest: stat " + filepath.Join(dir, "a") + ": no such file or directory"
	want := first + "; there is a " + strconv.Quote(path) + ", but a comma separates paths: rename it, or name the directory that it is in"
	if _, err := Load(path); err == nil || err.Error() != want || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v\nwant %s", err, want)
	}
	want = first + " (one of 2 paths: a comma separates them)"
	if _, err := Load(filepath.Join(dir, "a,c.yaml")); err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
	if _, err := Load(dir); err != nil {
		t.Errorf("by its directory: %v", err)
	}
}
