package manifest

import (
	"bytes"
	"encoding/json"
	"strings"

	"sigs.k8s.io/yaml"
)

// The limits of what is read.
const (
	maxFile      = 1 << 20 // bytes
	maxFiles     = 1000
	maxProcesses = 10000
	maxDepth     = 64      // lists and objects in each other; the deepest that has a meaning is 7
	maxExpanded  = 4 << 20 // bytes of a document with its aliases written out
)

// MaxFile is how many bytes a manifest's file may have, for those who write one.
const MaxFile = maxFile

// convert reads one document into plain values: maps, lists, strings, booleans,
// nil and json.Number. What cannot be read at all is reported, and false returned.
func convert(r *report) (any, bool) {
	data := r.text.doc.data
	if mayHoldAlias(data) && r.text.expanded(maxExpanded) >= maxExpanded {
		r.addf("", "its aliases expand to more than %d bytes", maxExpanded)
		return nil, false
	}
	text, err := yaml.YAMLToJSONStrict(data)
	if err != nil && strings.Contains(err.Error(), "already set in map") {
		// A merge (<<) that is overridden is not a key given twice, although the
		// library thinks so.
		r.text.doubled(r)
		text, err = yaml.YAMLToJSON(data)
	}
	if err != nil {
		syntaxError(r, err)
		return nil, false
	}
	if tooDeep(text) {
		r.addf("", "lists and objects are nested more than %d deep", maxDepth)
		return nil, false
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var raw any
	if err := dec.Decode(&raw); err != nil {
		r.addf("", "cannot be read: %v", err)
		return nil, false
	}
	return raw, true
}

// mayHoldAlias reports whether there is something like an anchor: an & that
// begins a word.
func mayHoldAlias(data []byte) bool {
	for i, c := range data {
		if c == '&' && i+1 < len(data) && !bytes.ContainsRune([]byte(" &\t\r\n"), rune(data[i+1])) {
			return true
		}
	}
	return false
}

// tooDeep looks at JSON text.
func tooDeep(text []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}
