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
		{"a${V:-b${W:-c}}d", "abcd", "abcd", "default"},
		{"a${V:-b${W}}d", "ab$(W)d", "ab$(W)d", "default"},
		{"${V:-{}}", "{}", "{}", "default"},
		{"${1}$1", "${1}$1", "${1}$1", ""},
	} {
		todo := ""
		text := interpolate(tc.in).expanding(func(m remark) { todo = m.text })
		set := manifest.Expand(text, func(name string) (string, bool) { return "v", name == "V" })
		unset := manifest.Expand(text, func(string) (string, bool) { return "", false })
		if set != tc.set || unset != tc.unset || !strings.Contains(todo, tc.todo) || (todo == "") != (tc.todo == "") {
			t.Errorf("%s is written as %s: with V=v %q, without %q, TODO %q; want %q, %q, %q", tc.in, text, set, unset, todo, tc.set, tc.unset, tc.todo)
		}
	}
}

// What is known when the file is converted is put in as compose puts it in.
func TestFill(t *testing.T) {
	values := map[string]string{"V": "v", "E": "", "D": "a$b"}
	for _, tc := range []struct{ in, want string }{
		{"$V", "v"},
		{"${V}", "v"},
		{"$$V", "$V"},
		{"$D", "a$b"},
		{"${V:-x}${V-x}", "vv"},
		{"${E:-x}${E-x}", "x"},
		{"${U:-x}${U-y}", "xy"},
		{"${V:+x}${V+x}", "xx"},
		{"${E:+x}${E+x}", "x"},
		{"${U:+x}${U+x}", ""},
		{"${V:?no}${V?no}${E?no}", "vv"},
		{"${U:-${V}}", "v"},
		{"${U:-${E:-${V:-x}}}", "v"},
		{"${E:?say so}", "!E is empty, and must not be: say so"},
		{"$U", "?"},
		{"${U:?say so}", "?"},
		{"${U:-$W}", "?"},
	} {
		in, err := newFiller(values).fill(interpolate(tc.in))
		got, known := in.defaults()
		switch {
		case err != nil:
			got = "!" + err.Error()
		case !known:
			got = "?"
		}
		if got != tc.want {
			t.Errorf("%s becomes %q, want %q", tc.in, got, tc.want)
		}
	}
	deep := strings.Repeat("${A:-", maxNesting+1) + strings.Repeat("}", maxNesting+1)
	if in := interpolate(deep); in.odd == "" {
		t.Errorf("%s is taken, and is too deep", deep)
	}
	large := &filler{values: map[string]string{"L": strings.Repeat("x", 1000)}, used: map[string]bool{}, left: maxFilled}
	if _, err := large.fill(interpolate(strings.Repeat("$L", maxFilled/1000+1))); err == nil {
		t.Error("more than the limit is filled in")
	}
}
