package manifest

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/processmanager/processmanager/supervisor"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file under testdata; go test -update writes it.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test -update writes it)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (go test -update writes it; -want +got):\n%s", path, diff)
	}
}

func glob(t testing.TB, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no file matches %s (%v)", pattern, err)
	}
	return paths
}

func parseFileAt(t *testing.T, path string) (*supervisor.Set, error) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return Parse([]File{{filepath.Base(path), data}})
}

// Each bad file is refused with exactly the text beside it.
func TestBadFiles(t *testing.T) {
	for _, path := range glob(t, "testdata/*.bad.yaml") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			set, err := parseFileAt(t, path)
			if err == nil {
				t.Fatalf("it was accepted: %+v", set)
			}
			var field *FieldError
			if !errors.Is(err, supervisor.ErrInvalid) || !errors.As(err, &field) {
				t.Errorf("%T is not made of field errors that wrap ErrInvalid", err)
			}
			golden(t, strings.TrimSuffix(path, ".yaml")+".err", err.Error()+"\n")
		})
	}
}

// Each good file is accepted, and means what is written beside it.
func TestGoodFiles(t *testing.T) {
	for _, path := range glob(t, "testdata/*.good.yaml") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			set, err := parseFileAt(t, path)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, strings.TrimSuffix(path, ".yaml")+".set", write(t, set))
		})
	}
}

func TestExamples(t *testing.T) {
	for _, path := range glob(t, "../../../deploy/examples/*.yaml") {
		if set, err := Load(path); err != nil || len(set.Processes) == 0 {
			t.Errorf("%s: %v", path, err)
		}
	}
}
