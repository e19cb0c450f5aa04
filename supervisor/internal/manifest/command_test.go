package manifest

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/processmanager/processmanager/supervisor"
)

func TestExpand(t *testing.T) {
	values := map[string]string{"A": "a", "B": "$(A)", "EMPTY": "", "A B": "blank"}
	lookup := func(name string) (string, bool) { v, ok := values[name]; return v, ok }
	for text, want := range map[string]string{
		"":                        "",
		"plain":                   "plain",
		"$(A)":                    "a",
		"x$(A)y$(A)z":             "xayaz",
		"$(EMPTY)":                "",
		"$(B)":                    "$(A)", // not twice
		"$(NOPE)":                 "$(NOPE)",
		"$()":                     "$()",
		"$$":                      "$",
		"$$(A)":                   "$(A)",
		"$$$(A)":                  "$a",
		"$$$$(A)":                 "$$(A)",
		"$":                       "$",
		"cost: 5$":                "cost: 5$",
		"$A ${A} $1":              "$A ${A} $1",
		"$(A":                     "$(A",
		"$($(A))":                 "$($(A))",
		"$(A B)":                  "blank",
		"p%a$s{{x}}$(NOPE)$$(A)":  "p%a$s{{x}}$(NOPE)$(A)",
		"$(unclosed $(A)":         "$(unclosed $(A)",
		"wörter $(A) \xff\x00 $$": "wörter a \xff\x00 $",
	} {
		if got := Expand(text, lookup); got != want {
			t.Errorf("Expand(%q) = %q, want %q", text, got, want)
		}
	}
}

// Text in which every dollar sign is doubled comes out as it went in.
func TestExpandEscapes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SliceOf(rapid.SampledFrom([]string{"$", "(", ")", "A", " "})).Draw(t, "text")
		var text, escaped string
		for _, p := range pieces {
			text += p
			if p == "$" {
				p = "$$"
			}
			escaped += p
		}
		got := Expand(escaped, func(string) (string, bool) { return "expanded", true })
		if got != text {
			t.Fatalf("Expand(%q) = %q, want %q", escaped, got, text)
		}
	})
}

func TestEnvironment(t *testing.T) {
	base := []string{"PATH=/bin", "HOME=/root", "HOME=/home", "=odd", "noequals", "EMPTY="}
	spec := supervisor.Spec{Env: []supervisor.EnvVar{
		{Name: "EARLY", Value: "$(LATE)"},
		{Name: "PATH", Value: "/app:$(PATH)"},
		{Name: "LATE", Value: "$(PATH)|$(EMPTY)|$(NOPE)|$$(PATH)"},
		{Name: "LATE2", Value: "$(LATE)"},
		{Name: "PATH", Value: "$(PATH):/end"},
	}}
	want := []string{
		"PATH=/app:/bin:/end", "HOME=/home", "EMPTY=", "EARLY=$(LATE)",
		"LATE=/app:/bin||$(NOPE)|$(PATH)", "LATE2=/app:/bin||$(NOPE)|$(PATH)",
	}
	saved := slices.Clone(base)
	got, err := Environment(spec, base)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !slices.Equal(base, saved) {
		t.Error("the base was changed")
	}
}

func TestArgv(t *testing.T) {
	env := []string{"A=old", "A=a", "B=b"}
	tests := []struct {
		story string
		spec  supervisor.Spec
		want  []string
	}{
		{
			"an argv with args",
			supervisor.Spec{Command: supervisor.Command{Argv: []string{"x", "$(A)"}}, Args: []string{"$(B)$(C)", "$$(A)", ""}},
			[]string{"x", "a", "b$(C)", "$(A)", ""},
		},
		{
			"a shell text is not touched",
			supervisor.Spec{Name: "web", Command: supervisor.Command{Shell: "echo $(A) $$"}},
			[]string{"/bin/sh", "-c", "echo $(A) $$"},
		},
		{
			"args of a shell text",
			supervisor.Spec{Name: "web", Command: supervisor.Command{Shell: `exec x "$1"`}, Args: []string{"$(A)"}},
			[]string{"/bin/sh", "-c", `exec x "$1"`, "web", "a"},
		},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, Argv(tt.spec, env)); diff != "" {
			t.Errorf("%s:\n%s", tt.story, diff)
		}
	}
}
