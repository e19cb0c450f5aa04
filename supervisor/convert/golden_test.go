package convert

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/processmanager/processmanager/supervisor/internal/manifest"
)

var update = flag.Bool("update", false, "write what the converter prints beside the inputs; read the diff like code")

// stories are images: a tree under testdata, what in it is converted, and testdata/NAME.yaml,
// what has to come of it.
var stories = []struct {
	name, tree, path string
	options          Options
	format           string
}{
	{"django", "django", "etc/supervisor/supervisord.conf", Options{}, "supervisord"},
	{"laravel", "laravel", "etc/supervisor/supervisord.conf", Options{}, "supervisord"},
	{"laravel-cron", "laravel", "etc/cron.d/laravel", Options{}, "crontab"},
	{"supercronic", "cronimage", "app/crontab", Options{}, "supercronic"},
	{"crontab", "cronimage", "app/crontab.user", Options{From: "crontab"}, "crontab"},
	{"procfile", "procfile", "app/Procfile", Options{}, "procfile"},
	{"process-compose", "process-compose", "srv/app/process-compose.yaml", Options{}, "process-compose"},
	{"compose", "compose", "srv/compose.yaml", Options{}, "compose"},
	{"pebble", "pebble", ".", Options{}, "pebble"},
	{"pebble-layer", "pebble", "layers/001-base.yaml", Options{}, "pebble"},
	{"s6-overlay", "s6", ".", Options{}, "s6"},
	{"s6-legacy", "s6-legacy", ".", Options{}, "s6"},
}

// Each image becomes what a person has judged, and the parser takes it.
func TestStories(t *testing.T) {
	for _, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			got, err := Convert(os.DirFS(filepath.Join("testdata", s.tree)), s.path, s.options)
			if err != nil {
				t.Fatal(err)
			}
			if got.Format != s.format {
				t.Errorf("it was taken for %s, want %s", got.Format, s.format)
			}
			if _, err := manifest.Parse([]manifest.File{{Name: s.name, Data: got.Manifest}}); err != nil {
				t.Error(err)
			}
			for kind, want := range map[Kind]int{Lost: got.Count(Lost), Changed: got.Count(Changed)} {
				if n := strings.Count(string(got.Manifest), "# "+string(kind)+" "); n != want {
					t.Errorf("%d %s are counted, and %d are in the manifest", want, kind, n)
				}
			}
			golden := filepath.Join("testdata", s.name+".yaml")
			if *update {
				if err := os.WriteFile(golden, got.Manifest, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got.Manifest)); diff != "" {
				t.Errorf("-want +got (go test ./supervisor/convert -run Stories -update writes it):\n%s", diff)
			}
		})
	}
}
