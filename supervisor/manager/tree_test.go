package manager

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/processmanager/processmanager/supervisor"
)

// The tree of a name with replicas is theirs, in order; arguments are for operators.
func TestTree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{Set: parse(t, manifestOf("",
			"name: web, command: [child]", "name: api, replicas: 2, command: [child]", "name: later, command: [child], suspend: true"))})
		b.run()
		for name, want := range map[string][]string{
			"web":   {"web 0 sleeping child", "web 1 running /bin/worker --token 'not for all'"},
			"api":   {"api-0 0 sleeping child", "api-0 1 running /bin/worker --token 'not for all'", "api-1 0 sleeping child", "api-1 1 running /bin/worker --token 'not for all'"},
			"later": nil,
		} {
			list, err := b.Tree(t.Context(), operator, name)
			if err != nil || list == nil {
				t.Errorf("%s: %v, %v", name, list, err)
			}
			var got []string
			for _, p := range list {
				got = append(got, strings.Join([]string{p.Process, string(rune('0' + p.Depth)), string(p.State), p.Command}, " "))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		list, err := b.Tree(t.Context(), viewer, "web")
		if err != nil || len(list) != 2 || list[1].Command != "/bin/worker" || *list[1].OpenFDs != 7 || list[0].OpenFDs != nil || list[0].UID != nil {
			t.Errorf("a viewer sees %+v, %v", list, err)
		}
		if _, err := b.Tree(t.Context(), operator, "nobody"); !errors.Is(err, supervisor.ErrNotFound) {
			t.Errorf("nobody: %v", err)
		}
		b.end()
	})
}

func TestShownArgs(t *testing.T) {
	for _, tt := range []struct {
		argv []string
		want string
	}{
		{nil, ""},
		{[]string{"a", "", "b c", "d'e"}, `a '' 'b c' 'd'\''e'`},
		{[]string{"\xff"}, "'\uFFFD'"},
		{[]string{strings.Repeat("x", maxShownArgs), "y"}, strings.Repeat("x", maxShownArgs) + "…"},
	} {
		got := shownArgs(tt.argv)
		if got != tt.want {
			t.Errorf("%.40q: %.60q, want %.60q", tt.argv, got, tt.want)
		}
	}
}
