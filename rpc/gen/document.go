package main

import (
	"fmt"
	"reflect"

	"github.com/processmanager/processmanager/rpc"
)

// The OpenRPC objects that we use, in the order in which they are written.
type (
	document struct {
		OpenRPC string   `json:"openrpc"`
		Info    info     `json:"info"`
		Methods []method `json:"methods"`
		// Notifications are methods without an answer that the server calls; OpenRPC
		// has no word for them yet.
		Notifications []notification `json:"x-notifications"`
		Components    components     `json:"components"`
	}
	notification struct {
		Name        string       `json:"name"`
		Summary     string       `json:"summary"`
		Description string       `json:"description"`
		Params      []descriptor `json:"params"`
		Examples    []pairing    `json:"examples"`
	}
	info struct {
		Title       string `json:"title"`
		Description string `json:"description"`
		Version     string `json:"version"`
	}
	method struct {
		Name           string       `json:"name"`
		Summary        string       `json:"summary"`
		Description    string       `json:"description"`
		ParamStructure string       `json:"paramStructure"`
		Params         []descriptor `json:"params"`
		Result         descriptor   `json:"result"`
		Errors         []ref        `json:"errors,omitempty"`
		Examples       []pairing    `json:"examples,omitempty"`
		Changes        bool         `json:"x-changes,omitempty"`
		Waits          bool         `json:"x-waits,omitempty"`
		WebSocketOnly  bool         `json:"x-websocket-only,omitempty"`
		Notifications  []string     `json:"x-notifications,omitempty"`
	}
	descriptor struct {
		Name        string  `json:"name"`
		Description string  `json:"description,omitempty"`
		Required    bool    `json:"required,omitempty"`
		Schema      *schema `json:"schema"`
	}
	ref struct {
		Ref string `json:"$ref"`
	}
	components struct {
		Schemas map[string]*schema  `json:"schemas"`
		Errors  map[string]errorRow `json:"errors"`
	}
	errorRow struct {
		Code    int           `json:"code"`
		Message string        `json:"message"`
		Data    rpc.ErrorData `json:"data"`
	}
	pairing struct {
		Name   string    `json:"name"`
		Params []example `json:"params"`
		Result *example  `json:"result,omitempty"`
	}
	example struct {
		Name  string `json:"name"`
		Value any    `json:"value"`
	}
)

const description = `Process Manager's API: JSON-RPC 2.0 over HTTP (POST /rpc, one request or a batch) and over WebSocket (GET /rpc). ` +
	`Authentication: the header "Authorization: Bearer SECRET", or session.authenticate as the first message of a WebSocket; ` +
	`a unix socket without a configured secret gives full access. Parameters are given by name; by position they are taken in the order declared, ` +
	`and null is as good as absent. An error carries a stable word in data.reason, and the process in data.name. ` +
	`The requests of a batch are run in their order; messages of a WebSocket are worked on side by side. ` +
	`A WebSocket has the role that its secret gives now: when a secret is changed, requests are refused with Forbidden and the connection is closed with status 1008 within seconds, unless it authenticates anew. ` +
	`What a method with x-changes has begun is finished also when its caller hangs up; one with x-waits lasts as long as its caller stays. ` +
	`A method with x-notifications begins a subscription: behind its answer come the notifications that it names, which are described under ` +
	`x-notifications of this document, until unsubscribe, subscription.ended, or the end of the connection.`

// build makes the document from the method table and the Go types.
func build() (*document, error) {
	s := schemas{named: map[string]*schema{}}
	d := &document{
		OpenRPC: "1.3.2",
		Info:    info{Title: "Process Manager", Description: description, Version: "0.0.0"},
		Components: components{
			Schemas: s.named,
			Errors:  map[string]errorRow{},
		},
	}
	for _, row := range rpc.Codes() {
		d.Components.Errors[row.Reason] = errorRow{row.Code, row.Message, rpc.ErrorData{Reason: row.Reason}}
	}
	for _, m := range rpc.Methods() {
		out := method{
			Name: m.Name, Summary: m.Summary, Description: m.Description, ParamStructure: "by-name",
			Changes: m.Changes, Waits: m.Waits, WebSocketOnly: m.WebSocket, Notifications: m.Notifications,
			Result: descriptor{Name: m.ResultName, Description: m.ResultDoc, Schema: s.result(m)},
		}
		out.Params = s.descriptors(m.Params)
		for _, sentinel := range m.Errors {
			word, err := wordOf(sentinel)
			if err != nil {
				return nil, err
			}
			out.Errors = append(out.Errors, ref{"#/components/errors/" + word})
		}
		for _, e := range examples[m.Name] {
			p, err := e.pair(m)
			if err != nil {
				return nil, err
			}
			out.Examples = append(out.Examples, p)
		}
		d.Methods = append(d.Methods, out)
	}
	for _, n := range rpc.Notifications() {
		out := notification{n.Name, n.Summary, n.Description, s.descriptors(n.Params), nil}
		for _, e := range notificationExamples[n.Name] {
			p, err := e.pair(rpc.Method{Name: n.Name, Params: n.Params})
			if err != nil {
				return nil, err
			}
			out.Examples = append(out.Examples, p)
		}
		d.Notifications = append(d.Notifications, out)
	}
	return d, nil
}

func (s *schemas) descriptors(params []rpc.Param) []descriptor {
	list := []descriptor{}
	for _, p := range params {
		list = append(list, descriptor{p.Name, p.Doc, p.Required, s.of(p.Type)})
	}
	return list
}

// wordOf finds the stable word of a sentinel.
func wordOf(sentinel error) (string, error) {
	for _, row := range rpc.Codes() {
		if row.Message == sentinel.Error() {
			return row.Reason, nil
		}
	}
	return "", fmt.Errorf("cannot document the error %q: it has no code", sentinel.Error())
}

// result is the schema of a method's result. The manager's own document is any
// object: its schema is that of OpenRPC. A method without a result answers true or
// an error.
func (s *schemas) result(m rpc.Method) *schema {
	switch {
	case m.Name == "rpc.discover":
		return &schema{Type: "object"}
	case m.Result.Kind() == reflect.Bool:
		return &schema{Type: "boolean", Const: true}
	case m.Result.Kind() == reflect.Pointer:
		return s.of(m.Result.Elem()) // never null
	}
	return s.of(m.Result)
}
