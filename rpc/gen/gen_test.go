package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// What is checked in is what the table says today.
func TestNoDrift(t *testing.T) {
	files, err := generated()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range files {
		got, err := os.ReadFile(filepath.Join("..", path))
		if err != nil {
			t.Fatal(err)
		}
		if !same(path, got, want) {
			t.Errorf("%s is old: run make generate", path)
		}
	}
}

// The original meta-schema comes from the package registry. It refers to the JSON
// Schema meta-schema under an address of its own.
func TestDocumentIsValidUnderTheOriginalMetaSchema(t *testing.T) {
	for _, tool := range []string{"npm", "node", "tar"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	if testing.Short() {
		t.Skip("asks the package registry")
	}
	openrpc := fromRegistry(t, "@open-rpc/meta-schema@1.14.9", "https://meta.open-rpc.org/")
	schema := fromRegistry(t, "@json-schema-tools/meta-schema@1.8.0", "https://meta.json-schema.tools/")
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft7)
	for url, resource := range map[string]any{"https://meta.open-rpc.org/": openrpc, "https://meta.json-schema.tools": schema, "https://meta.json-schema.tools/": schema} {
		if err := compiler.AddResource(url, resource); err != nil {
			t.Fatal(err)
		}
	}
	compiled, err := compiler.Compile("https://meta.open-rpc.org/")
	if err != nil {
		t.Fatal(err)
	}
	text, err := documentJSON()
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled.Validate(document); err != nil {
		t.Error(err)
	}
	document.(map[string]any)["methods"].([]any)[0].(map[string]any)["parms"] = 1
	if compiled.Validate(document) == nil {
		t.Error("the meta-schema accepts anything")
	}
}

// fromRegistry returns the schema that a package exports, under the draft that
// the validator knows.
func fromRegistry(t *testing.T, name, id string) any {
	t.Helper()
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	run := func(name string, args ...string) (string, error) {
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Dir = dir
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Logf("%s %v: %v\n%s", name, args, err, &stderr)
		}
		return strings.TrimSpace(string(out)), err
	}
	tarball, err := run("npm", "pack", "--silent", name)
	if err != nil {
		t.Skipf("%s is not to be had from the registry", name)
	}
	if _, err := run("tar", "xzf", filepath.Base(tarball)); err != nil {
		t.Fatal(err)
	}
	text, err := run("node", "-e", `const m = require("./package"); console.log(JSON.stringify(m.default || m))`)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	out["$schema"], out["$id"] = "http://json-schema.org/draft-07/schema#", id
	return out
}
