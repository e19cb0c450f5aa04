package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestSnake(t *testing.T) {
	for in, want := range map[string]string{
		"name": "name", "workingDir": "working_dir", "httpGet": "http_get", "HTTPGet": "http_get", "runAsNonRoot": "run_as_non_root",
		"terminationGracePeriodSeconds": "termination_grace_period_seconds", "cpu_percent": "cpu_percent", "oomScoreAdj": "oom_score_adj",
		"ManifestDiff": "manifest_diff", "fieldRef": "field_ref", "postStart": "post_start", "class": "class_", "With": "with_", "className": "class_name",
	} {
		if got := snake(in); got != want {
			t.Errorf("snake(%q) = %q, want %q", in, got, want)
		}
	}
}

func schemaOf(t *testing.T, text string) apiSchema {
	t.Helper()
	var s apiSchema
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// One schema in the three languages; "" is one that a language has no type for.
func TestTypes(t *testing.T) {
	for _, c := range []struct{ schema, golang, typescript, python string }{
		{`{"type":"string"}`, "string", "string", "str"},
		{`{"type":"string","format":"date-time"}`, "time.Time", "string", "datetime"},
		{`{"type":"string","contentEncoding":"base64"}`, "[]byte", "string", "bytes"},
		{`{"type":["string","null"]}`, "string", "string | null", "Optional[str]"},
		{`{"type":["string","integer"]}`, "string", "string | number", "Union[str, int]"},
		{`{"type":"integer"}`, "int", "number", "int"},
		{`{"type":"number"}`, "", "number", "float"},
		{`{"type":"array","items":{"type":["string","null"]}}`, "[]string", "(string | null)[]", "List[Optional[str]]"},
		{`{"type":"object"}`, "json.RawMessage", "Record<string, unknown>", "Dict[str, Any]"},
		{`{"type":"object","additionalProperties":{"type":"boolean"}}`, "map[string]bool", "Record<string, boolean>", "Dict[str, bool]"},
		{`{"$ref":"#/components/schemas/ProcessInfo"}`, "*supervisor.ProcessInfo", "ProcessInfo", "ProcessInfo"},
		{`{"description":"x","allOf":[{"$ref":"#/components/schemas/Event"}]}`, "supervisor.Event", "ProcessEvent", "Event"},
		{`{"enum":["a","b"],"type":"string"}`, "string", `"a" | "b"`, `Literal["a", "b"]`},
		{`{"anyOf":[{"type":"boolean"},{"type":"object","properties":{"b":{"type":"string"},"a":{"type":"integer"}},"required":["a"]}]}`, "", "boolean | { b?: string; a: number }", "Union[bool, Dict[str, Any]]"},
		{`{"type":"null"}`, "", "null", ""},
		{`{}`, "", "", ""},
	} {
		s := schemaOf(t, c.schema)
		for language, made := range map[string]func(apiSchema) (string, error){"Go " + c.golang: goType, "TypeScript " + c.typescript: tsType, "Python " + c.python: pyType} {
			got, err := made(s)
			language, want, _ := strings.Cut(language, " ")
			if got != want && err == nil || (err != nil) != (want == "") {
				t.Errorf("%s of %s: %q %v, want %q", language, c.schema, got, err, want)
			}
		}
	}
}

// No text of the document ends a comment or a docstring early.
func TestDocsAreClosed(t *testing.T) {
	if got := tsDoc("", "a */ b"); strings.Count(got, "*/") != 1 {
		t.Error(got)
	}
	for _, text := range []string{`ends in "quotes"`, `has """ inside`, `has \ inside`, strings.Repeat("long ", 40) + `"x"`} {
		if got := pyDoc("    ", text); strings.Count(got, `"""`) != 2 || strings.Contains(got, `""""`) {
			t.Error(got)
		}
	}
}

func TestFailuresAreInOrder(t *testing.T) {
	text, err := documentJSON()
	if err != nil {
		t.Fatal(err)
	}
	d, err := readDocument(text)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range d.Failures() {
		got = append(got, f.Type)
	}
	want := []string{
		"ParseError", "InternalError", "InvalidParamsError", "MethodNotFoundError", "InvalidRequestError",
		"NotFoundError", "ExistsError", "InvalidError", "NotRunningError", "StartError", "StopTimeoutError", "ClosedError", "ForbiddenError", "NeedsWebSocketError",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}
