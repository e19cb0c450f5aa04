package manifest

import (
	"fmt"
	"strconv"
	"strings"

	yaml "go.yaml.in/yaml/v3"
)

// A tree is the syntax of one document. It is made only when something is wrong
// (or aliases are to be counted): for the line of a path, for a scalar as it was
// written, and for keys given twice. The values come from another library, which
// reads YAML 1.1 as Kubernetes does. A nil tree knows nothing.
type tree struct {
	doc    chunk
	parsed bool
	root   *yaml.Node // nil: it cannot be read
}

func (t *tree) node() *yaml.Node {
	if t == nil {
		return nil
	}
	if !t.parsed {
		t.parsed = true
		var n yaml.Node
		if err := yaml.Unmarshal(t.doc.data, &n); err == nil && len(n.Content) == 1 {
			t.root = n.Content[0]
		}
	}
	return t.root
}

// line returns the line of the deepest part of the path that is there, or 0.
func (t *tree) line(path string) int {
	if t == nil {
		return 0
	}
	line, _ := t.find(path)
	if line == 0 {
		return 0
	}
	return line + t.doc.line - 1
}

// scalar returns the text of a scalar as it was written, without quotes.
func (t *tree) scalar(path string) (string, bool) {
	_, n := t.find(path)
	if n == nil || n.Kind != yaml.ScalarNode {
		return "", false
	}
	return n.Value, true
}

// wrote reports whether a key that looks like a boolean or a number is in the
// text as it is: on is read as true, 010 as 8. Other keys are what they seem.
func (t *tree) wrote(path, key string) bool {
	if _, err := strconv.ParseFloat(key, 64); err != nil && key != "true" && key != "false" {
		return true
	}
	_, n := t.find(path)
	if n == nil || n.Kind != yaml.MappingNode {
		return true
	}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == key || n.Content[i].Tag == "!!merge" {
			return true
		}
	}
	return false
}

// find walks down; the node is nil when the path does not go all the way.
func (t *tree) find(path string) (line int, n *yaml.Node) {
	n = t.node()
	if n == nil {
		return 0, nil
	}
	line = n.Line
	for steps := 0; path != ""; steps++ {
		next, at, rest := step(n, path)
		if next == nil || steps > maxDepth {
			return line, nil
		}
		n, line, path = next, at, rest
	}
	return line, resolve(n)
}

// step follows the first part of a path. A key may itself hold dots.
func step(n *yaml.Node, path string) (next *yaml.Node, line int, rest string) {
	n = resolve(n)
	if inner, ok := strings.CutPrefix(path, "["); ok {
		number, after, _ := strings.Cut(inner, "]")
		i, err := strconv.Atoi(number)
		if err != nil || n.Kind != yaml.SequenceNode || i >= len(n.Content) {
			return nil, 0, ""
		}
		return n.Content[i], n.Content[i].Line, strings.TrimPrefix(after, ".")
	}
	if n.Kind != yaml.MappingNode {
		return nil, 0, ""
	}
	best := -1
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i].Value
		after, ok := strings.CutPrefix(path, key)
		if !ok || after != "" && after[0] != '.' && after[0] != '[' || len(key) <= best {
			continue
		}
		best = len(key)
		next, line, rest = n.Content[i+1], n.Content[i].Line, strings.TrimPrefix(after, ".")
	}
	return next, line, rest
}

func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

// doubled reports keys that are given twice in one mapping. A key that overrides
// one of a merge (<<) is not.
func (t *tree) doubled(r *report) {
	if n := t.node(); n != nil {
		doubledIn(r, n, "")
	}
}

func doubledIn(r *report, n *yaml.Node, path string) {
	switch n.Kind {
	case yaml.DocumentNode, yaml.ScalarNode, yaml.AliasNode: // an alias was looked at where its anchor is
	case yaml.SequenceNode:
		for i, item := range n.Content {
			doubledIn(r, item, index(path, i))
		}
	case yaml.MappingNode:
		first := map[string]int{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			at := join(path, key.Value)
			if line, twice := first[key.Value]; twice {
				base := r.text.doc.line - 1
				r.addf(at, "the key is given twice, on the lines %d and %d", line+base, key.Line+base)
			}
			first[key.Value] = key.Line
			if key.Tag == "!!merge" && i > 0 {
				r.addf(at, "put << before the other keys, which override what it brings")
			}
			doubledIn(r, value, at)
		}
	}
}

// expanded is the size of the document with every alias written out, in bytes;
// it stops counting at the limit. An alias inside its own anchor is endless.
func (t *tree) expanded(limit int) int {
	n := t.node()
	if n == nil {
		return 0
	}
	sizes := map[*yaml.Node]int{}
	var size func(n *yaml.Node) int
	size = func(n *yaml.Node) int {
		if n.Kind == yaml.AliasNode && n.Alias != nil {
			known, seen := sizes[n.Alias]
			if !seen { // its anchor is not finished: it is inside
				return limit
			}
			return known
		}
		sum := len(n.Value) + 1
		for _, c := range n.Content {
			sum = min(sum+size(c), limit)
		}
		sizes[n] = sum
		return sum
	}
	return size(n)
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func index(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }
