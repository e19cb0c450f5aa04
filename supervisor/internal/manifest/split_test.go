package manifest

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplit(t *testing.T) {
	tests := []struct {
		story, text string
		want        []string // "line: text"
	}{
		{"nothing", "", nil},
		{"blanks and comments", " \n# a\n---\n  # b\n...\n", nil},
		{"one without marker", "a: b\n", []string{"1: a: b\n"}},
		{"no line end", "a: b", []string{"1: a: b"}},
		{"two", "a: b\n---\nc: d\n", []string{"1: a: b\n", "2: ---\nc: d\n"}},
		{"content on the marker's line", "--- {a: b}\n---\t{c: d}\n", []string{"1: --- {a: b}\n", "2: ---\t{c: d}\n"}},
		{"an empty one between", "a: b\n---\n# c\n\n--- # d\nc: d\n", []string{"1: a: b\n", "5: --- # d\nc: d\n"}},
		{"an end marker", "a: b\n...\nc: d\n", []string{"1: a: b\n", "3: c: d\n"}},
		{"end and begin", "a: b\n...\n---\nc: d\n", []string{"1: a: b\n", "3: ---\nc: d\n"}},
		{"a directive belongs to what follows", "%YAML 1.1\n# c\n---\na: b\n", []string{"1: %YAML 1.1\n# c\n---\na: b\n"}},
		{"a directive after the first", "a: b\n...\n%YAML 1.1\n---\nc: d\n", []string{"1: a: b\n", "3: %YAML 1.1\n---\nc: d\n"}},
		{"not a marker", "a: |\n  ---\n  ...\n ---\n----\n---x\n", []string{"1: a: |\n  ---\n  ...\n ---\n----\n---x\n"}},
		{"CR LF", "a: b\r\n---\r\nc: d\r\n", []string{"1: a: b\r\n", "2: ---\r\nc: d\r\n"}},
		{"CR alone", "a: b\r---\rc: d", []string{"1: a: b\r", "2: ---\rc: d"}},
		{"the line breaks of Unicode", "a: b\u2028---\u0085c: d\u2029...\ne: f", []string{"1: a: b\u2028", "2: ---\u0085c: d\u2029", "5: e: f"}},
	}
	for _, tt := range tests {
		var got []string
		for _, c := range split([]byte(tt.text)) {
			got = append(got, fmt.Sprintf("%d: %s", c.line, c.data))
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s:\n%s", tt.story, diff)
		}
	}
}
