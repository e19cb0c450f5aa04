package heroscript_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/processmanager/processmanager/telnet/heroscript"
)

func ExampleFormat() {
	fmt.Print(heroscript.Format(heroscript.Statement{
		Name: "process.start",
		Params: []heroscript.Param{
			{Key: "name", Value: "web"},
			{Key: "command", Value: `echo 'it\s'`},
			{Key: "log", Value: "true"},
			{Key: "deadline", Value: "30"},
		},
	}))
	// Output: !!process.start name:'web' command:'echo \'it\\s\'' log:true deadline:30
}

func ExampleParse() {
	list, err := heroscript.Parse("!!process.stop name:web\n\n!!process.start nmae\n")
	for _, st := range list {
		fmt.Println(st.Name, st.Params[0].Key, st.Params[0].Value)
	}
	fmt.Println(err)
	// Output:
	// process.stop name web
	// line 3, column 17: "nmae" is not key:value (a value with blanks needs quotes)
}

func TestT74ParseOfFormatIsTheSame(t *testing.T) {
	ident := rapid.StringMatching(`[a-z][a-z0-9_-]{0,8}`)
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) heroscript.Statement {
			st := heroscript.Statement{Name: rapid.StringMatching(`[a-z][a-z0-9_-]{0,8}(\.[a-z][a-z0-9_-]{0,8})?`).Draw(t, "name")}
			for _, key := range rapid.SliceOfNDistinct(ident, 0, 4, rapid.ID[string]).Draw(t, "keys") {
				value := rapid.OneOf(nearMiss(), rapid.SampledFrom([]string{"", "true", "0", "007", "x y"})).Draw(t, "value")
				st.Params = append(st.Params, heroscript.Param{Key: key, Value: value})
			}
			return st
		}), 1, 4).Draw(t, "list")
		text := heroscript.Format(list...)
		got, err := heroscript.Parse(text)
		if err != nil {
			t.Fatalf("%v in %q", err, text)
		}
		if diff := cmp.Diff(list, got, noPos); diff != "" {
			t.Fatalf("%s of %q", diff, text)
		}
	})
}

// FuzzFormat (T74) puts any value into a statement: it comes back as it was, and the
// statements around it stay what they are.
func FuzzFormat(f *testing.F) {
	f.Add("x", "'; !!process.delete name:'x")
	f.Add("\n\n!!quit\n", `\`)
	f.Add(nasty, `\'`)
	f.Fuzz(func(t *testing.T, one, two string) {
		if len(one)+len(two) > 1<<16 {
			t.Skip("too long")
		}
		list := []heroscript.Statement{stmt("a.b", "one", one, "two", two), stmt("c.d", "one", one)}
		got, err := heroscript.Parse(heroscript.Format(list...))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(list, got, noPos); diff != "" {
			t.Fatal(diff)
		}
	})
}

// FuzzParse reads anything: no panic, every error has its place, and what was
// read can be written and read again.
func FuzzParse(f *testing.F) {
	f.Add("!!process.start name:web command:'echo \\'x\\'' log:true\n  jobid:\"e42\" # c\n\n!!help")
	f.Add("!!a b:'open\n\n!!c")
	f.Add("  stray:1\n!!x // y\nz:1")
	f.Fuzz(func(t *testing.T, script string) {
		if len(script) > 1<<16 {
			t.Skip("too long")
		}
		list, err := heroscript.Parse(script)
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			for _, e := range joined.Unwrap() {
				var at *heroscript.Error
				if !errors.As(e, &at) || at.Pos.Line < 1 || at.Pos.Column < 1 {
					t.Fatalf("no place in %#v", e)
				}
			}
		}
		again, err := heroscript.Parse(heroscript.Format(list...))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(list, again, noPos); diff != "" {
			t.Fatal(diff)
		}
	})
}
