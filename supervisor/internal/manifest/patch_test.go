package manifest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func layer(kind, spec string) []byte {
	return []byte("apiVersion: processmanager/v1\nkind: " + kind + "\nspec:\n" + spec)
}

// A base in the image, and a patch in a mounted ConfigMap: two directories, in the order
// that they are named. What is wrong is told where it was written.
func TestPatchOverSeveralPaths(t *testing.T) {
	base, over := t.TempDir(), t.TempDir()
	put := func(dir, name string, text []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(base, "z.yaml", layer(kind, "  processes:\n  - {name: web, command: [/web], nice: 1}\n  - {name: db, command: [/db]}\n"))
	put(over, "a.yaml", layer(kindPatch, "  processes:\n  - {name: web, nice: 5}\n"))
	set, err := Load(base + ", " + over)
	if err != nil || len(set.Processes) != 2 || *set.Processes[0].Nice != 5 || set.Processes[0].Command.Argv[0] != "/web" {
		t.Errorf("%+v, %v", set, err)
	}
	if _, err := Load(over + "," + base); err == nil || !strings.Contains(err.Error(), filepath.Join(over, "a.yaml")+": kind: there is no ProcessManifest before this patch") {
		t.Errorf("the patch comes first: %v", err)
	}
	put(over, "a.yaml", layer(kindPatch, "  processes:\n  - name: web\n    env: [{name: A}]\n    nice: 50\n"))
	want := filepath.Join(over, "a.yaml") + ": spec.processes[0].nice: 50 is out of range: want -20 to 19 (line 7)"
	if _, err := Load(base + "," + over); err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
	// A name given twice stays an error: only a patch changes what is there.
	put(over, "a.yaml", layer(kind, "  processes:\n  - {name: web, command: [/other]}\n"))
	if _, err := Load(base + "," + over); err == nil || !strings.Contains(err.Error(), `the name "web" is taken by`) {
		t.Errorf("%v", err)
	}
}

// The documents are not changed by being patched, so that the same text gives the same
// set, also when a patch reaches the defaults of several documents and another follows.
func TestPatchSharesNothing(t *testing.T) {
	text := func(kind, spec string) string { return string(layer(kind, spec)) + "---\n" }
	data := []byte(text(kind, "  defaults: {labels: {a: \"1\"}}\n  processes: [{name: a, command: [x]}]\n") +
		text(kind, "  processes: [{name: b, command: [x]}]\n") +
		text(kindPatch, "  defaults: {labels: {p: \"1\"}}\n  processes: []\n") +
		text(kindPatch, "  processes: [{name: a, labels: {only: a}}]\n") +
		text(kindPatch, "  defaults: {labels: {p: null, q: \"2\"}}\n"))
	for range 2 {
		set, err := Parse([]File{{"f", data}})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range set.Processes {
			for key, value := range p.Labels {
				got = append(got, p.Name+" "+key+"="+value)
			}
		}
		slices.Sort(got)
		if want := []string{"a a=1", "a only=a", "a q=2", "b q=2"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// An error of the base that no patch has touched stays where it is, behind items that a
// patch has taken away and added, too.
func TestPatchErrorsStayAtHome(t *testing.T) {
	data := string(layer(kind, "  processes:\n  - {name: a, command: [x], env: [{name: GONE}, {name: A, value: b}, {name: B, valueFrom: {}}]}\n")) + "---\n" +
		string(layer(kindPatch, "  processes:\n  - {name: a, env: [{name: GONE, $patch: delete}, {name: A, value: c}, {name: \"C=\"}]}\n"))
	_, err := Parse([]File{{"f", []byte(data)}})
	want := []string{
		"f: spec.processes[0].env[2].valueFrom: want exactly one of fieldRef, fileKeyRef (line 5)",
		`f: spec.processes[0].env[2].name: "C=" holds a '=': the name of a variable ends there (line 11)`,
	}
	if err == nil || err.Error() != strings.Join(want, "\n") {
		t.Errorf("%v\nwant\n%s", err, strings.Join(want, "\n"))
	}
}
