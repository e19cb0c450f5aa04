package rpc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/processmanager/processmanager/supervisor"
)

// A frame is one message of a transport: an HTTP body or a WebSocket message. It
// holds one request or a batch.
type frame struct {
	batch bool
	items []item
}

// An item is one element of a frame: a good request, or the answer that a bad one
// gets.
type item struct {
	req request
	bad *Error // not nil: req holds the id only
}

// A request is good: version, method and shape of params have been checked.
type request struct {
	id     json.RawMessage // exactly as it came, null included; nil: a notification
	method string
	params json.RawMessage // an object, an array, or nil
}

var null = json.RawMessage("null")

// parseFrame never fails: what is wrong becomes the answer of an item.
func parseFrame(data []byte) frame {
	refuse := func(code int, format string, args ...any) frame {
		return frame{items: []item{{req: request{id: null}, bad: newError(code, format, args...)}}}
	}
	// encoding/json replaces bytes that are not UTF-8: a name would silently
	// become another one.
	if !utf8.Valid(data) {
		return refuse(CodeParse, "cannot read the message: it is not UTF-8")
	}
	if !json.Valid(data) {
		return refuse(CodeParse, "cannot read the message: %s", syntaxFault(data))
	}
	data = bytes.TrimSpace(data)
	if data[0] != '[' {
		return frame{items: []item{parseItem(data)}}
	}
	var raws []json.RawMessage
	if err := json.Unmarshal(data, &raws); err != nil {
		return refuse(CodeParse, "cannot read the batch: %v", err)
	}
	switch {
	case len(raws) == 0:
		return refuse(CodeInvalidRequest, "cannot answer an empty batch")
	case len(raws) > maxBatch:
		return refuse(CodeInvalidRequest, "cannot answer a batch of %d requests: at most %d are allowed", len(raws), maxBatch)
	}
	f := frame{batch: true, items: make([]item, len(raws))}
	for i, raw := range raws {
		f.items[i] = parseItem(raw)
	}
	return f
}

func syntaxFault(data []byte) string {
	var v json.RawMessage
	if err := json.Unmarshal(data, &v); err != nil {
		return err.Error()
	}
	return "it is not JSON"
}

// parseItem checks one element, which is known to be valid JSON. The id is given
// back wherever it can be read, so that the client can match the refusal.
func parseItem(raw json.RawMessage) item {
	bad := item{req: request{id: null}}
	refuse := func(format string, args ...any) item {
		bad.bad = newError(CodeInvalidRequest, format, args...)
		return bad
	}
	list, err := members(raw)
	if err != nil {
		return refuse("cannot answer the request: %v", err)
	}
	var req request
	var version, method json.RawMessage
	for _, m := range list {
		switch m.key {
		case "jsonrpc":
			version = m.value
		case "method":
			method = m.value
		case "params":
			req.params = m.value
		case "id":
			req.id = m.value
		}
	}
	if req.id != nil {
		if c := req.id[0]; c == '{' || c == '[' || c == 't' || c == 'f' {
			return refuse("cannot answer the request: the id is not a string, a number or null")
		}
		bad.req.id = req.id
	}
	if text, ok := stringOf(version); !ok || text != "2.0" {
		return refuse(`cannot answer the request: the member "jsonrpc" is not "2.0"`)
	}
	var ok bool
	if req.method, ok = stringOf(method); !ok {
		return refuse(`cannot answer the request: the member "method" is not a string`)
	}
	switch {
	case req.params == nil:
	case bytes.Equal(req.params, null): // written by many clients for "none"
		req.params = nil
	case req.params[0] != '{' && req.params[0] != '[':
		return refuse(`cannot answer the request: the member "params" is not an object or an array`)
	}
	return item{req: req}
}

func stringOf(raw json.RawMessage) (string, bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err == nil
}

type member struct {
	key   string
	value json.RawMessage
}

// members splits a valid JSON object, keeping the order, the letter case and the
// values as they came. A key that comes twice is an error: two readers could see
// two different requests.
func members(raw json.RawMessage) ([]member, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	open, err := dec.Token()
	if err != nil {
		return nil, err
	}
	if open != json.Delim('{') {
		return nil, fmt.Errorf("it is not an object")
	}
	var list []member
	seen := map[string]bool{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		m := member{key: key.(string)} // the decoder gives no other type here
		if err := dec.Decode(&m.value); err != nil {
			return nil, err
		}
		if seen[m.key] {
			return nil, fmt.Errorf("the member %q is given twice", m.key)
		}
		seen[m.key] = true
		list = append(list, m)
	}
	return list, nil
}

// appendResponse writes one response object. The id goes out byte for byte.
func appendResponse(b []byte, id, result json.RawMessage, failure *Error) []byte {
	b = append(b, `{"jsonrpc":"2.0","id":`...)
	b = append(b, id...)
	if failure != nil {
		b = append(b, `,"error":`...)
		b = append(b, failure.encode()...)
	} else {
		b = append(b, `,"result":`...)
		b = append(b, result...)
	}
	return append(b, '}')
}

// encode is json.Marshal without HTML escaping: a command is to be read as it was
// written.
func encode(v any) (json.RawMessage, error) {
	if list, ok := v.([]*supervisor.ProcessInfo); ok {
		return encodeList(list)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// usual is about how many bytes describe one process.
const usual = 400

// encodeList is encode for what is asked most, and is longest.
func encodeList(list []*supervisor.ProcessInfo) (json.RawMessage, error) {
	b := append(make([]byte, 0, 2+usual*len(list)), '[')
	for i, p := range list {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = p.AppendJSON(b); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}
