package manifest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/processmanager/processmanager/supervisor"
)

func TestReplicas(t *testing.T) {
	spec := supervisor.Spec{Name: "web", Essential: true}
	if diff := cmp.Diff([]supervisor.Spec{spec}, Replicas(spec)); diff != "" {
		t.Errorf("without replicas:\n%s", diff)
	}
	for n, want := range map[int]string{0: "", 1: "web-0", 3: "web-0 web-1 web-2"} {
		spec.Replicas = &n
		var got []string
		for _, r := range Replicas(spec) {
			got = append(got, r.Name)
			if r.Replicas != nil || !r.Essential {
				t.Errorf("%d replicas: %+v", n, r)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%d replicas: got %q, want %s", n, got, want)
		}
	}
	if *spec.Replicas < 0 || spec.Name != "web" {
		t.Errorf("the spec was changed: %+v", spec)
	}
}

func TestReplicasCountAsProcesses(t *testing.T) {
	var b strings.Builder
	b.WriteString(header + "spec:\n  processes:\n")
	for i := range 11 {
		b.WriteString("  - {name: " + string(rune('a'+i)) + ", command: [x], replicas: 1000}\n")
	}
	_, err := Parse([]File{{"x", []byte(b.String())}})
	want := "x: spec.processes[10].replicas: with its replicas there are more than 10000 processes (line 15)"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
