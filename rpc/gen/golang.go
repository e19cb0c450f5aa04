package main

import (
	_ "embed" // the template
	"fmt"
	"go/format"
	"slices"
	"strings"
	"text/template"
)

//go:embed golang.tmpl
var goTemplate string

// goClient makes rpc/client/methods.go. The types are those of package supervisor.
func goClient(d *apiDocument) ([]byte, error) {
	code, err := fill("Go", goTemplate, d, template.FuncMap{"goType": goType, "fieldType": d.fieldType, "comment": comment})
	if err != nil {
		return nil, err
	}
	out, err := format.Source(code)
	if err != nil {
		return nil, fmt.Errorf("cannot format the client: %w\n%s", err, code)
	}
	return out, nil
}

// Arguments are those behind the context.
func (m apiMethod) Arguments() (string, error) {
	switch {
	case len(m.Own()) == 0:
		return "", nil
	case m.ParamsType() != "":
		return ", p " + m.ParamsType(), nil
	}
	kind, err := goType(m.Params[0].Schema)
	return ", " + m.Params[0].Name + " " + kind, err
}

// Value is what is sent.
func (m apiMethod) Value() (string, error) {
	switch {
	case len(m.Params) == 0:
		return "nil", nil
	case m.ParamsType() != "" && m.MayNotWait():
		return fmt.Sprintf("struct {\n%s\nWait *bool `json:\"wait,omitempty\"`\n}{p, waitOf(ctx)}", m.ParamsType()), nil
	case m.ParamsType() != "":
		return "p", nil
	}
	kind, err := goType(m.Params[0].Schema)
	if m.MayNotWait() {
		name := m.Params[0].Name
		return fmt.Sprintf("struct {\n%s %s `json:%q`\nWait *bool `json:\"wait,omitempty\"`\n}{%s, waitOf(ctx)}", title(name), kind, name, name), err
	}
	return fmt.Sprintf("map[string]%s{%q: %s}", kind, m.Params[0].Name, m.Params[0].Name), err
}

// GoName is the name of the field.
func (v apiValue) GoName() string {
	if v.Name == "jobid" {
		return "JobID"
	}
	return title(v.Name)
}

// Tag is the field's JSON tag.
func (v apiValue) Tag() string {
	switch {
	case v.Required:
		return v.Name
	case v.Schema.Format == "date-time":
		return v.Name + ",omitzero"
	}
	return v.Name + ",omitempty"
}

// goType is the Go type of a schema; the named ones are those of package
// supervisor.
func goType(s apiSchema) (string, error) {
	if name := s.component(); name != "" {
		if strings.HasSuffix(name, "Info") { // what is described is not small
			return "*supervisor." + name, nil
		}
		return "supervisor." + name, nil
	}
	list, _ := s.words()
	if slices.Contains(list, "string") && len(list) > 1 { // a string can say it, whatever else may
		return "string", nil
	}
	switch strings.Join(list, " ") {
	case "string":
		if s.Format == "date-time" {
			return "time.Time", nil
		}
		if s.ContentEncoding == "base64" {
			return "[]byte", nil
		}
		return "string", nil
	case "integer":
		return "int", nil
	case "boolean":
		return "bool", nil
	case "array":
		kind, err := goType(*s.Items)
		return "[]" + kind, err
	case "object":
		if s.AdditionalProperties == nil {
			return "json.RawMessage", nil
		}
		kind, err := goType(*s.AdditionalProperties)
		return "map[string]" + kind, err
	}
	return "", fmt.Errorf("there is no Go type for the schema %+v", s)
}

// fieldType is the type of a parameter. One that may be absent is a pointer when it is an
// object, which has no zero value that says so.
func (d *apiDocument) fieldType(v apiValue) (string, error) {
	kind, err := goType(v.Schema)
	if name := v.Schema.component(); name != "" && !v.Required && d.schema(name).Type == "object" {
		kind = "*" + strings.TrimPrefix(kind, "*")
	}
	return kind, err
}

// comment wraps a text behind comment marks.
func comment(text string) string { return wrap(text, "//", 80) }
