package convert

import (
	"fmt"
	"strconv"
	"strings"

	yaml "go.yaml.in/yaml/v3"
)

// A tree is YAML with its lines. Readers take the keys that they know; what is left
// over becomes a note.
type tree struct {
	key   string
	file  string
	line  int
	about []string // comments in front of it
	node  *yaml.Node
	left  []*tree // of an object: what was not taken
}

// maxNodes bounds a document with its aliases written out.
const maxNodes = 100_000

// parseYAML reads the first document of a file.
func (d *draft) parseYAML(file string, text []byte) (*tree, error) {
	dec := yaml.NewDecoder(strings.NewReader(string(text)))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		return nil, d.failf(file, 0, "not valid YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	var second yaml.Node
	if err := dec.Decode(&second); err == nil && len(second.Content) > 0 {
		return nil, d.failf(file, second.Line, "it holds a second document, and only one is expected")
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, d.failf(file, 1, "want an object at the top")
	}
	b := builder{file: file, left: maxNodes}
	t, err := b.build(doc.Content[0], "", 0)
	if err != nil {
		return nil, d.failf(file, doc.Content[0].Line, "%v", err)
	}
	t.about = append(comments(doc.HeadComment), t.about...)
	return t, nil
}

// A builder makes the tree of a file.
type builder struct {
	file string
	left int // nodes that may still come
}

// build copies nodes, with aliases and merges written out.
func (b *builder) build(n *yaml.Node, key string, depth int) (*tree, error) {
	if b.left--; b.left < 0 || depth > 64 {
		return nil, fmt.Errorf("it is too deep, or its aliases make it too large")
	}
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	t := &tree{key: key, file: b.file, line: n.Line, node: n}
	switch n.Kind {
	case yaml.MappingNode:
		members := t.members()
		for i := 0; i+1 < len(n.Content); i += 2 {
			name, value := n.Content[i], n.Content[i+1]
			if name.Kind != yaml.ScalarNode {
				return nil, fmt.Errorf("the key on line %d is not a word", name.Line)
			}
			child, err := b.build(value, name.Value, depth+1)
			if err != nil {
				return nil, err
			}
			if name.Tag == "!!merge" {
				members.merge(child)
				continue
			}
			child.line = name.Line
			child.about = append(comments(name.HeadComment), child.about...)
			members.put(child)
		}
	case yaml.SequenceNode:
		for _, item := range n.Content {
			child, err := b.build(item, key, depth+1) // called like the list, in errors and notes
			if err != nil {
				return nil, err
			}
			t.left = append(t.left, child)
		}
	case yaml.DocumentNode, yaml.ScalarNode, yaml.AliasNode:
	}
	return t, nil
}

// members are what an object holds, found by key while keys are added.
type members struct {
	of *tree
	at map[string]int // in of.left
}

func (t *tree) members() members {
	m := members{t, make(map[string]int, len(t.left))}
	for i, c := range t.left {
		if _, known := m.at[c.key]; !known {
			m.at[c.key] = i
		}
	}
	return m
}

func (m members) get(key string) *tree {
	if i, known := m.at[key]; known {
		return m.of.left[i]
	}
	return nil
}

// put sets a key of its own, over one that was merged.
func (m members) put(child *tree) {
	if i, known := m.at[child.key]; known {
		m.of.left[i] = child
		return
	}
	m.at[child.key] = len(m.of.left)
	m.of.left = append(m.of.left, child)
}

// merge takes what is not there yet.
func (m members) merge(from *tree) {
	sources := []*tree{from}
	if from.node.Kind == yaml.SequenceNode {
		sources = from.left
	}
	for _, s := range sources {
		for _, c := range s.left {
			if m.get(c.key) == nil && s.isObject() {
				copied := *c
				m.put(&copied)
			}
		}
	}
}

// clone is for what is read more than once.
func (t *tree) clone() *tree {
	out := *t
	out.left = make([]*tree, 0, len(t.left))
	for _, c := range t.left {
		out.left = append(out.left, c.clone())
	}
	return &out
}

func comments(text string) []string {
	var list []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(line), "#")); line != "" {
			list = append(list, line)
		}
	}
	return list
}

