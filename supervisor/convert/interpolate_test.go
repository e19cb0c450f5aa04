package convert

import (
	"strings"
	"testing"

	"github.com/processmanager/processmanager/supervisor/internal/manifest"
)

// What is written for a reference is what compose makes of it, with the variable set and
// without, or it is said.
func TestInterpolation(t *testing.T) {
	for _, tc := range []struct {
		in, set, unset string
		todo           string
	}{
		{"plain", "plain", "plain", ""},
		{"5$", "5$", "5$", ""},
		{"$$V", "$V", "$V", ""},
		{"a$V.b", "av.b", "a$(V).b", ""},
		{"a${V}b", "avb", "a$(V)b", ""},
		{"a${V:-x}b", "axb", "axb", "default"},
		{"a${V-x y}b", "ax yb", "ax yb", "default"},
		{"a${V:-}b", "ab", "ab", "default"},
		{"a${V:-$}(V)", "a$(V)", "a$(V)", "default"},
		{"$(V)${V:?say so}", "$(V)v", "$(V)$(V)", "not refused"},
		{"${V?}", "v", "$(V)", "not refused"},
		{"${V:+x}", "v", "$(V)", "operators"},
		{"${1}$1", "${1}$1", "${1}$1", ""},
	} {
		todo := ""
		text := interpolate(tc.in).expanding(func(text string) { todo = text })
		set := manifest.Expand(text, func(name string) (string, bool) { return "v", name == "V" })
		unset := manifest.Expand(text, func(string) (string, bool) { return "", false })
		if set != tc.set || unset != tc.unset || !strings.Contains(todo, tc.todo) || (todo == "") != (tc.todo == "") {
			t.Errorf("%s is written as %s: with V=v %q, without %q, TODO %q; want %q, %q, %q", tc.in, text, set, unset, todo, tc.set, tc.unset, tc.todo)
		}
	}
}
