package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/processmanager/processmanager/supervisor"
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
	for _, none := range []string{"", ",", " , "} { // which is not an empty set
		if set, err := Load(none); err == nil {
			t.Errorf("%q: %+v", none, set)
		}
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

// Lists that merge: item by item, or as a whole when one of the items says so.
func TestPatchLists(t *testing.T) {
	const base = "  processes:\n  - {name: a, command: [x], env: [{name: A, value: a}, {name: B, value: b}], dependsOn: [{name: b}, {name: c}]}\n" +
		"  - {name: b, command: [x]}\n  - {name: c, command: [x]}\n"
	for _, test := range []struct{ what, patch, env, needs, err string }{
		{"by name", `env: [{name: B, value: "2"}, {name: C, value: "3"}]`, "A=a B=2 C=3", "b c", ""},
		{"of one item all, in its place", `env: [{name: A, $patch: replace, value: "2"}]`, "A=2 B=b", "b c", ""},
		{"the whole", `env: [{$patch: replace}, {name: C, value: "3"}]`, "C=3", "b c", ""},
		{"the whole, said behind", `env: [{name: C, value: "3"}, {$patch: replace}, {name: D, value: "4"}]`, "C=3 D=4", "b c", ""},
		{"the whole by nothing", `dependsOn: [{$patch: replace}]`, "A=a B=b", "", ""},
		{"what is deleted there is not there", `env: [{$patch: replace}, {name: A, $patch: delete}, {name: C, value: "3"}]`, "C=3", "b c", ""},
		{"delete what is not there", `env: [{name: NOPE, $patch: delete}]`, "A=a B=b", "b c", ""},
		{
			"delete, and not which", `env: [{name: C, value: "3"}, {$patch: delete}]`, "", "",
			"f: spec.processes[0].env[1].name: it is required beside $patch: it says which item is meant (line 13)",
		},
		{
			"replace, and not which", `dependsOn: [{$patch: replace, condition: Ready}]`, "", "",
			"f: spec.processes[0].dependsOn[0].name: it is required beside $patch: it says which item is meant (line 13)",
		},
		{
			"an error behind the order", `env: [{$patch: replace}, {name: "C="}]`, "", "",
			`f: spec.processes[0].env[1].name: "C=" holds a '=': the name of a variable ends there (line 13)`,
		},
	} {
		t.Run(test.what, func(t *testing.T) {
			data := string(layer(kind, base)) + "---\n" + string(layer(kindPatch, "  processes:\n  - {name: a, "+test.patch+"}\n"))
			set, err := Parse([]File{{"f", []byte(data)}})
			if test.err != "" {
				if err == nil || err.Error() != test.err {
					t.Errorf("%v\nwant %s", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var env, needs []string
			for _, v := range set.Processes[0].Env {
				env = append(env, v.Name+"="+v.Value)
			}
			for _, d := range set.Processes[0].DependsOn {
				needs = append(needs, d.Name)
			}
			if got := strings.Join(env, " "); got != test.env {
				t.Errorf("env %q, want %q", got, test.env)
			}
			if got := strings.Join(needs, " "); got != test.needs {
				t.Errorf("dependsOn %q, want %q", got, test.needs)
			}
		})
	}
}

// With several patches an error is told where the value was written last, whether that
// was the value itself or what it is in.
func TestPatchErrorsAreTheLastOnes(t *testing.T) {
	for _, test := range []struct {
		what, process string
		patches       []string // of the process, on the lines 10, 15 and so on
		want          string
	}{
		{"deeper, then the whole", `livenessProbe: {exec: {command: [x]}}`, []string{
			"livenessProbe: {periodSeconds: 3}", "livenessProbe: {$patch: replace, exec: {command: [x]}, periodSeconds: -1}",
		}, "livenessProbe.periodSeconds: -1 is out of range: want 0 to 315360000 (line 15)"},
		{"the whole, then deeper", `livenessProbe: {exec: {command: [x]}}`, []string{
			"livenessProbe: {$patch: replace, exec: {command: [x]}, periodSeconds: 1}", "livenessProbe: {periodSeconds: -1}",
		}, "livenessProbe.periodSeconds: -1 is out of range: want 0 to 315360000 (line 15)"},
		{"two ways in a patch", `livenessProbe: {exec: {command: [x]}}`, []string{
			"livenessProbe: {exec: {command: [x]}, tcpSocket: {port: 1}}",
		}, "livenessProbe: it has exec, tcpSocket: want exactly one of exec, httpGet, tcpSocket, grpc (line 10)"},
		{"no way is left", `livenessProbe: {exec: {command: [x]}, periodSeconds: 3}`, []string{
			"livenessProbe: {exec: {$patch: delete}}",
		}, "livenessProbe: want exactly one of exec, httpGet, tcpSocket, grpc (line 10)"},
		{"a list of a patch, renumbered by the next", `nice: 1`, []string{
			`env: [{name: A, value: a}, {name: "B="}]`, "env: [{name: A, $patch: delete}]",
		}, `env[1].name: "B=" holds a '=': the name of a variable ends there (line 10)`},
		{"a value in an item of a patch, renumbered by the next", `env: [{name: A, value: a}, {name: B, value: b}]`, []string{
			`env: [{name: B, valueFrom: {}}]`, "env: [{name: A, $patch: delete}]",
		}, `env[0].valueFrom: want exactly one of fieldRef, fileKeyRef (line 10)`},
		{"deleted, then patched", `nice: 1`, []string{"$patch: delete", "nice: 2"}, `name: a patch before this one has deleted the process "a" (line 15)`},
		{"an item written again", `env: [{name: A, value: a}]`, []string{
			`env: [{name: B, value: b}]`, "env: [{name: B, valueFrom: {}}]",
		}, `env[0].valueFrom: want exactly one of fieldRef, fileKeyRef (line 15)`},
	} {
		t.Run(test.what, func(t *testing.T) {
			data := string(layer(kind, "  processes:\n  - {name: a, command: [x], "+test.process+"}\n"))
			for _, p := range test.patches {
				data += "---\n" + string(layer(kindPatch, "  processes: [{name: a, "+p+"}]\n"))
			}
			_, err := Parse([]File{{"f", []byte(data)}})
			if want := "f: spec.processes[0]." + test.want; err == nil || err.Error() != want {
				t.Errorf("%v\nwant %s", err, want)
			}
		})
	}
}

// What a patch takes away has its default again, and a log that is true or false is one
// of the ways to write an object.
func TestPatchTakesAway(t *testing.T) {
	const base = "  terminationGracePeriodSeconds: 9\n  defaults: {nice: 3, umask: \"077\"}\n  processes:\n  - {name: a, command: [x], log: {maxFiles: 2}}\n  - {name: b, command: [x], log: false}\n"
	for _, test := range []struct{ what, patch, want string }{
		{"nothing", "  processes: []\n", "9s a nice=3 umask=077 file=false maxFiles=2; b nice=3 umask=077 file=false"},
		{"all defaults", "  defaults: null\n", "9s a file=false maxFiles=2; b file=false"},
		{"one of them", "  defaults: {nice: null}\n", "9s a umask=077 file=false maxFiles=2; b umask=077 file=false"},
		{"of the set", "  terminationGracePeriodSeconds: null\n", "25s a nice=3 umask=077 file=false maxFiles=2; b nice=3 umask=077 file=false"},
		{"a log, in short", "  processes: [{name: a, log: true}, {name: b, log: {maxFiles: 5}}]\n", "9s a nice=3 umask=077 file=true maxFiles=2; b nice=3 umask=077 file=false maxFiles=5"},
	} {
		t.Run(test.what, func(t *testing.T) {
			set, err := Parse([]File{{"f", []byte(string(layer(kind, base)) + "---\n" + string(layer(kindPatch, test.patch)))}})
			if err != nil {
				t.Fatal(err)
			}
			var list []string
			for _, p := range set.Processes {
				text := p.Name
				if p.Nice != nil {
					text += fmt.Sprintf(" nice=%d", *p.Nice)
				}
				if p.Umask != nil {
					text += fmt.Sprintf(" umask=%03o", *p.Umask)
				}
				text += fmt.Sprintf(" file=%t", p.Log.File)
				if p.Log.MaxFiles != nil {
					text += fmt.Sprintf(" maxFiles=%d", *p.Log.MaxFiles)
				}
				list = append(list, text)
			}
			if got := set.GracePeriod.String() + " " + strings.Join(list, "; "); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// What a patch says is done, or refused: nothing is passed over.
func TestPatchDirectivesAreHeard(t *testing.T) {
	base := string(layer(kind, "  defaults: {nice: 3}\n  processes:\n  - {name: a, command: [x], envFrom: [{fileRef: {path: /x}}]}\n")) + "---\n"
	set, err := Parse([]File{{"f", []byte(base + string(layer(kindPatch, "  defaults: {$patch: delete}\n")))}})
	if err != nil || set.Processes[0].Nice != nil {
		t.Errorf("defaults that a patch deletes: %+v, %v", set, err)
	}
	_, err = Parse([]File{{"f", []byte(base + string(layer(kindPatch, "  processes:\n  - {name: a, envFrom: [{$patch: delete}]}\n")))}})
	want := "f: spec.processes[0].envFrom[0].$patch: the items of envFrom have no names to be found by: a patch replaces the whole list (line 12)"
	if err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
}

// An order is obeyed also where there is nothing yet to obey it upon: it is never a value.
func TestPatchOrdersInWhatIsNew(t *testing.T) {
	for _, test := range []struct{ what, patch, want, err string }{
		{"one of the ways", `livenessProbe: {exec: {$patch: delete}, tcpSocket: {port: 1}}`, `{"livenessProbe":{"tcpSocket":{"port":1}}}`, ""},
		{"two deep", `lifecycle: {preStop: {exec: {$patch: delete}, sleep: {seconds: 1}}}`, `{"lifecycle":{"preStop":{"sleep":{"seconds":1}}}}`, ""},
		{"in what is replaced", `lifecycle: {$patch: replace, postStart: {$patch: delete}, stopSignal: TERM}`, `{"lifecycle":{"stopSignal":"TERM"}}`, ""},
		{"an item", `env: [{name: A, $patch: delete}, {name: B, value: b}]`, `{"env":[{"name":"B","value":"b"}]}`, ""},
		{"the whole list", `env: [{$patch: replace}, {name: B, value: b}]`, `{"env":[{"name":"B","value":"b"}]}`, ""},
		{"in the whole process", `$patch: replace, command: [z], env: [{$patch: replace}, {name: A, $patch: delete}, {name: B, value: b}]`, `{"command":["z"],"env":[{"name":"B","value":"b"}]}`, ""},
		{"an error behind an order", `env: [{name: A, $patch: delete}, {name: "B="}]`, "", `env[1].name: "B=" holds a '=': the name of a variable ends there (line 10)`},
		{"an error in the whole process", `$patch: replace, command: [z], env: [{$patch: replace}, {name: A, $patch: delete}, {name: "B="}]`, "", `env[2].name: "B=" holds a '=': the name of a variable ends there (line 10)`},
		{"delete, and not which", `$patch: replace, command: [z], env: [{$patch: delete}]`, "", `env[0].name: it is required beside $patch: it says which item is meant (line 10)`},
		{"nothing is left", `livenessProbe: {exec: {$patch: delete}}`, "", `livenessProbe: want exactly one of exec, httpGet, tcpSocket, grpc (line 10)`},
	} {
		t.Run(test.what, func(t *testing.T) {
			base := string(layer(kind, "  processes:\n  - {name: a, command: [x]}\n")) + "---\n"
			set, err := Parse([]File{{"f", []byte(base + string(layer(kindPatch, "  processes: [{name: a, "+test.patch+"}]\n")))}})
			if test.err != "" {
				if want := "f: spec.processes[0]." + test.err; err == nil || err.Error() != want {
					t.Errorf("%v\nwant %s", err, want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := supervisor.Spec{Command: supervisor.Command{Argv: []string{"x"}}}
			if err := json.Unmarshal([]byte(test.want), &want); err != nil {
				t.Fatal(err)
			}
			want.Name = "a"
			ApplyDefaults(&want)
			if diff := cmp.Diff(want, set.Processes[0]); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// Many patches of many processes, and as many wrong names, are a matter of a moment: whoever
// may look may ask what a manifest would change.
func TestPatchesOfManyProcesses(t *testing.T) {
	const many = 3000
	list := func(item string) string {
		var b strings.Builder
		b.WriteString("  processes:\n")
		for i := range many {
			fmt.Fprintf(&b, item, i)
		}
		return b.String()
	}
	one := func(item string) string { // process with a long list
		var items []string
		for i := range many {
			items = append(items, fmt.Sprintf(item, i))
		}
		return "  processes:\n  - {name: a, command: [x], env: [" + strings.Join(items, ", ") + "]}\n"
	}
	parse := func(base, patch string) error {
		_, err := Parse([]File{{"f", layer(kind, base)}, {"p", layer(kindPatch, patch)}})
		return err
	}
	var times []time.Duration
	for _, run := range []struct {
		what, base, patch string
		errors            int
	}{
		{"no patch of consequence", list("  - {name: proc-%d, command: [x]}\n"), list("  - {name: proc-%d}\n"), 0},
		{"an item of each", list("  - {name: proc-%d, command: [x], env: [{name: A}, {name: B}]}\n"), list("  - {name: proc-%d, env: [{name: A, $patch: delete}]}\n"), 0},
		{"a long list", one("{name: A%d}"), one("{name: A%d, value: x}"), 0},
		{"a long list, and another patch that deletes", one("{name: A%d}"), one("{name: A%d, value: x}") +
			"---\n" + string(layer(kindPatch, one("{name: A%d, $patch: delete}"))), 0},
		{"names that are not there", list("  - {name: proc-%d, command: [x]}\n"), list("  - {name: pro-%d}\n"), many},
		{"waiting for names that are not there", list("  - {name: proc-%[1]d, command: [x], dependsOn: [{name: pro-%[1]d}]}\n"), "  processes: []\n", many},
	} {
		start := time.Now()
		err := parse(run.base, run.patch)
		times = append(times, time.Since(start))
		var all Errors
		if errors.As(err, &all); len(all) != run.errors {
			t.Fatalf("%s: %d errors", run.what, len(all))
		}
		if len(all) > 0 && !strings.Contains(all[0].Error(), `did you mean "proc-0"?`) {
			t.Errorf("%s: %v", run.what, all[0])
		}
	}
	for i, took := range times[1:] {
		if took > 8*times[0]+500*time.Millisecond {
			t.Errorf("case %d took %s, what is right %s", i+1, took, times[0])
		}
	}
	t.Log(times)
}
