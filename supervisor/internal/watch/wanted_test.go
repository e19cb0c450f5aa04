package watch

import (
	"path/filepath"
	"testing"

	"github.com/processmanager/processmanager/supervisor/internal/manifest"
)

// TestWantedIsWhatIsLoaded compares the names with those that manifest.Load reads.
func TestWantedIsWhatIsLoaded(t *testing.T) {
	for _, name := range []string{"a.yaml", "a.yml", ".a.yaml", "a.yaml~", "a.YAML", "a.json", "yaml", "..yaml", "a.b.yml", ".yaml"} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, name), "not: [a manifest")
		_, err := manifest.Load(dir)
		if read := err != nil; read != wanted(name) {
			t.Errorf("%s: read is %v, wanted is %v", name, read, wanted(name))
		}
	}
}
