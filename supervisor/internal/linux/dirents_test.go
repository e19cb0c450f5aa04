package linux

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// What is listed is what the os package lists, with its type; a block that is cut off
// anywhere gives the whole entries and no more.
func TestNextDirent(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", strings.Repeat("long", 60), "späth", "1", "10"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "group"), 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 8<<10)
	n, err := unix.Getdents(int(f.Fd()), block)
	if err != nil {
		t.Fatal(err)
	}
	block = block[:n]
	list := func(block []byte) (names []string) {
		for name, kind, rest, more := nextDirent(block); more; name, kind, rest, more = nextDirent(rest) {
			if kind == unix.DT_DIR {
				name = append(slices.Clone(name), '/')
			}
			names = append(names, string(name))
		}
		return names
	}
	want := []string{"./", "../"}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() {
			name += "/"
		}
		want = append(want, name)
	}
	whole := list(block)
	if got := slices.Sorted(slices.Values(whole)); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("%q, want %q", got, want)
	}
	for cut := range block {
		if got := list(block[:cut]); len(got) >= len(whole) || !slices.Equal(got, whole[:len(got)]) {
			t.Errorf("cut off at %d: %q", cut, got)
		}
	}
}
