package convert

import (
	"testing"

	"github.com/processmanager/processmanager/supervisor/internal/manifest"
)

// What is written for a reference is what compose makes of it, with the variable set and
// without, or it is said.
func TestInterpolation(t *testing.T) {
	for _, tc := range []struct {
		in, set, unset string
		todo           bool
	}{
		{"plain", "plain", "plain", false},
		{"5$", "5$", "5$", false},
		{"$$V", "$V", "$V", false},
		{"a$V.b", "av.b", "a$(V).b", false},
		{"a${V}b", "avb", "a$(V)b", false},
		{"a${V:-x}b", "axb", "axb", true},
		{"a${V-x y}b", "ax yb", "ax yb", true},
		{"a${V:-}b", "ab", "ab", true},
		{"a${V:-$}(V)", "a$(V)", "a$(V)", true},
		{"$(V)${V:?say so}", "$(V)v", "$(V)$(V)", true},
		{"${V:+x}", "v", "$(V)", true},
		{"${1}$1", "${1}$1", "${1}$1", false},
	} {
		todo := false
		text := interpolate(tc.in).expanding(func(string) { todo = true })
		set := manifest.Expand(text, func(name string) (string, bool) { return "v", name == "V" })
		unset := manifest.Expand(text, func(string) (string, bool) { return "", false })
		if set != tc.set || unset != tc.unset || todo != tc.todo {
			t.Errorf("%s is written as %s: with V=v %q, without %q, TODO %t; want %q, %q, %t", tc.in, text, set, unset, todo, tc.set, tc.unset, tc.todo)
		}
	}
}
