package heroscript_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/processmanager/processmanager/telnet/heroscript"
)

func TestAtTellsWhatComesNext(t *testing.T) {
	type place = heroscript.Place
	name := func(word string) place { return place{Part: heroscript.PartName, Word: word} }
	tests := map[string]struct {
		text string
		want place
	}{
		"nothing":              {"", name("")},
		"half a bang":          {"!", name("!")},
		"bangs":                {"!!", name("!!")},
		"name":                 {"!!Proc", name("!!Proc")},
		"second name":          {"!!a.b c:1\n!!d", name("!!d")},
		"name behind the end":  {"!!a.b\n\n", name("")},
		"next line":            {"!!a.b\n", name("")},
		"half a bang after":    {"!!a.b !", name("!")},
		"key":                  {"!!A.b ", place{Part: heroscript.PartKey, Name: "a.b"}},
		"half a key":           {"!!a.b c:1 D", place{Part: heroscript.PartKey, Name: "a.b", Given: []string{"c"}, Word: "D"}},
		"key on the next line": {"!!a.b c:1\n\t", place{Part: heroscript.PartKey, Name: "a.b", Given: []string{"c"}}},
		"value":                {"!!a.b C:", place{Part: heroscript.PartValue, Name: "a.b", Key: "c"}},
		"half a value":         {"!!a.b c:1 d:x:y", place{Part: heroscript.PartValue, Name: "a.b", Given: []string{"c"}, Key: "d", Word: "x:y"}},
		"quoted value":         {`!!a.b c:'x \'y`, place{Part: heroscript.PartValue, Name: "a.b", Key: "c", Word: "x 'y", Quote: '\''}},
		"quote of two lines":   {"!!a.b c:\"x\n\n!!y", place{Part: heroscript.PartValue, Name: "a.b", Key: "c", Word: "x\n\n!!y", Quote: '"'}},
		"closed":               {"!!a.b c:'x'", place{}},
		"comment":              {"!!a.b # c", place{}},
		"comment at the start": {"# c", place{}},
		"no statement":         {"abc", place{}},
		"not indented":         {"!!a.b\nc", place{}},
		"a bad name":           {"!!a..b ", place{}},
		"quote in a bare one":  {"!!a.b c:it's", place{}},
	}
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, heroscript.At(tt.text)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A value that is cut anywhere is the word there, and what the writer made is a place too.
func TestAtFollowsFormat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := nearMiss().Draw(t, "text")
		heroscript.At(text) // no panic
		value := nearMiss().Draw(t, "value")
		whole := heroscript.Format(stmt("a.b", "key", value+" ")) // never bare
		got := heroscript.At(whole[:len(whole)-len("'\n")])
		want := heroscript.Place{Part: heroscript.PartValue, Name: "a.b", Key: "key", Word: value + " ", Quote: '\''}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}
