package manifest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/processmanager/processmanager/supervisor"
)

const header = "apiVersion: processmanager/v1\nkind: ProcessManifest\n"

func TestNoFileIsAnEmptySetThatStays(t *testing.T) {
	set, err := Parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := &supervisor.Set{GracePeriod: 25 * time.Second, ExitPolicy: supervisor.ExitNever}
	if diff := cmp.Diff(want, set); diff != "" {
		t.Error(diff)
	}
}

func TestFilesAreJoinedInOrder(t *testing.T) {
	file := func(name, process string) File {
		return File{name, []byte(header + "spec: {processes: [{name: " + process + ", command: [x], dependsOn: [{name: a}]}]}\n")}
	}
	first := File{"1.yaml", []byte(header + "spec: {processes: [{name: a, command: [x]}]}\n")}
	set, err := Parse([]File{first, file("2.yaml", "c"), file("3.yaml", "b")})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range set.Processes {
		names = append(names, p.Name)
	}
	if got := strings.Join(names, " "); got != "a c b" {
		t.Errorf("order %s, want a c b", got)
	}
}

func TestErrorsNameBothFiles(t *testing.T) {
	text := []byte(header + "spec:\n  exitPolicy: Never\n  processes:\n  - {name: a, command: [x]}\n")
	other := []byte(strings.ReplaceAll(string(text), "Never", "WhenDone"))
	_, err := Parse([]File{{"1.yaml", text}, {"2.yaml", other}, {"3.yaml", nil}})
	if err == nil {
		t.Fatal("it was accepted")
	}
	want := `2.yaml: spec.exitPolicy: it is WhenDone here, but Never in 1.yaml (line 4): it holds for the whole manifest, so give it once (line 4)
2.yaml: spec.processes[0].name: the name "a" is taken by 1.yaml: spec.processes[0] on line 6 (line 6)
3.yaml: the file holds no document (to run nothing, write a ProcessManifest with processes: [])`
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
}

func TestLimits(t *testing.T) {
	big := File{"big.yaml", []byte(header + strings.Repeat("#", maxFile))}
	if _, err := Parse([]File{big}); err == nil || !strings.Contains(err.Error(), "too large: at most 1 MiB (1048576 bytes)") {
		t.Errorf("a file over the limit: %v", err)
	}
	var files []File
	for i := range 2 {
		var b strings.Builder
		b.WriteString(header + "spec:\n  processes:\n")
		for j := range maxProcesses/2 + 1 {
			fmt.Fprintf(&b, "  - {name: p%d-%d, command: [x]}\n", i, j)
		}
		files = append(files, File{fmt.Sprint(i), []byte(b.String())})
	}
	if _, err := Parse(files); err == nil || !strings.Contains(err.Error(), "more than 10000 processes") {
		t.Errorf("processes over the limit: %v", err)
	}
	if set, err := Parse(files[:1]); err != nil || len(set.Processes) != maxProcesses/2+1 {
		t.Errorf("processes under the limit: %v", err)
	}
}

// A manifest that was cut off anywhere either is refused, or holds a beginning of
// the whole list; it never loses a field of a process that is followed by another.
func TestCutOffFileIsNotAnEmptyManifest(t *testing.T) {
	text := header + "spec:\n  processes:\n    - name: web\n      command: [a]\n"
	for i := range len(text) - len("    - name: web\n      command: [a]\n") {
		if set, err := Parse([]File{{"x", []byte(text[:i])}}); err == nil {
			t.Errorf("%q was read as %+v", text[:i], set)
		}
	}
}

func TestCheckSpec(t *testing.T) {
	good := supervisor.Spec{Name: "web", Command: supervisor.Command{Shell: "exec server"}}
	if err := CheckSpec(good); err != nil {
		t.Errorf("a small spec: %v", err)
	}
	bad := supervisor.Spec{Name: "a/b", Schedule: "0 0 30 2 *", KillMode: "Half", Env: []supervisor.EnvVar{{Name: "A=B"}}}
	err := CheckSpec(bad)
	if !errors.Is(err, supervisor.ErrInvalid) {
		t.Fatalf("%v is not ErrInvalid", err)
	}
	for _, path := range []string{"name: ", "schedule: ", "killMode: ", "env[0].name: ", "command: "} {
		if !strings.Contains("\n"+err.Error(), "\n"+path) {
			t.Errorf("%s is missing in:\n%v", path, err)
		}
	}
}

func TestDefaultsOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := drawSpec(t)
		before := CheckSpec(spec)
		once := spec
		ApplyDefaults(&once)
		twice := once
		ApplyDefaults(&twice)
		if diff := cmp.Diff(once, twice); diff != "" {
			t.Fatalf("the second time changed something:\n%s", diff)
		}
		if after := CheckSpec(once); before == nil && after != nil {
			t.Fatalf("what was right is wrong with its defaults: %v", after)
		}
	})
}

