package deploy

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/processmanager/processmanager/supervisor/convert"
)

// An example is a mark, a block of what is converted, and the YAML block that comes of it.
var example = regexp.MustCompile("(?ms)<!-- convert: (\\S+) (\\S+) -->\n```\\S+\n(.*?)^```$.*?^```yaml\n(.*?)^```$")

// What the pages for those who come from something else show is what the converter
// prints, and the format is recognised.
func TestComingFrom(t *testing.T) {
	files, err := filepath.Glob("../docs/coming-from-*.md")
	if err != nil || len(files) < 6 {
		t.Fatalf("the pages are gone: %v %v", files, err)
	}
	index := readme(t)
	seen := 0
	for _, file := range files {
		if !strings.Contains(index, "docs/"+filepath.Base(file)) {
			t.Errorf("README does not name %s", file)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := string(data)
		for _, m := range example.FindAllStringSubmatch(text, -1) {
			seen++
			fsys := tree(m[2], m[3])
			options := convert.Options{From: m[1]}
			if m[1] != "supercronic" {
				options.From = "" // by itself
			}
			got, err := convert.Convert(fsys, m[2], options)
			if err != nil {
				t.Errorf("%s: %v", file, err)
				continue
			}
			if got.Format != m[1] {
				t.Errorf("%s: the example is taken for %s, want %s", file, got.Format, m[1])
			}
			if *update {
				text = strings.Replace(text, m[0], strings.TrimSuffix(m[0], m[4]+"```")+string(got.Manifest)+"```", 1)
				continue
			}
			if diff := cmp.Diff(m[4], string(got.Manifest)); diff != "" {
				t.Errorf("%s shows something else than the converter prints (-shown +printed); go test ./deploy -run ComingFrom -update writes it:\n%s", file, diff)
			}
		}
		if *update {
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil { //nolint:gosec // for everybody to read
				t.Fatal(err)
			}
		}
	}
	if seen < 7 {
		t.Errorf("%d examples were found: the search has lost them", seen)
	}
}

// tree is one file, or several behind lines such as "-- NAME --".
func tree(name, text string) fstest.MapFS {
	fsys := fstest.MapFS{}
	if !strings.HasPrefix(text, "-- ") {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
		return fsys
	}
	for line := range strings.Lines(text) {
		if header, ok := strings.CutPrefix(strings.TrimSpace(line), "-- "); ok {
			name = path.Clean(strings.TrimSuffix(header, " --"))
			fsys[name] = &fstest.MapFile{Data: []byte{}}
			continue
		}
		fsys[name].Data = append(fsys[name].Data, line...)
	}
	return fsys
}
