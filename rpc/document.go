package rpc

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"strings"
	"sync"
)

//go:generate go run ./gen

//go:embed openrpc.json
var openrpc string

// documentVersion stands in the generated document where a server says its own.
const documentVersion = "0.0.0"

// document is the OpenRPC document of a server. Its forms are made when the first client
// asks: most managers are never asked, and it is long.
type document struct {
	pretty  func() string          // as GET /openrpc.json gives it
	oneLine func() json.RawMessage // as rpc.discover gives it
}

func newDocument(version string) document {
	pretty := sync.OnceValue(func() string {
		text := strings.TrimSpace(openrpc) + "\n"
		if version == "" {
			return text
		}
		quoted, err := encode(version)
		if err != nil {
			return text
		}
		return strings.Replace(text, `"version": "`+documentVersion+`"`, `"version": `+string(quoted), 1)
	})
	return document{pretty, sync.OnceValue(func() json.RawMessage {
		var b bytes.Buffer
		if err := json.Compact(&b, []byte(pretty())); err != nil { // a broken build; a test looks
			return json.RawMessage("null")
		}
		return b.Bytes()
	})}
}