func TestDefaultsShareNothing(t *testing.T) {
	base := supervisor.Spec{Lifecycle: &supervisor.Lifecycle{}, RestartBackoff: &supervisor.Backoff{}, DependsOn: []supervisor.Dependency{{Name: "a"}}}
	full := base
	ApplyDefaults(&full)
	want := supervisor.Spec{Lifecycle: &supervisor.Lifecycle{}, RestartBackoff: &supervisor.Backoff{}, DependsOn: []supervisor.Dependency{{Name: "a"}}}
	if diff := cmp.Diff(want, base); diff != "" {
		t.Errorf("the spec that it was copied from has changed:\n%s", diff)
	}
}

func drawSpec(t *rapid.T) supervisor.Spec {
	spec := supervisor.Spec{Name: "p", Command: supervisor.Command{Argv: []string{"x"}}}
	flip := func(label string) bool { return rapid.Bool().Draw(t, label) }
	if flip("shell") {
		spec.Command = supervisor.Command{Shell: "x"}
	}
	if flip("schedule") {
		spec.Schedule = "@daily"
	}
	if flip("dependency") {
		spec.DependsOn = []supervisor.Dependency{{Name: "q"}, {Name: "r", Condition: supervisor.ConditionCompleted}}
	}
	if flip("lifecycle") {
		spec.Lifecycle = &supervisor.Lifecycle{StopSignal: rapid.SampledFrom([]string{"", "TERM", "NOPE"}).Draw(t, "signal")}
	}
	if flip("backoff") {
		d := supervisor.Duration(rapid.Int64Range(-1, int64(2*time.Minute)).Draw(t, "initial"))
		spec.RestartBackoff = &supervisor.Backoff{Initial: &d}
	}
	if flip("max restarts") {
		n := rapid.IntRange(-1, 3).Draw(t, "n")
		spec.MaxRestarts = &n
	}
	spec.RestartPolicy = rapid.SampledFrom([]supervisor.RestartPolicy{"", supervisor.RestartAlways, supervisor.RestartNever, "x"}).Draw(t, "policy")
	spec.ConcurrencyPolicy = rapid.SampledFrom([]supervisor.ConcurrencyPolicy{"", supervisor.ConcurrencyAllow}).Draw(t, "concurrency")
	return spec
}

// Every tag can be read, and bounds come in pairs.
func TestTags(t *testing.T) {
	for _, typ := range []reflect.Type{
		reflect.TypeFor[document](), reflect.TypeFor[documentSpec](), reflect.TypeFor[defaults](), reflect.TypeFor[supervisor.Spec](),
		reflect.TypeFor[supervisor.Backoff](), reflect.TypeFor[supervisor.Dependency](), reflect.TypeFor[supervisor.EnvVar](),
		reflect.TypeFor[supervisor.Lifecycle](), reflect.TypeFor[supervisor.Log](),
	} {
		for _, f := range fields(typ) {
			if f.name == "" || f.doc == "" || (f.min == "") != (f.max == "") {
				t.Errorf("%v: field %+v lacks a name, a doc or a bound", typ, f)
			}
			if f.min != "" && !(bound(f.min) < bound(f.max)) {
				t.Errorf("%v.%s: bounds %s to %s", typ, f.name, f.min, f.max)
			}
		}
	}
}

// A boot reads the manifest before anything else.
func BenchmarkParse1000(b *testing.B) {
	var text strings.Builder
	text.WriteString(header + "spec:\n  processes:\n")
	for i := range 1000 {
		fmt.Fprintf(&text, "    - name: p%d\n      command: [sleep, \"1000\"]\n      env:\n        - {name: A, value: x}\n", i)
	}
	files := []File{{"bench.yaml", []byte(text.String())}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(files); err != nil {
			b.Fatal(err)
		}
	}
}

