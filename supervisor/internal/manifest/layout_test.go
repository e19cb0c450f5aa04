package manifest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What YAML cannot read is told on the line that is to be mended, with the cause. The
// line is counted from the first one of each text here.
func TestSyntaxErrorsTellTheCause(t *testing.T) {
	const head = header + "spec:\n  processes:\n"
	for _, c := range []struct {
		text string
		line int
		want string
	}{
		{"    - name: web\n     command: [x]\n", 2, "it is indented by 5 spaces, which is neither 6 nor 4,"},
		{"    - name: web\n      command: [x]\n   - name: b\n", 3, "it is indented by 3 spaces, which is neither 4 nor 2,"},
		{"    - name: web\n      command: [x]\n       nice: 1\n", 3, "it is indented by 7 spaces, deeper than the line above, below which nothing can stand (its neighbours have 6)"},
		{"    - name: web\n        command: [x]\n", 2, "deeper than the line above"},
		{"    - name: web\n    command: [x]\n", 2, `items of a list begin with "- " (since line 5): indent it by 6 spaces`},
		{"    - name: web\n      - command: [x]\n", 2, `it begins with "- ", as an item of a list`},
		{"    - name: web\n      command: x\n      - args\n", 3, `as an item of a list, between the keys of an object`},
		{"    - name: web\n      command: |\n        one\n     two\n", 4, "it is indented by 5 spaces"},
		{"    - name: web\n      command [x]\n      nice: 1\n", 2, "there is no colon behind the key"},
		{"    - name: web\n      command: echo a: b\n", 2, "a colon and a blank needs quotes"},
		{"    - name: web\n      command: @x\n", 2, "cannot begin with @"},
		{"    - name: web\n      command: [%s]\n", 2, "cannot begin with %"},
		{"    - name: web\n      command: 'it's'\n", 2, "text behind the closing quote"},
		{"    - name: web\n      command: \"a\n      args: [b]\n", 2, `the quote " that begins here is not closed`},
		{"    - name: web\n      command: \"a\n      workingDir: \"b\"\n", 2, "ends on line 7, and there is text behind it"},
		{"    - name: web\n      command: [a, b\n    - name: c\n", 2, "the bracket [ that begins here is not closed"},
		{"    - name: web\n      command: [a, {b: c]\n", 2, "the bracket ] closes one that is not open"},
		{"    - name: web\n      command: *x\n", 2, "there is not: quote it"},
		{"    - name: web\n      command: {{ .Values.x }}\n", 2, "a template has to be filled in first"},
		{"    - name: web\n      command: \"a\\qb\"\n", 2, `write \\, or use single quotes`},
		{"    - name: web\n\tcommand: x\n", 2, "a tab cannot indent YAML: use spaces"},
		{"    - name: web\n      command: \"a\x01\"\n", 2, "U+0001"},
	} {
		const first = 5 // line of the file with which each text begins
		_, err := Parse([]File{{"m.yaml", []byte(head + c.text)}})
		if err == nil {
			t.Errorf("it was accepted:\n%s", c.text)
			continue
		}
		where := fmt.Sprintf("(line %d)", first+c.line-1)
		if !strings.HasPrefix(err.Error(), "m.yaml: not valid YAML: ") || !strings.Contains(err.Error(), c.want) || !strings.HasSuffix(err.Error(), where) {
			t.Errorf("%s%v\nwant %q %s", c.text, err, c.want, where)
		}
		// In a second document the line is still that of the file.
		_, err = Parse([]File{{"m.yaml", []byte(head + "    - {name: a, command: b}\n---\n" + head + c.text)}})
		if where = fmt.Sprintf("(line %d)", first+c.line-1+6); err == nil || !strings.HasSuffix(err.Error(), where) {
			t.Errorf("second document: %s%v\nwant %s", c.text, err, where)
		}
	}
}

// In what can be read nothing is wrong.
func TestNoFlawInGoodFiles(t *testing.T) {
	list := glob(t, "testdata/*.good.yaml")
	for _, pattern := range []string{"../../../deploy/examples/*.yaml", "../../../deploy/examples/pods/*.yaml", "../../../deploy/prometheus/*.yaml", "../../../deploy/helm/processmanager/values.yaml"} {
		list = append(list, glob(t, pattern)...)
	}
	for _, path := range list {
		data, err := os.ReadFile(filepath.Clean(path))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range split(data) {
			if f := firstFlaw(c.data); f != nil {
				t.Errorf("%s:%d: %s", path, f.line+c.line-1, f.what)
			}
		}
	}
}

// What is no UTF-8 text is told with its encoding, or with the byte and its place.
func TestNotText(t *testing.T) {
	for text, want := range map[string]string{
		"\xff\xfea\x00":            "m: the file is UTF-16, little-endian (it begins with the bytes FF FE): save it as UTF-8",
		"\xfe\xff\x00a":            "m: the file is UTF-16, big-endian (it begins with the bytes FE FF): save it as UTF-8",
		"a\x00p\x00i\x00":          "m: the file is UTF-16 without a byte order mark (every other byte is 0): save it as UTF-8",
		"a: b\n# caf\xe9\n":        "m: the file is not UTF-8 text: the byte E9 at offset 10 begins no character (is it ISO 8859-1 or Windows-1252?): save it as UTF-8 (line 2)",
		"# ü\r\n# \u0085\xc3(\n":   "m: the file is not UTF-8 text: the byte C3 at offset 10 begins no character (is it ISO 8859-1 or Windows-1252?): save it as UTF-8 (line 3)",
		"\ufeff" + header + "\xff": fmt.Sprintf("m: the file is not UTF-8 text: the byte FF at offset %d begins no character (is it ISO 8859-1 or Windows-1252?): save it as UTF-8 (line 3)", len(header)+3),
	} {
		if _, err := Parse([]File{{"m", []byte(text)}}); err == nil || err.Error() != want {
			t.Errorf("%q: %v\nwant %s", text, err, want)
		}
	}
}

// Whatever the text, a flaw lies on a line of it, is seen there or further down, and is said
// in one line.
func FuzzFirstFlaw(f *testing.F) {
	for _, text := range []string{
		"", "\n", "a: [b\n", "a:\n- b\n -c: d\n", "a: 'b\n\n''", "a: \"\\", "- - a: |\n  b\n c", "a: [{]\n", "[}\n", "]\n", "&a !b\n",
		"? a\n: b\n---\n%\n", "'a': 'b' c\n", "a: {b: [c, 'd'] #\n}}\n", "\r\u0085\u2028- \u2029 x: y: z\n",
	} {
		f.Add([]byte(text))
	}
	for _, path := range glob(f, "testdata/*.yaml") {
		data, err := os.ReadFile(filepath.Clean(path))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		lines := 0
		for rest := data; len(rest) > 0; rest = rest[lineLength(rest):] {
			lines++
		}
		flaw := firstFlaw(data)
		if flaw == nil {
			return
		}
		if flaw.line < 1 || flaw.seen < flaw.line || flaw.seen > lines || flaw.what == "" || strings.Contains(flaw.what, "\n") {
			t.Fatalf("%q has %d lines: %+v", data, lines, *flaw)
		}
	})
}
