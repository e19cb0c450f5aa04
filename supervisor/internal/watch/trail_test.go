package watch

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// describe writes a trail with short paths: what is watched, and what was found.
func describe(top string, t trail) string {
	short := func(path string) string { return strings.ReplaceAll(path, top, "TOP") }
	var lines []string
	for dir, in := range t.dirs {
		var names []string
		for name := range in.names {
			names = append(names, name)
		}
		slices.Sort(names)
		if in.manifests {
			names = append(names, "(manifests)")
		}
		lines = append(lines, fmt.Sprintf("watch %s for %s\n", short(dir), strings.Join(names, " ")))
	}
	slices.Sort(lines)
	for _, file := range t.files {
		lines = append(lines, fmt.Sprintf("file  %s\n", short(file)))
	}
	return strings.Join(lines, "")
}

func TestTrail(t *testing.T) {
	top, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	in := func(name string) string { return filepath.Join(top, name) }
	v := &volume{t: t, dir: in("vol")}
	must(t, os.Mkdir(v.dir, 0o755))
	v.swap(map[string]string{"a.yaml": "a", "readme.md": "r"})
	must(t, os.MkdirAll(in("etc/sub.yaml"), 0o755))
	write(t, in("etc/x.yaml"), "x")
	write(t, in("etc/sub.yaml/deep.yaml"), "not read")
	must(t, os.Symlink("../far/y.yaml", in("etc/y.yaml")))
	must(t, os.Symlink("sub.yaml", in("etc/z.yaml")))
	must(t, os.Symlink("loop", in("loop")))
	must(t, os.Symlink("vol", in("link")))
	const stamp = "..2026_01_02_03_04_01.1"
	tests := []struct{ path, want string }{
		{"etc/x.yaml", "watch TOP/etc for x.yaml\nfile  TOP/etc/x.yaml\n"},
		{"etc", "watch TOP for far\nwatch TOP/etc for y.yaml z.yaml (manifests)\nfile  TOP/etc/x.yaml\n"}, // x.yaml is added below
		{"vol", "watch TOP/vol for ..data a.yaml (manifests)\nwatch TOP/vol/" + stamp + " for a.yaml (manifests)\nfile  TOP/vol/" + stamp + "/a.yaml\n"},
		{"link/a.yaml", "watch TOP for link\nwatch TOP/vol for ..data a.yaml\nwatch TOP/vol/" + stamp + " for a.yaml\nfile  TOP/vol/" + stamp + "/a.yaml\n"},
		{"no/such/file.yaml", "watch TOP for no\n"},
		{"etc/x.yaml/below", "watch TOP/etc for x.yaml\n"},
		{"loop", "watch TOP for loop\n"},
	}
	for _, tt := range tests {
		want := strings.Replace(tt.want, "etc for y.yaml", "etc for x.yaml y.yaml", 1)
		if diff := cmp.Diff(want, describe(top, follow(in(tt.path)))); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.path, diff)
		}
	}
}

// TestLookSeesEveryChange edits at random: where the content differs, so does the
// look. Each text has another length, for the time of a file has a grain.
func TestLookSeesEveryChange(t *testing.T) {
	for seed := range uint64(40) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		top := t.TempDir()
		dir := filepath.Join(top, "etc")
		must(t, os.Mkdir(dir, 0o755))
		for step := range 60 {
			look, was := LookAt(dir), content(dir)
			if rnd.IntN(3) == 0 {
				name := filepath.Join(dir, []string{"a.yaml", "b.yml"}[rnd.IntN(2)])
				_ = os.WriteFile(name, fmt.Appendf(nil, "%*d", step+20, seed), 0o600)
			} else {
				edit(t, rnd, top, dir)
			}
			now := LookAt(dir)
			if is := content(dir); is != was && sameMarks(look.marks, now.marks) {
				t.Fatalf("seed %d, step %d: %q became %q", seed, step, was, is)
			}
			if again := LookAt(dir); !sameMarks(now.marks, again.marks) {
				t.Fatalf("seed %d, step %d: two looks differ", seed, step)
			}
		}
	}
}