// Whatever comes in, alone or with a patch behind it, is a set of valid processes that can be
// printed and read again, or an error of which each line begins with its file.
func FuzzParse(f *testing.F) {
	f.Add([]byte(header+"spec: {processes: [{name: a, command: [x], env: [{name: A, value: no}]}]}\n---\n"), []byte(nil))
	f.Add([]byte(header+"spec:\n  defaults: &d {labels: {a: b}}\n  processes:\n  - <<: *d\n    name: a\n    command: |\n     x\n"), []byte("processes: [{name: a, $patch: delete}]"))
	f.Add([]byte("%YAML 1.1\n--- {a: b}\n...\n\ufeff---\r\n\t"), []byte("{$patch: replace}"))
	base := header + "spec: {defaults: {nice: 3}, processes: [{name: a, command: [x], env: [{name: A}, {name: B}], livenessProbe: {exec: {command: [x]}}}]}\n"
	for _, patch := range []string{
		"{defaults: null, exitPolicy: Never, processes: [{name: a, env: [{name: B, $patch: delete}, {name: C, value: c}]}]}",
		"processes: [{name: a, env: [{$patch: replace}, {name: B}], livenessProbe: {tcpSocket: {port: 1}, exec: {$patch: delete}}}]",
		"processes: [{name: a, $patch: replace, command: z, lifecycle: {preStop: {sleep: {seconds: 1}}, postStart: {$patch: delete}}}]",
		"processes: [{name: b, log: true}]",
	} {
		f.Add([]byte(base), []byte(patch))
	}
	paths, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, []byte("defaults: {umask: \"077\"}"))
	}
	f.Fuzz(func(t *testing.T, data, patch []byte) {
		if len(data)+len(patch) > 4<<10 {
			return
		}
		files := []File{{"fuzz.yaml", data}}
		if len(patch) > 0 {
			files = append(files, File{"fuzz.patch.yaml", []byte("apiVersion: " + apiVersion + "\nkind: " + kindPatch + "\nspec:\n  " +
				strings.ReplaceAll(string(patch), "\n", "\n  "))})
		}
		set, err := Parse(files)
		if err != nil {
			if !errors.Is(err, supervisor.ErrInvalid) || strings.Contains(err.Error(), ": cannot be read: ") {
				t.Fatalf("%v", err)
			}
			for line := range strings.SplitSeq(err.Error(), "\n") {
				if !strings.HasPrefix(line, "fuzz.yaml: ") && !strings.HasPrefix(line, "fuzz.patch.yaml: ") {
					t.Fatalf("a line without its file: %q", err)
				}
			}
			return
		}
		for _, spec := range set.Processes {
			if err := CheckSpec(spec); err != nil {
				t.Fatalf("%+v was accepted: %v", spec, err)
			}
		}
		text, err := Print(set)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse([]File{{"printed", text}})
		if err != nil {
			t.Fatalf("what was printed is refused: %v\n%s", err, text)
		}
		if diff := cmp.Diff(write(t, set), write(t, again)); diff != "" {
			t.Fatalf("(-before +printed):\n%s\n%s", diff, text)
		}
	})
}

// What is wrong with one process is not also held against those that wait for it.
func TestBrokenProcessIsReportedOnce(t *testing.T) {
	text := header + `spec:
  processes:
  - {name: a, command: [x], restartPolicy: 5}
  - {name: b, command: [x], dependsOn: [{name: a, condition: Completed}]}
`
	_, err := Parse([]File{{"x", []byte(text)}})
	want := "x: spec.processes[0].restartPolicy: want one of Always, OnFailure, Never, got the number 5 (line 5)"
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

func TestWhatMayBeWaitedForToComplete(t *testing.T) {
	for _, how := range []string{"restartPolicy: Never", "restartPolicy: OnFailure", "maxRestarts: 3", `schedule: "@daily"`} {
		text := header + "spec:\n  processes:\n  - {name: a, command: [x], " + how + "}\n" +
			"  - {name: b, command: [x], dependsOn: [{name: a, condition: Completed}]}\n"
		if _, err := Parse([]File{{"x", []byte(text)}}); err != nil {
			t.Errorf("%s: %v", how, err)
		}
	}
}

func TestDepthCountsNoBracketsInText(t *testing.T) {
	text := header + `spec: {processes: [{name: a, command: ["\"` + strings.Repeat("[", 2*maxDepth) + `"]}]}`
	if _, err := Parse([]File{{"x", []byte(text)}}); err != nil {
		t.Error(err)
	}
}

func TestStringsThatLinuxCannotPass(t *testing.T) {
	spec := supervisor.Spec{Name: "a", Command: supervisor.Command{Argv: []string{"x", strings.Repeat("y", maxString)}}}
	if err := CheckSpec(spec); err != nil {
		t.Errorf("the longest: %v", err)
	}
	spec.Command.Argv[1] += "y"
	if err := CheckSpec(spec); err == nil || !strings.Contains(err.Error(), "command[1]: it is 131072 bytes long") {
		t.Errorf("one more: %v", err)
	}
}

// A long cycle is told by its ends.
func TestLongCycleIsShortened(t *testing.T) {
	var b strings.Builder
	for i := range 40 {
		fmt.Fprintf(&b, "  - {name: p%d, command: [x], dependsOn: [{name: p%d}]}\n", i, (i+1)%40)
	}
	_, err := Parse([]File{{"f", layer(kind, "  processes:\n"+b.String())}})
	want := "f: spec.processes[39].dependsOn[0]: the dependencies form a cycle: p0 → p1 → p2 → p3 → p4 → (30 more) → p35 → p36 → p37 → p38 → p39 → p0 (line 44)"
	if err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
}
