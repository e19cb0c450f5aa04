package rpc

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The parts of the document that the tests look at.
type described struct {
	Info    struct{ Version string }
	Methods []struct {
		Name     string
		Params   []struct{ Name string }
		Result   struct{ Schema any }
		Examples []struct {
			Name   string
			Params []struct {
				Name  string
				Value any
			}
			Result *struct{ Value any }
		}
		WebSocketOnly bool `json:"x-websocket-only"`
	}
	Notifications []struct {
		Name     string
		Examples []struct {
			Name   string
			Params []struct {
				Name  string
				Value any
			}
		}
	} `json:"x-notifications"`
	Components struct {
		Schemas map[string]any
		Errors  map[string]struct {
			Code    int
			Message string
		}
	}
}

func readDocument(t *testing.T, text string) (typed described, plain any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &typed); err != nil {
		t.Fatal(err)
	}
	plain, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return typed, plain
}

// testdata/openrpc.schema.json says what an OpenRPC 1.3 document may hold, as far
// as we use it. (In rpc/gen it is also validated against the original.)
func TestDocumentIsOpenRPC(t *testing.T) {
	_, plain := readDocument(t, openrpc())
	schema := jsonschema.NewCompiler()
	compiled, err := schema.Compile("testdata/openrpc.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled.Validate(plain); err != nil {
		t.Error(err)
	}
}

// Every method of the table is in the document and nothing else, with the
// parameters in the order in which they are taken by position.
func TestT85T90DocumentTellsTheTable(t *testing.T) {
	d, _ := readDocument(t, openrpc())
	var got, want [][]string
	for _, m := range d.Methods {
		row := []string{m.Name}
		for _, p := range m.Params {
			row = append(row, p.Name)
		}
		got = append(got, row)
		if len(m.Examples) == 0 {
			t.Errorf("%s has no example", m.Name)
		}
	}
	for _, m := range Methods() {
		want = append(want, append([]string{m.Name}, names(m.Params)...))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, row := range Codes() {
		if d.Components.Errors[row.Reason].Code != row.Code {
			t.Errorf("error %s is not in the document as %d", row.Reason, row.Code)
		}
	}
}

// Each example is executed, and its answer is that of the document and fits the
// schema of the result.
func TestT84T85Examples(t *testing.T) {
	d, plain := readDocument(t, openrpc())
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("openrpc.json", plain); err != nil {
		t.Fatal(err)
	}
	for i, m := range d.Methods {
		pointer := "openrpc.json#/methods/" + strconv.Itoa(i) + "/result/schema"
		schema, err := compiler.Compile(pointer)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range m.Examples {
			for _, way := range []string{"by name", "by position"} {
				t.Run(m.Name+" "+e.Name+" "+way, func(t *testing.T) {
					byName, byPosition := map[string]any{}, []any{}
					for _, p := range e.Params {
						byName[p.Name] = p.Value
					}
					for _, p := range m.Params {
						byPosition = append(byPosition, byName[p.Name])
					}
					var params any = byName
					if way == "by position" {
						params = byPosition
					}
					call, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "method": m.Name, "params": params, "id": 1})
					if err != nil {
						t.Fatal(err)
					}
					check(t, schema, execute(t, string(call)), e.Result)
				})
			}
		}
	}
}

func execute(t *testing.T, call string) string {
	d := open(t, "unix", Options{Auth: secrets{}})
	ws := d.dial()
	if !strings.Contains(call, "session.authenticate") {
		send(t, ws, auth(goodSecret, "0"))
		receive(t, ws)
	}
	if strings.Contains(call, `"unsubscribe"`) {
		send(t, ws, `{"jsonrpc":"2.0","method":"events.subscribe","id":0}`)
		receive(t, ws)
	}
	send(t, ws, call)
	return receive(t, ws)
}

func check(t *testing.T, schema *jsonschema.Schema, answer string, want *struct{ Value any }) {
	t.Helper()
	var got struct{ Result any }
	if err := json.Unmarshal([]byte(answer), &got); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(got.Result); err != nil {
		t.Errorf("the result does not fit its schema: %v", err)
	}
	if want == nil {
		if _, ok := got.Result.(map[string]any)["openrpc"]; !ok {
			t.Errorf("no document: %s", answer)
		}
		return
	}
	if diff := cmp.Diff(want.Value, got.Result); diff != "" {
		t.Error(diff)
	}
}

func TestDocumentHasTheVersionOfTheManager(t *testing.T) {
	s := NewServer(Options{Version: `1.2.3-"rc"`})
	for _, text := range []string{s.document.pretty(), string(s.document.oneLine())} {
		if d, _ := readDocument(t, text); d.Info.Version != `1.2.3-"rc"` {
			t.Errorf("version %q", d.Info.Version)
		}
	}
	if strings.Contains(string(s.document.oneLine()), "\n") {
		t.Error("rpc.discover gives more than one line")
	}
}

// The tables of the package comment are those of the code.
func TestPackageComment(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, m := range regexp.MustCompile(`(?m)^//\t((?:process|manifest|system|session|rpc|events|logs|subscription)\.[a-z]+.*|unsubscribe.*|-32\d+ .*)$`).FindAllStringSubmatch(string(text), -1) {
		got = append(got, strings.Join(strings.Fields(m[1]), " "))
	}
	for _, m := range Methods() {
		want = append(want, strings.TrimSpace(m.Name+" "+strings.Join(names(m.Params), " ")))
	}
	for _, n := range Notifications() {
		want = append(want, n.Name+" "+strings.Join(names(n.Params), " "))
	}
	for _, r := range EndReasons() {
		if !strings.Contains(string(text), "\n//\t"+string(r)+" ") {
			t.Errorf("the reason %s is not in the table", r)
		}
	}
	for _, row := range Codes() {
		raw, _ := json.Marshal(row.Code)
		want = append(want, string(raw)+" "+row.Reason)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Each Go parameter is described.
func TestEverythingIsDescribed(t *testing.T) {
	for _, n := range Notifications() {
		for _, p := range n.Params {
			if n.Summary == "" || n.Description == "" || p.Doc == "" {
				t.Errorf("%s %s is not described", n.Name, p.Name)
			}
		}
	}
	for _, m := range Methods() {
		if m.Summary == "" || m.Description == "" || m.ResultName == "" || m.ResultDoc == "" {
			t.Errorf("%s is not described", m.Name)
		}
		for _, p := range m.Params {
			if p.Doc == "" {
				t.Errorf("%s: %s is not described", m.Name, p.Name)
			}
		}
		if m.Result.Kind() == reflect.Interface {
			t.Errorf("%s: its result has no type", m.Name)
		}
	}
}
