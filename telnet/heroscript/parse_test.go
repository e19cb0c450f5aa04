package heroscript_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/processmanager/processmanager/telnet/heroscript"
)

var noPos = cmpopts.IgnoreTypes(heroscript.Pos{})

// stmt makes a statement from a name and pairs of key and value.
func stmt(name string, pairs ...string) heroscript.Statement {
	st := heroscript.Statement{Name: name}
	for i := 0; i+1 < len(pairs); i += 2 {
		st.Params = append(st.Params, heroscript.Param{Key: pairs[i], Value: pairs[i+1]})
	}
	return st
}

func TestT72T73ParseReadsStatements(t *testing.T) {
	type list = []heroscript.Statement
	tests := map[string]struct {
		script string
		want   list
	}{
		"the documented example, byte for byte": {
			`!!process.start name:'example_process' command:'echo Hello World > /tmp/F' cron:'0 0 * * *' secret:AbC`,
			list{stmt("process.start", "name", "example_process", "command", "echo Hello World > /tmp/F", "cron", "0 0 * * *", "secret", "AbC")},
		},
		"keys and names in any case, values as they are": {
			"!!Process.START Name:WEB LoG:True\n",
			list{stmt("process.start", "name", "WEB", "log", "True")},
		},
		"no parameters, no end of line": {"!!help", list{stmt("help")}},
		"bare values hold colons, slashes, hashes, backslashes": {
			`!!a.b url:http://x:80/#y win:C:\dir bang:a!!b start:!!x`,
			list{stmt("a.b", "url", "http://x:80/#y", "win", `C:\dir`, "bang", "a!!b", "start", "!!x")},
		},
		"both quotes, both escapes, every other backslash stays": {
			`!!a.b s:'it\'s "x" \\ \n \"' d:"it's \"x\" \\ \n \'"`,
			list{stmt("a.b", "s", `it's "x" \ \n \"`, "d", `it's "x" \ \n \'`)},
		},
		"an empty value needs quotes": {`!!a.b c:'' d:""`, list{stmt("a.b", "c", "", "d", "")}},
		"parameters on indented lines, comments between": {
			"!!a.b # one\n  c:1 // two 'quoted\n// three\n\td:2\n",
			list{stmt("a.b", "c", "1", "d", "2")},
		},
		"an empty line, blanks only, or !! ends a statement": {
			"!!a.b\n\n!!c.d\n  \t\n!!e.f\n!!g.h !!i.j\n",
			list{stmt("a.b"), stmt("c.d"), stmt("e.f"), stmt("g.h"), stmt("i.j")},
		},
		"indented statement": {"   !!a.b c:1", list{stmt("a.b", "c", "1")}},
		"carriage returns before line ends are blanks": {
			"!!a.b c:1\r\n  d:'x'\r\n\r\n!!e.f\r\n", list{stmt("a.b", "c", "1", "d", "x"), stmt("e.f")},
		},
		"nothing but comments": {"# a\n  // b\n\n", nil},
		"a value keeps bytes that are not UTF-8": {
			"!!a.b c:'\xff\xfe' d:\xff", list{stmt("a.b", "c", "\xff\xfe", "d", "\xff")},
		},
		"inside quotes nothing ends and nothing is special": {
			"!!process.start name:x command:'" + nasty + "'\n!!process.list\n",
			list{stmt("process.start", "name", "x", "command", nasty), stmt("process.list")},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := heroscript.Parse(tt.script)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, noPos); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// nasty is a script with everything that ended a statement in other programs.
var nasty = strings.Join([]string{
	"#!/bin/sh", "", "# a comment", "// another", "!!process.delete name:all", "  !!indented", "q", "i", "h", "?", "",
	`echo "double" # tail`, "  indented", "\ttabbed", "", "", "key:value", "**RESULT** x", "**ENDRESULT**", "last",
}, "\n")

func TestParseErrors(t *testing.T) {
	tests := map[string]struct {
		script string
		want   string // the text of all errors
		good   []string
	}{
		"not a statement":       {"hello\n", "line 1, column 1: a statement begins with !! (for example !!help)", nil},
		"one bang":              {"!help\n", "line 1, column 1: a statement begins with !! (for example !!help)", nil},
		"indented, no owner":    {"!!a.b\n\n  c:1\n", "line 3, column 3: an indented line belongs to the statement before it, and there is none", []string{"a.b"}},
		"not indented":          {"!!a.b\nc:1\n!!d.e\n", "line 2, column 1: parameters on a line of their own must be indented", []string{"d.e"}},
		"no key":                {"!!a.b name:x foo\n", `line 1, column 14: "foo" is not key:value (a value with blanks needs quotes)`, nil},
		"no value":              {"!!a.b\n  name: x\n", `line 2, column 7: the key "name" has no value (no blank may stand after the colon: write name:VALUE, or name:'' for an empty one)`, nil},
		"no value at the end":   {"!!a.b name:\n", `line 1, column 11: the key "name" has no value (write name:VALUE, or name:'' for an empty one)`, nil},
		"no value, a comment":   {"!!a.b name: # x\n", `line 1, column 11: the key "name" has no value (write name:VALUE, or name:'' for an empty one)`, nil},
		"blank before quotes":   {"!!a.b name: 'x y'\n", `line 1, column 11: the key "name" has no value (no blank may stand after the colon: write name:VALUE, or name:'' for an empty one)`, nil},
		"blank before colon":    {"!!a.b name :x\n", `line 1, column 7: "name" is not key:value (no blank may stand before the colon)`, nil},
		"bad key":               {"!!a.b 1x:2\n", `line 1, column 7: "1x" is not a key (want a letter, then letters, digits, '_', '-')`, nil},
		"duplicate":             {"!!a.b c:1 C:2\n", `line 1, column 11: the key "c" is given twice, first at line 1, column 7`, nil},
		"quote in bare value":   {"!!a.b c:it's\n!!d.e\n", `line 1, column 11: a quote inside an unquoted value: put quotes around the whole value of "c"`, []string{"d.e"}},
		"after closing quote":   {"!!a.b c:'it's'\n!!d.e\n", `line 1, column 13: a blank must follow the closing quote of "c" (a quote inside it is written with a backslash in front)`, []string{"d.e"}},
		"quotes without key":    {"!!a.b 'x y'\n", "line 1, column 7: a quoted value needs a key in front (key:'value')", nil},
		"open quote":            {"!!a.b c:1\n  d:'x\n!!e.f\n", "line 2, column 5: the quote that is opened here is not closed", nil},
		"no name":               {"!! a\n", "line 1, column 3: the name is missing after !!", nil},
		"bad name":              {"!!a..b\n", `line 1, column 3: "a..b" is not the name of a statement (want words of letters, digits, '_', '-', joined by dots)`, nil},
		"colon in name":         {"!!a:b\n", "line 1, column 4: a colon in the name of a statement (want !!name, a blank, then key:value)", nil},
		"control character":     {"!!a.b c:x\x01\n", "line 1, column 10: the control character 0x01 must be inside quotes", nil},
		"columns count letters": {"!!a.b c:'äöü' foo\n", `line 1, column 15: "foo" is not key:value (a value with blanks needs quotes)`, nil},
		"quotes are respected after an error": {
			"!!a.b command:sh -c 'one\n!!process.delete name:x\n'\n!!d.e\n",
			`line 1, column 18: "-c" is not key:value (a value with blanks needs quotes)`,
			[]string{"d.e"},
		},
		"each broken statement has its own error": {
			"!!a.b x\n!!c.d y\n!!e.f\n",
			"line 1, column 7: \"x\" is not key:value (a value with blanks needs quotes)\n" +
				"line 2, column 7: \"y\" is not key:value (a value with blanks needs quotes)",
			[]string{"e.f"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			list, err := heroscript.Parse(tt.script)
			if err == nil {
				t.Fatalf("no error; read %v", list)
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Error(diff)
			}
			var at *heroscript.Error
			if !errors.As(err, &at) || at.Pos.Line < 1 || at.Pos.Column < 1 {
				t.Errorf("the error has no position: %#v", err)
			}
			var good []string
			for _, st := range list {
				good = append(good, st.Name)
			}
			if diff := cmp.Diff(tt.good, good); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBrokenStatementKeepsWhatCouldBeRead(t *testing.T) {
	split := heroscript.NewSplitter(1 << 10)
	chunks := append(split.Feed([]byte("!!a.b oops jobid:'e 42'\n")), split.Flush()...)
	if len(chunks) != 1 {
		t.Fatalf("%d chunks", len(chunks))
	}
	st, err := chunks[0].Parse()
	if err == nil {
		t.Fatal("no error")
	}
	if id, ok := st.Get("jobid"); !ok || id != "e 42" {
		t.Errorf("jobid %q, %v", id, ok)
	}
}

func TestBool(t *testing.T) {
	for text, want := range map[string]bool{"true": true, "1": true, "yes": true, "YES": true, "false": false, "0": false, "no": false, "False": false} {
		if got, err := heroscript.Bool(text); err != nil || got != want {
			t.Errorf("Bool(%q) = %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "2", "on", "y", "truee"} {
		if _, err := heroscript.Bool(text); err == nil {
			t.Errorf("Bool(%q) has no error", text)
		}
	}
}
