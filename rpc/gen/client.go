package main

import (
	"bytes"
	_ "embed" // the template
	"encoding/json"
	"fmt"
	"go/format"
	"slices"
	"strings"
	"text/template"
)

//go:embed client.tmpl
var clientTemplate string

// The part of a document that the client is made from. It is read back from the
// JSON, so that nothing gets into the client that is not in the document.
type (
	apiDocument struct {
		Methods       []apiMethod `json:"methods"`
		Notifications []apiMethod `json:"x-notifications"`
		Components    struct {
			Schemas map[string]apiSchema `json:"schemas"`
			Errors  map[string]struct {
				Code int `json:"code"`
			} `json:"errors"`
		} `json:"components"`
	}
	apiMethod struct {
		Name          string     `json:"name"`
		Description   string     `json:"description"`
		Params        []apiValue `json:"params"`
		Result        apiValue   `json:"result"`
		WebSocketOnly bool       `json:"x-websocket-only"`
		Notifications []string   `json:"x-notifications"`
	}
	apiValue struct {
		Name        string    `json:"name"`
		Description string    `json:"description"`
		Required    bool      `json:"required"`
		Schema      apiSchema `json:"schema"`
	}
	apiSchema struct {
		Ref                  string     `json:"$ref"`
		Type                 any        `json:"type"`
		Format               string     `json:"format"`
		Const                any        `json:"const"`
		Items                *apiSchema `json:"items"`
		AdditionalProperties *apiSchema `json:"additionalProperties"`
	}
	apiError struct {
		Code     int
		Sentinel string
	}
)

// clientCode makes the Go client from the document.
func clientCode(document []byte) ([]byte, error) {
	var d apiDocument
	if err := json.Unmarshal(document, &d); err != nil {
		return nil, fmt.Errorf("cannot read the document: %w", err)
	}
	// What is left of those over a WebSocket is what subscriptions are made of.
	d.Methods = slices.DeleteFunc(d.Methods, func(m apiMethod) bool { return m.WebSocketOnly && len(m.Notifications) == 0 })
	var errs []apiError
	for word, row := range d.Components.Errors {
		if row.Code <= -32001 && row.Code >= -32009 {
			errs = append(errs, apiError{row.Code, "supervisor.Err" + word})
		}
	}
	slices.SortFunc(errs, func(a, b apiError) int { return b.Code - a.Code })
	t, err := template.New("client").Funcs(template.FuncMap{"goType": goType, "fieldType": d.fieldType, "comment": comment}).Parse(clientTemplate)
	if err != nil {
		return nil, fmt.Errorf("cannot read the template of the client: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, map[string]any{"Methods": d.Methods, "Errors": errs}); err != nil {
		return nil, fmt.Errorf("cannot write the client: %w", err)
	}
	code, err := format.Source(b.Bytes())
	if err != nil {
		return nil, fmt.Errorf("cannot format the client: %w\n%s", err, b.Bytes())
	}
	return code, nil
}

// GoName is the name of the client's method: Stop for process.stop, ManifestDiff for
// manifest.diff.
func (m apiMethod) GoName() string {
	actor, verb, _ := strings.Cut(m.Name, ".")
	if actor == "process" || actor == "rpc" {
		return title(verb)
	}
	return title(actor) + title(verb)
}

func title(word string) string { return strings.ToUpper(word[:1]) + word[1:] }

// ParamsType is the type of the parameters, "" when they are arguments: none, or
// one that is required.
func (m apiMethod) ParamsType() string {
	if len(m.Params) == 0 || len(m.Params) == 1 && m.Params[0].Required {
		return ""
	}
	return m.GoName() + "Params"
}

// Arguments are those behind the context.
func (m apiMethod) Arguments() (string, error) {
	switch {
	case len(m.Params) == 0:
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
	case m.ParamsType() != "":
		return "p", nil
	}
	kind, err := goType(m.Params[0].Schema)
	return fmt.Sprintf("map[string]%s{%q: %s}", kind, m.Params[0].Name, m.Params[0].Name), err
}

// AlwaysTrue tells that the result says no more than the absence of an error.
func (m apiMethod) AlwaysTrue() bool { return m.Result.Schema.Const == true }

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
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		if strings.HasSuffix(name, "Info") { // what is described is not small
			return "*supervisor." + name, nil
		}
		return "supervisor." + name, nil
	}
	if list, ok := s.Type.([]any); ok && slices.Contains(list, any("string")) { // a string can say it, whatever else may
		return "string", nil
	}
	switch s.Type {
	case "string":
		if s.Format == "date-time" {
			return "time.Time", nil
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
	name, named := strings.CutPrefix(v.Schema.Ref, "#/components/schemas/")
	if named && !v.Required && d.Components.Schemas[name].Type == "object" {
		kind = "*" + strings.TrimPrefix(kind, "*")
	}
	return kind, err
}

// Notice is what a subscription delivers: EventNotice for events.event.
func (m apiMethod) Notice() string {
	if len(m.Notifications) == 0 {
		return ""
	}
	_, what, _ := strings.Cut(m.Notifications[0], ".")
	return title(what) + "Notice"
}

// comment wraps a text behind comment marks.
func comment(text string) string {
	var b strings.Builder
	line := "//"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > 80 {
			b.WriteString(line + "\n")
			line = "//"
		}
		line += " " + word
	}
	return b.String() + line
}
