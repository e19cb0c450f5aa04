package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/template"
)

// The part of a document that the clients are made from. It is read back from the
// JSON, so that nothing gets into a client that is not in the document.
type (
	apiDocument struct {
		Info struct {
			Description string `json:"description"`
		} `json:"info"`
		Methods       []apiMethod `json:"methods"`
		Notifications []apiMethod `json:"x-notifications"`
		Components    struct {
			Schemas ordered[apiSchema] `json:"schemas"`
			Errors  ordered[apiError]  `json:"errors"`
		} `json:"components"`
	}
	apiMethod struct {
		Name          string       `json:"name"`
		Summary       string       `json:"summary"`
		Description   string       `json:"description"`
		Params        []apiValue   `json:"params"`
		Result        apiValue     `json:"result"`
		Errors        []apiSchema  `json:"errors"`
		Examples      []apiExample `json:"examples"`
		Changes       bool         `json:"x-changes"`
		Waits         bool         `json:"x-waits"`
		WebSocketOnly bool         `json:"x-websocket-only"`
		Notifications []string     `json:"x-notifications"`
	}
	apiValue struct {
		Name        string    `json:"name"`
		Description string    `json:"description"`
		Required    bool      `json:"required"`
		Schema      apiSchema `json:"schema"`
	}
	apiSchema struct {
		Ref                  string              `json:"$ref"`
		Description          string              `json:"description"`
		Type                 any                 `json:"type"`
		Format               string              `json:"format"`
		ContentEncoding      string              `json:"contentEncoding"`
		Const                any                 `json:"const"`
		Enum                 []string            `json:"enum"`
		Items                *apiSchema          `json:"items"`
		Properties           *ordered[apiSchema] `json:"properties"`
		Required             []string            `json:"required"`
		AdditionalProperties *apiSchema          `json:"additionalProperties"`
		AllOf                []apiSchema         `json:"allOf"`
		AnyOf                []apiSchema         `json:"anyOf"`
	}
	apiExample struct {
		Params []apiExampleValue `json:"params"`
		Result *apiExampleValue  `json:"result"`
	}
	apiExampleValue struct {
		Name  string          `json:"name"`
		Value json.RawMessage `json:"value"`
	}
	apiError struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
)

// ordered is a JSON object whose order counts.
type ordered[T any] struct{ list []entry[T] }

type entry[T any] struct {
	Name  string
	Value T
}

// UnmarshalJSON implements json.Unmarshaler.
func (o *ordered[T]) UnmarshalJSON(raw []byte) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if _, err := dec.Token(); err != nil {
		return err
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		e := entry[T]{Name: fmt.Sprint(name)}
		if err := dec.Decode(&e.Value); err != nil {
			return err
		}
		o.list = append(o.list, e)
	}
	return nil
}

// List returns the entries.
func (o *ordered[T]) List() []entry[T] {
	if o == nil {
		return nil
	}
	return o.list
}

// readDocument reads the document that was written.
func readDocument(text []byte) (*apiDocument, error) {
	d := new(apiDocument)
	if err := json.Unmarshal(text, d); err != nil {
		return nil, fmt.Errorf("cannot read the document: %w", err)
	}
	return d, nil
}

// Calls are the methods that a client offers. What is left of those over a WebSocket is
// what its subscriptions are made of.
func (d *apiDocument) Calls() []apiMethod {
	return slices.DeleteFunc(slices.Clone(d.Methods), func(m apiMethod) bool { return m.WebSocketOnly && len(m.Notifications) == 0 })
}

// A failure is one error, with the name of its type in a client.
type failure struct {
	Word, Type, Message string
	Code                int
}

