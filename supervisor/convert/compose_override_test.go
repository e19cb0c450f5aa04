package convert

import (
	"strings"
	"testing"
	"testing/fstest"
)

// docker compose joins an override file to a compose file of a usual name, without a word; it
// is not converted, and the manifest says so.
func TestComposeOverride(t *testing.T) {
	for name, tc := range map[string]struct {
		file   string
		beside []string
		want   string // the file that is told; empty: none
	}{
		"none":                     {"f/compose.yaml", nil, ""},
		"of the same name":         {"f/compose.yaml", []string{"f/compose.override.yaml"}, "f/compose.override.yaml"},
		"of the old name":          {"f/docker-compose.yml", []string{"f/docker-compose.override.yml"}, "f/docker-compose.override.yml"},
		"of the other name":        {"compose.yml", []string{"docker-compose.override.yaml"}, "docker-compose.override.yaml"},
		"the first of two":         {"compose.yml", []string{"docker-compose.override.yml", "compose.override.yml"}, "compose.override.yml"},
		"in another folder":        {"f/compose.yaml", []string{"compose.override.yaml"}, ""},
		"beside a file with -f":    {"f/prod.yaml", []string{"f/compose.override.yaml"}, ""},
		"that is converted itself": {"f/compose.override.yaml", []string{"f/compose.override.yml"}, ""},
	} {
		service := &fstest.MapFile{Data: []byte("services: {a: {command: x}}\n")}
		fsys := fstest.MapFS{tc.file: service}
		for _, file := range tc.beside {
			fsys[file] = service
		}
		got, err := Convert(fsys, tc.file, Options{From: "compose"})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		switch text := string(got.Manifest); {
		case tc.want == "" && strings.Contains(text, "docker compose adds"):
			t.Errorf("%s: an override is told\n%s", name, text)
		case tc.want != "" && !strings.Contains(text, "# TODO "+tc.want+": docker compose adds"):
			t.Errorf("%s: %s is not told\n%s", name, tc.want, text)
		}
	}
}

// process-compose does the same, with names of its own beside those of compose.
func TestProcessComposeOverride(t *testing.T) {
	for name, tc := range map[string]struct {
		file   string
		beside []string
		want   string // the file that is told; empty: none
	}{
		"none":                     {"f/process-compose.yaml", nil, ""},
		"of the same name":         {"f/process-compose.yaml", []string{"f/process-compose.override.yaml"}, "f/process-compose.override.yaml"},
		"of the other ending":      {"process-compose.yaml", []string{"process-compose.override.yml"}, "process-compose.override.yml"},
		"of compose's name":        {"compose.yml", []string{"compose.override.yml"}, "compose.override.yml"},
		"of docker's name":         {"process-compose.yaml", []string{"docker-compose.override.yml"}, ""},
		"in another folder":        {"f/process-compose.yaml", []string{"process-compose.override.yaml"}, ""},
		"beside a file with -f":    {"f/prod.yaml", []string{"f/process-compose.override.yaml"}, ""},
		"that is converted itself": {"f/process-compose.override.yaml", []string{"f/process-compose.override.yml"}, ""},
	} {
		processes := &fstest.MapFile{Data: []byte("processes: {a: {command: x}}\n")}
		fsys := fstest.MapFS{tc.file: processes}
		for _, file := range tc.beside {
			fsys[file] = processes
		}
		got, err := Convert(fsys, tc.file, Options{From: "process-compose"})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		switch text := string(got.Manifest); {
		case tc.want == "" && strings.Contains(text, "process-compose adds"):
			t.Errorf("%s: an override is told\n%s", name, text)
		case tc.want != "" && !strings.Contains(text, "# TODO "+tc.want+": process-compose adds"):
			t.Errorf("%s: %s is not told\n%s", name, tc.want, text)
		}
	}
}
