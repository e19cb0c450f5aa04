package convert

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	yaml "go.yaml.in/yaml/v3"
)

// A hole is one value of an example, with what is in front of it and behind it: another
// value is put there, wherever one stands.
type hole struct {
	format, file  string
	before, after string
	quote         func(string) string
}

func (h hole) filled(value string) []byte { return []byte(h.before + h.quote(value) + h.after) }

// inLines finds the values of a format of lines.
func inLines(format, file, text string, value *regexp.Regexp, quote func(string) string) (list []hole) {
	for _, at := range value.FindAllStringSubmatchIndex(text, -1) {
		for i := 2; i < len(at); i += 2 {
			if at[i] >= 0 && at[i] < at[i+1] {
				list = append(list, hole{format, file, text[:at[i]], text[at[i+1]:], quote})
			}
		}
	}
	return list
}

// inYAML finds the keys and values of a document; each is marked once, and what the
// encoder writes around the mark is what stays.
func inYAML(t testing.TB, format, file string, text []byte) (list []hole) {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	const mark = "put-it-here"
	var visit func(n *yaml.Node)
	visit = func(n *yaml.Node) {
		if n.Kind == yaml.ScalarNode && n.Tag != "!!merge" {
			was := *n
			*n = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: mark, Anchor: was.Anchor}
			var b bytes.Buffer
			enc := yaml.NewEncoder(&b)
			if err := enc.Encode(&doc); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			*n = was
			before, after, ok := strings.Cut(b.String(), mark)
			if !ok {
				t.Fatalf("%s: a value is not written", file)
			}
			list = append(list, hole{format, file, before, after, scalar})
		}
		for _, c := range n.Content {
			visit(c)
		}
	}
	visit(&doc)
	return list
}

// holes are those of all examples, in their order.
func holes(t testing.TB) (list []hole) {
	t.Helper()
	line := func(text string) string { return strings.NewReplacer("\n", " ", "\x00", " ").Replace(text) }
	for _, c := range []struct {
		format, pattern, as string
		value               *regexp.Regexp // nil: YAML
	}{
		{"process-compose", "process-compose/srv/app/*.yaml", "srv/process-compose.yaml", nil},
		{"compose", "compose/srv/*.yaml", "srv/compose.yaml", nil},
		{"pebble", "pebble/layers/*.yaml", "layer.yaml", nil},
		{"supervisord", "*/etc/supervisor/*.conf", "etc/supervisord.conf", regexp.MustCompile(`(?m)^\[(?:program:)?(.*)\]|^(\w+) ?= ?(.*)$`)},
		{"supervisord", "*/etc/supervisor/conf.d/*.conf", "etc/supervisord.conf", regexp.MustCompile(`(?m)^\[(?:program:)?(.*)\]|^(\w+) ?= ?(.*)$`)},
		{"crontab", "*/etc/cron.d/*", "etc/cron.d/x", regexp.MustCompile(`(?m)^(\w+) ?= ?(.*)$|^([^#\s]\S*) (\S+) (\S+) (\S+) (\S+)\s+(\S+)\s+(.*)$`)},
		{"supercronic", "*/app/crontab*", "crontab", regexp.MustCompile(`(?m)^(\w+) ?= ?(.*)$|^([^#\s]\S*) (\S+) (\S+) (\S+) (\S+)\s+(.*)$`)},
		{"procfile", "*/app/Procfile", "app/Procfile", regexp.MustCompile(`(?m)^([^#:\n]*): *(.*)$`)},
	} {
		files, err := filepath.Glob(filepath.Join("testdata", c.pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("no example: %s", c.pattern)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if c.value == nil {
				list = append(list, inYAML(t, c.format, c.as, text)...)
			} else {
				list = append(list, inLines(c.format, c.as, string(text), c.value, line)...)
			}
		}
	}
	return list
}

// oddValues are those of which a manifest has something against in one place or another.
func oddValues() []string {
	return []string{
		"", " ", "0", "-1", "1.5", "99999999999999999999", "true", "é\u00a0=", "a\x00b", "a\nb", "../a b", "PM_PROCESS_NAME",
		"9999999h", "SIGNOPE", "a:b", "$$ ${A:-b} $(c) {{.D}} %(e)s", strings.Repeat("x", 129<<10),
	}
}

// Whatever stands in one place of an example, what comes out is a manifest, or an error
// that says where and is not about the manifest.
func TestOneOddValue(t *testing.T) {
	all, odd := holes(t), oddValues()
	if len(all) < 500 {
		t.Fatalf("only %d places were found", len(all))
	}
	for i, h := range all { // all of them together take half a minute; FuzzOneValue has the time
		for k := i % 8; k < len(odd); k += 8 {
			checkFilled(t, h, odd[k])
		}
	}
}

func checkFilled(t *testing.T, h hole, value string) {
	t.Helper()
	_, err := Convert(oneFile{h.file, h.filled(value)}, h.file, Options{From: h.format})
	if err == nil {
		return
	}
	var at *Error
	if text := err.Error(); !errors.As(err, &at) && !errors.Is(err, fs.ErrNotExist) || strings.Contains(text, "reads back") || strings.Contains(text, "is refused") {
		t.Errorf("%s, %.30q behind %q: %.400s", h.format, value, h.before[max(0, len(h.before)-60):], text)
	}
}

func FuzzOneValue(f *testing.F) {
	all := holes(f)
	for k, value := range oddValues() {
		for i := k; i < len(all) && len(value) < 1000; i += 40 {
			f.Add(uint16(i), value)
		}
	}
	f.Fuzz(func(t *testing.T, place uint16, value string) {
		h := all[int(place)%len(all)]
		soundFS(t, oneFile{h.file, h.filled(value)}, h.file, h.format)
	})
}
