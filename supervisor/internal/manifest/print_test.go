package manifest

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is printed is one manifest, and the same: of every good file, and of all examples.
func TestPrintedIsTheSame(t *testing.T) {
	for _, path := range append(glob(t, "testdata/*.good.yaml"), glob(t, "../../../deploy/examples/*.yaml")...) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			set, err := Load(path)
			if err != nil {
				t.Fatal(err)
			}
			text, err := Print(set)
			if err != nil {
				t.Fatal(err)
			}
			again, err := Parse([]File{{"printed", text}})
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			if diff := cmp.Diff(write(t, set), write(t, again)); diff != "" {
				t.Errorf("(-before +printed):\n%s\n%s", diff, text)
			}
			if fields := Compare(set, again); len(fields) > 0 {
				t.Errorf("differs in %v", fields)
			}
		})
	}
}
