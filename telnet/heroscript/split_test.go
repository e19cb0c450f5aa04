package heroscript_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/processmanager/processmanager/telnet/heroscript"
)

// texts returns the texts of chunks.
func texts(chunks []heroscript.Chunk) []string {
	var out []string
	for _, c := range chunks {
		out = append(out, c.Text)
	}
	return out
}

func TestSplitterEndsStatements(t *testing.T) {
	tests := map[string]struct {
		feed     string
		want     []string // ended by the feed itself
		complete bool     // may be ended by silence
		rest     []string // ended by Flush
	}{
		"nothing":                       {"", nil, false, nil},
		"empty lines":                   {"\n\n  \n", nil, false, nil},
		"a comment is nothing":          {"# x\n", nil, false, nil},
		"no line end yet":               {"!!a", nil, false, []string{"!!a"}},
		"a line":                        {"!!a\n", nil, true, []string{"!!a\n"}},
		"a comment line is no end":      {"!!a\n# x\n", nil, true, []string{"!!a\n# x\n"}},
		"empty line":                    {"!!a\n\n", []string{"!!a\n\n"}, false, nil},
		"line of blanks":                {"!!a\n \t\r\n", []string{"!!a\n \t\r\n"}, false, nil},
		"the next statement":            {"!!a\n!!b\n", []string{"!!a\n"}, true, []string{"!!b\n"}},
		"one bang is not the next":      {"!!a\n!", nil, false, []string{"!!a\n!"}},
		"two bangs are":                 {"!!a\n!!", []string{"!!a\n"}, false, []string{"!!"}},
		"open quote":                    {"!!a b:'x\n", nil, false, []string{"!!a b:'x\n"}},
		"open quote, empty line":        {"!!a b:'x\n\n!!c\n\n", nil, false, []string{"!!a b:'x\n\n!!c\n\n"}},
		"closed quote":                  {"!!a b:'x\n\n'\n", nil, true, []string{"!!a b:'x\n\n'\n"}},
		"escaped quote is no end":       {`!!a b:'x\'` + "\n\n", nil, false, []string{`!!a b:'x\'` + "\n\n"}},
		"escaped backslash, then quote": {`!!a b:'x\\'` + "\n\n", []string{`!!a b:'x\\'` + "\n\n"}, false, nil},
		"quote in a comment":            {"!!a # it's\n\n", []string{"!!a # it's\n\n"}, false, nil},
		"quote in a word":               {"!!a b:it's\n\n", []string{"!!a b:it's\n\n"}, false, nil},
		"not a statement":               {"foo\n", nil, true, []string{"foo\n"}},
		"slash at the end":              {"!!a /", nil, false, []string{"!!a /"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, step := range []int{len(tt.feed) + 1, 1} { // at once, and byte by byte
				split := heroscript.NewSplitter(1 << 10)
				var got []heroscript.Chunk
				for rest := []byte(tt.feed); len(rest) > 0; rest = rest[min(step, len(rest)):] {
					got = append(got, split.Feed(rest[:min(step, len(rest))])...)
				}
				if diff := cmp.Diff(tt.want, texts(got)); diff != "" {
					t.Errorf("pieces of %d: %s", step, diff)
				}
				if split.Complete() != tt.complete {
					t.Errorf("pieces of %d: complete: %v", step, split.Complete())
				}
				if diff := cmp.Diff(tt.rest, texts(split.Flush())); diff != "" {
					t.Errorf("pieces of %d, at the end: %s", step, diff)
				}
				if split.Pending() || split.Complete() {
					t.Errorf("pieces of %d: something is left after Flush", step)
				}
			}
		})
	}
}

func TestSplitterLimit(t *testing.T) {
	split := heroscript.NewSplitter(20)
	long := "!!a b:'" + strings.Repeat("x\n!!no\n\n", 100)
	got := split.Feed([]byte(long))
	if len(got) != 1 || got[0].Err == nil || len(got[0].Text) != 20 {
		t.Fatalf("got %+v", got)
	}
	if _, err := got[0].Parse(); err == nil || err.Error() != "line 1, column 1: the statement is longer than 20 bytes" {
		t.Errorf("error %v", err)
	}
	// What is left of the long one is dropped to its very end, then all is well.
	got = split.Feed([]byte("' c:1\n\n!!good\n\n"))
	if diff := cmp.Diff([]string{"!!good\n\n"}, texts(got)); diff != "" {
		t.Error(diff)
	}
}

func TestSplitterReset(t *testing.T) {
	split := heroscript.NewSplitter(100)
	split.Feed([]byte("!!a b:'open\n"))
	split.Reset()
	got := split.Feed([]byte("!!c\n\n"))
	if diff := cmp.Diff([]heroscript.Chunk{{Text: "!!c\n\n", At: heroscript.Pos{Line: 1, Column: 1}}}, got); diff != "" {
		t.Error(diff)
	}
}

// nearMiss draws text made of the pieces that the grammar is made of.
func nearMiss() *rapid.Generator[string] {
	piece := rapid.SampledFrom([]string{
		"!!", "!", "process.start", "a", ":", "'", `"`, `\`, `\'`, `\\`, " ", "\n", "\n\n", "\t", "#", "//", "/", "x", "ä", "\xff", "\r\n", "name:", "key:'v'", "\x00",
	})
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(piece, 0, 40).Draw(t, "pieces"), "")
	})
}

// However a text is cut into pieces, the same statements come out.
func TestSplitterDoesNotSeePieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := nearMiss().Draw(t, "text")
		whole := heroscript.NewSplitter(60)
		want := append(whole.Feed([]byte(text)), whole.Flush()...)
		split := heroscript.NewSplitter(60)
		var got []heroscript.Chunk
		for rest := []byte(text); len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "n")
			got = append(got, split.Feed(rest[:n])...)
			rest = rest[n:]
		}
		got = append(got, split.Flush()...)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}
