package manifest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestDotenv(t *testing.T) {
	tests := []struct {
		story, text string
		want        []string // NAME=value, quoted by Go
	}{
		{"nothing", "", nil},
		{"blanks and comments", "\n  \n# A=1\n\t# B=2\r\n", nil},
		{"plain", "A=1\nB=two words\n", []string{"A=1", "B=two words"}},
		{"no line end", "A=1", []string{"A=1"}},
		{"CR LF and a BOM", "\ufeffA=1\r\nB='2'\r\n\r\nC=\"3\"\r\n", []string{"A=1", "B=2", "C=3"}},
		{"export", "export A=1\nexport\tB=2\nexport=3\nexported=4\n", []string{"A=1", "B=2", "export=3", "exported=4"}},
		{"blanks around", "  A = 1  \n\tB\t=\t2\t\n", []string{"A=1", "B=2"}},
		{"empty", "A=\nB=''\nC=\"\"\nD= # nothing\n", []string{"A=", "B=", "C=", "D="}},
		{"a comment behind", "A=1 # one\nB=a#b\nC='x' # y\nD=\"x\"\t#y\nE=#all\n", []string{"A=1", "B=a#b", "C=x", "D=x", "E="}},
		{"T59 values are data", "A=p%a$s{{x}}$(NOPE)$$(A)${B}`c`\\n\nB=a'b\"c\n", []string{"A=p%a$s{{x}}$(NOPE)$$(A)${B}`c`\\n", "B=a'b\"c"}},
		{"single quotes", `A='a "b" \n $(c) # d'` + "\n", []string{`A=a "b" \n $(c) # d`}},
		{"double quotes", `A="a 'b' \"c\" \\ \n\t\r\$ \x # d"` + "\n", []string{"A=a 'b' \"c\" \\ \n\t\r$ \\x # d"}},
		{"over lines", "A='one\n# two\nthree'\nB=\"one\ntwo\"\nC=3\n", []string{"A=one\n# two\nthree", "B=one\ntwo", "C=3"}},
		{"names", "_a.b-C9=1\n", []string{"_a.b-C9=1"}},
		{"twice", "A=1\nA=2\n", []string{"A=1", "A=2"}},
		{"an equals sign in it", "A=b=c\nB==\n", []string{"A=b=c", "B=="}},
	}
	for _, tt := range tests {
		list, err := parseDotenv([]byte(tt.text))
		if err != nil {
			t.Errorf("%s: %v", tt.story, err)
		}
		var got []string
		for _, v := range list {
			got = append(got, v.name+"="+v.value)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s:\n%s", tt.story, diff)
		}
	}
}

// What is refused is named by its line, and never shown: it may be a secret.
func TestT100DotenvErrorsShowNoValue(t *testing.T) {
	for text, want := range map[string]string{
		"A=1\nhunter2":        "line 2: want NAME=value, there is no '=' after the name",
		"A='\n\n'\n=hunter2":  "line 4: want NAME=value, with a name",
		"1A=hunter2":          "line 1: want NAME=value, with a name",
		"ä=hunter2":           "line 1: want NAME=value, with a name",
		"A B=hunter2":         "line 1: want NAME=value, there is no '='",
		"A='hunter2":          "line 1: the quote ' is not closed",
		"\nA=\"hunter2\\\"\n": "line 2: the quote \" is not closed",
		"A='x' hunter2":       "line 1: there is more after the closing quote",
		"A=\"x\"hunter2":      "line 1: there is more after the closing quote",
		"A='x'#hunter2":       "line 1: there is more after the closing quote",
		"export hunter2":      "line 1: want NAME=value, there is no '='",
		"A=1\nB=hunter2\x00":  "line 2: it holds a NUL byte",
		"A=" + strings.Repeat("hunter2", maxDotenv): "it is longer than 1048576 bytes",
	} {
		_, err := parseDotenv([]byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%.40q: got %v, want %s", text, err, want)
		}
	}
}

// A value in single quotes comes out as it went in, and so does one in double quotes
// whose special characters are escaped.
func TestDotenvQuotes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := strings.ReplaceAll(rapid.String().Draw(t, "value"), "\x00", "")
		double := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value)
		text := fmt.Sprintf("A=\"%s\"\nB='%s'\n", double, strings.ReplaceAll(value, "'", ""))
		list, err := parseDotenv([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		want := []variable{{"A", value}, {"B", strings.ReplaceAll(value, "'", "")}}
		if diff := cmp.Diff(want, list, cmp.AllowUnexported(variable{})); diff != "" {
			t.Fatalf("%q:\n%s", text, diff)
		}
	})
}

func FuzzDotenv(f *testing.F) {
	f.Add([]byte("# c\nexport A=1 # d\r\nB='2\n3'\nC=\"\\n\\\"$(X)\" #\n"))
	f.Add([]byte("A\n"))
	f.Add([]byte("A=\"\\"))
	f.Add([]byte("=\n'"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := parseDotenv(data)
		if err != nil {
			if len(list) > 0 {
				t.Fatalf("an error and %d variables", len(list))
			}
			return
		}
		size := 0
		for _, v := range list {
			if why := badEnvName(v.name); v.name == "" || strings.ContainsAny(v.name, "= \n") {
				t.Fatalf("the name %q: %s", v.name, why)
			}
			if err := usable(v.name, v.value); err != nil && !strings.Contains(err.Error(), "longer") {
				t.Fatal(err)
			}
			size += len(v.name) + len(v.value)
		}
		if size > len(data) {
			t.Fatalf("%d bytes became %d", len(data), size)
		}
	})
}