// Failures are the errors of the document, those of the protocol first.
func (d *apiDocument) Failures() []failure {
	var list []failure
	for _, e := range d.Components.Errors.list {
		list = append(list, failure{e.Name, strings.TrimSuffix(e.Name, "Error") + "Error", e.Value.Message, e.Value.Code})
	}
	slices.SortFunc(list, func(a, b failure) int {
		if own := func(f failure) bool { return f.Code > -32099 }; own(a) != own(b) {
			if own(a) {
				return 1
			}
			return -1
		}
		if a.Code <= -32099 {
			return a.Code - b.Code
		}
		return b.Code - a.Code
	})
	return list
}

// schema finds one of the components.
func (d *apiDocument) schema(name string) apiSchema {
	for _, e := range d.Components.Schemas.list {
		if e.Name == name {
			return e.Value
		}
	}
	return apiSchema{}
}

// component is the name behind a reference to a component, "" when it is none.
func (s apiSchema) component() string {
	if len(s.AllOf) == 1 { // a reference with a description of its own
		return s.AllOf[0].component()
	}
	name, _ := strings.CutPrefix(s.Ref, "#/components/schemas/")
	return name
}

// words are the types that a schema allows, without null.
func (s apiSchema) words() (list []string, null bool) {
	switch t := s.Type.(type) {
	case string:
		list = []string{t}
	case []any:
		for _, one := range t {
			list = append(list, fmt.Sprint(one))
		}
	}
	n := len(list)
	list = slices.DeleteFunc(list, func(w string) bool { return w == "null" })
	return list, len(list) < n
}

// fill executes a template over the document.
func fill(language, text string, d *apiDocument, funcs template.FuncMap) ([]byte, error) {
	t, err := template.New(language).Funcs(funcs).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("cannot read the template of the %s client: %w", language, err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, d); err != nil {
		return nil, fmt.Errorf("cannot write the %s client: %w", language, err)
	}
	return b.Bytes(), nil
}

func title(word string) string { return strings.ToUpper(word[:1]) + word[1:] }

// GoName is the name of the client's method: Stop for process.stop, ManifestDiff for
// manifest.diff.
func (m apiMethod) GoName() string {
	actor, verb, _ := strings.Cut(m.Name, ".")
	if actor == "process" || actor == "rpc" {
		return title(verb)
	}
	return title(actor) + title(verb)
}

// waitParam is the parameter that says how a call waits, not what it does: where a
// language has options of a call, it is one of them.
const waitParam = "wait"

// MayNotWait tells that the method takes it.
func (m apiMethod) MayNotWait() bool { return len(m.Own()) < len(m.Params) }

// Own are the parameters without it.
func (m apiMethod) Own() []apiValue {
	return slices.DeleteFunc(slices.Clone(m.Params), func(p apiValue) bool { return p.Name == waitParam })
}

// ParamsType is the type of the parameters, "" when they are arguments: none, or
// one that is required.
func (m apiMethod) ParamsType() string {
	if own := m.Own(); len(own) == 0 || len(own) == 1 && own[0].Required {
		return ""
	}
	return m.GoName() + "Params"
}

// Optional tells that a call needs no parameters.
func (m apiMethod) Optional() bool {
	return !slices.ContainsFunc(m.Params, func(p apiValue) bool { return p.Required })
}

// AlwaysTrue tells that the result says no more than the absence of an error.
func (m apiMethod) AlwaysTrue() bool { return m.Result.Schema.Const == true }

// Notice is what a subscription delivers: EventNotice for events.event.
func (m apiMethod) Notice() string {
	if len(m.Notifications) == 0 {
		return ""
	}
	_, what, _ := strings.Cut(m.Notifications[0], ".")
	return title(what) + "Notice"
}

// wrap breaks a text into lines of at most width bytes, each behind a prefix.
func wrap(text, prefix string, width int) string {
	var b strings.Builder
	line := prefix
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > width && line != prefix {
			b.WriteString(line + "\n")
			line = prefix
		}
		if line != "" && !strings.HasSuffix(line, " ") {
			line += " "
		}
		line += word
	}
	return b.String() + line
}
