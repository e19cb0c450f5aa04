package rpc

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"io"
	"strings"
	"sync"
)

//go:generate go run ./gen

// The document is carried packed: as it stands it would be a hundredth of the program.
//
//go:embed openrpc.json.gz
var openrpcPacked string

// openrpc is the document as it was generated.
func openrpc() string {
	r, err := gzip.NewReader(strings.NewReader(openrpcPacked))
	if err != nil {
		return "" // a broken build; a test looks
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return ""
	}
	return string(text)
}

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
		text := strings.TrimSpace(openrpc()) + "\n"
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