func (t *tree) isObject() bool { return t.node.Kind == yaml.MappingNode }
func (t *tree) isList() bool   { return t.node.Kind == yaml.SequenceNode }
func (t *tree) isNull() bool   { return t.node.Kind == yaml.ScalarNode && t.node.Tag == "!!null" }
func (t *tree) isScalar() bool { return t.node.Kind == yaml.ScalarNode && t.node.Tag != "!!null" }

func (t *tree) get(key string) *tree {
	for _, c := range t.left {
		if c.key == key {
			return c
		}
	}
	return nil
}

// A yamlReader reads one file; the first error stays.
type yamlReader struct {
	d    *draft
	file string
	err  error
	// fill, if any, puts variables into a single value.
	fill func(c *tree) string
}

func (r *yamlReader) fail(t *tree, format string, args ...any) {
	if r.err != nil {
		return
	}
	text := fmt.Sprintf(format, args...)
	if t.key != "" {
		text = t.key + ": " + text
	}
	r.err = r.d.failf(t.file, t.line, "%s", text)
}

// objects has each member of an object read, which are objects themselves.
func (r *yamlReader) objects(of *tree, read func(*tree)) error {
	for _, member := range of.left {
		if !member.isObject() {
			r.fail(member, "want an object")
			break
		}
		read(member)
	}
	return r.err
}

// take removes a key and returns it; nil when it is absent or null.
func (r *yamlReader) take(t *tree, key string) *tree {
	for i, c := range t.left {
		if c.key == key {
			t.left = append(t.left[:i:i], t.left[i+1:]...)
			if c.isNull() {
				return nil
			}
			return c
		}
	}
	return nil
}

// object takes a key that must be an object; its absence is an empty one.
func (r *yamlReader) object(t *tree, key string) *tree {
	c := r.take(t, key)
	if c == nil {
		return nil
	}
	if !c.isObject() {
		r.fail(c, "want an object")
		return nil
	}
	return c
}

func (r *yamlReader) scalar(c *tree) string {
	if !c.isScalar() {
		r.fail(c, "want a single value")
		return ""
	}
	if r.fill != nil {
		return r.fill(c)
	}
	return c.node.Value
}

func (r *yamlReader) text(t *tree, key string) (string, *tree) {
	c := r.take(t, key)
	if c == nil {
		return "", nil
	}
	return r.scalar(c), c
}

// list reads a list of single values; one value alone counts as a list.
func (r *yamlReader) list(c *tree) []string {
	if !c.isList() {
		return []string{r.scalar(c)}
	}
	var out []string
	for _, item := range c.left {
		out = append(out, r.scalar(item))
	}
	return out
}

func (r *yamlReader) boolean(t *tree, key string) (value bool, c *tree) {
	text, c := r.text(t, key)
	if c == nil {
		return false, nil
	}
	switch strings.ToLower(text) {
	case "true", "yes", "on":
		return true, c
	case "false", "no", "off":
		return false, c
	}
	r.fail(c, "%q is neither true nor false", text)
	return false, c
}

// integer reads a whole number from least up; absent is returned where there is none.
func (r *yamlReader) integer(t *tree, key string, absent, least int) int {
	text, c := r.text(t, key)
	if c == nil {
		return absent
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > 1_000_000 {
		r.fail(c, "%q is not a number from %d to 1000000", text, least)
		return absent
	}
	return n
}

// rest notes every key that nobody took. why says more about some of them; what begins
// with ~ leaves nothing to do.
func (r *yamlReader) rest(p *process, prefix string, t *tree, why map[string]string) {
	if t == nil {
		return
	}
	for _, c := range t.left {
		if strings.HasPrefix(c.key, "x-") {
			continue // by definition for the writer of the file only
		}
		text, known := why[c.key]
		if !known {
			text = "it is not known here: misspelt, or newer than this converter"
		}
		kind := Lost
		if harmless, ok := strings.CutPrefix(text, "~"); ok {
			kind, text = Changed, harmless
		}
		if p == nil {
			r.d.note(kind, c.file, c.line, prefix+c.key, "%s", text)
		} else {
			p.noteOn(kind, c, prefix+c.key, "%s", text)
		}
	}
	t.left = nil
}

// hasKey is a test for YAML that has a key at the top.
func hasKey(key string) func(text []byte) bool {
	return func(text []byte) bool {
		d := &draft{}
		t, err := d.parseYAML("", text)
		return err == nil && t.get(key) != nil
	}
}

// port reads a number of a port; false when it is none.
func port(text string) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && n > 0 && n < 65536
}
