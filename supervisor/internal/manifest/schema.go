package manifest

import (
	"bytes"
	_ "embed"
)

// schema.json is written from the Go types by the test beside it, so that the
// program carries the result and not the generator.
//
//go:generate go test -run TestSchemaIsCurrent -update .
//go:embed schema.json
var schema []byte

// Schema returns the JSON Schema (draft 2020-12) of one document of a manifest,
// as indented JSON with a newline at the end.
func Schema() ([]byte, error) { return bytes.Clone(schema), nil }
