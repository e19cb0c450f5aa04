package heroscript_test

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/processmanager/processmanager/telnet/heroscript"
)

// node is an expression of the grammar: one of its fields is set.
type node struct {
	either []node // alternatives
	all    []node // a sequence
	rep    *node  // any number of times
	opt    *node
	name   string // a production
	text   string // a terminal …
	last   string // … or the end of a range that begins with it
}

// grammar is what stands in doc.go.
type grammar map[string]node

var tokenOf = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|[A-Za-z]+|[{}()\[\]|.=…]`)

func readGrammar(t *testing.T) grammar {
	t.Helper()
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(doc), "//	script ")
	text, _, ok2 := strings.Cut(rest, "//\n")
	if !ok || !ok2 {
		t.Fatal("there is no grammar in doc.go")
	}
	r := &reader{t: t, tokens: tokenOf.FindAllString("script "+strings.ReplaceAll(text, "//\t", ""), -1)}
	g := grammar{}
	for len(r.tokens) > 0 {
		name := r.take()
		r.want("=")
		g[name] = r.either()
		r.want(".")
	}
	for name, n := range g {
		g.check(t, name, n)
	}
	return g
}

// check fails when a production is missing.
func (g grammar) check(t *testing.T, in string, n node) {
	t.Helper()
	if _, known := g[n.name]; n.name != "" && !known {
		t.Fatalf("%s: there is no production %s", in, n.name)
	}
	for _, part := range append(append([]node{}, n.either...), n.all...) {
		g.check(t, in, part)
	}
	for _, part := range []*node{n.rep, n.opt} {
		if part != nil {
			g.check(t, in, *part)
		}
	}
}

type reader struct {
	t      *testing.T
	tokens []string
}

func (r *reader) peek() string {
	if len(r.tokens) == 0 {
		r.t.Fatal("the grammar ends too early")
	}
	return r.tokens[0]
}

func (r *reader) take() string { tok := r.peek(); r.tokens = r.tokens[1:]; return tok }

func (r *reader) want(tok string) {
	if got := r.take(); got != tok {
		r.t.Fatalf("the grammar has %q, want %q, in front of %q", got, tok, r.tokens)
	}
}

func (r *reader) either() node {
	n := node{either: []node{r.all()}}
	for r.peek() == "|" {
		r.take()
		n.either = append(n.either, r.all())
	}
	return n
}

func (r *reader) all() node {
	var n node
	for !strings.Contains("|.)]}", r.peek()) {
		n.all = append(n.all, r.one())
	}
	return n
}

func (r *reader) one() node {
	tok := r.take()
	switch {
	case tok == "(":
		n := r.either()
		r.want(")")
		return n
	case tok == "[":
		n := r.either()
		r.want("]")
		return node{opt: &n}
	case tok == "{":
		n := r.either()
		r.want("}")
		return node{rep: &n}
	case tok[0] != '"':
		return node{name: tok}
	}
	n := node{text: r.literal(tok)}
	if r.peek() == "…" {
		r.take()
		n.last = r.literal(r.take())
	}
	return n
}

func (r *reader) literal(tok string) string {
	text, err := strconv.Unquote(tok)
	if err != nil {
		r.t.Fatalf("%s: %v", tok, err)
	}
	return text
}

// write draws a text that the grammar makes.
func (g grammar) write(t *rapid.T, n node, b *strings.Builder) {
	switch {
	case n.either != nil:
		g.write(t, n.either[rapid.IntRange(0, len(n.either)-1).Draw(t, "alternative")], b)
	case n.rep != nil:
		for range rapid.IntRange(0, 3).Draw(t, "times") {
			g.write(t, *n.rep, b)
		}
	case n.opt != nil:
		if rapid.Bool().Draw(t, "with") {
			g.write(t, *n.opt, b)
		}
	case n.name != "":
		g.write(t, g[n.name], b)
	case n.last != "":
		b.WriteByte(rapid.ByteRange(n.text[0], n.last[0]).Draw(t, "byte"))
	case n.text != "":
		b.WriteString(n.text)
	default:
		for _, part := range n.all {
			g.write(t, part, b)
		}
	}
}

// matcher finds out whether the grammar makes a text.
type matcher struct {
	g    grammar
	text string
	memo map[string]map[int]bool
}

// from returns where n may end when it begins at one of the places.
func (m *matcher) from(n node, places map[int]bool) map[int]bool {
	out := map[int]bool{}
	for at := range places {
		for end := range m.at(n, at) {
			out[end] = true
		}
	}
	return out
}

func (m *matcher) at(n node, at int) map[int]bool {
	switch {
	case n.either != nil:
		out := map[int]bool{}
		for _, part := range n.either {
			for end := range m.at(part, at) {
				out[end] = true
			}
		}
		return out
	case n.rep != nil:
		out, fresh := map[int]bool{at: true}, map[int]bool{at: true}
		for len(fresh) > 0 {
			next := m.from(*n.rep, fresh)
			fresh = map[int]bool{}
			for end := range next {
				if !out[end] {
					out[end], fresh[end] = true, true
				}
			}
		}
		return out
	case n.opt != nil:
		out := map[int]bool{at: true}
		for end := range m.at(*n.opt, at) {
			out[end] = true
		}
		return out
	case n.name != "":
		key := fmt.Sprint(n.name, at)
		if _, known := m.memo[key]; !known {
			m.memo[key] = m.at(m.g[n.name], at)
		}
		return m.memo[key]
	case n.last != "":
		if at < len(m.text) && m.text[at] >= n.text[0] && m.text[at] <= n.last[0] {
			return map[int]bool{at + 1: true}
		}
		return nil
	case n.text != "":
		if strings.HasPrefix(m.text[at:], n.text) {
			return map[int]bool{at + len(n.text): true}
		}
		return nil
	}
	out := map[int]bool{at: true}
	for _, part := range n.all {
		out = m.from(part, out)
	}
	return out
}

// twice is the one error that is no matter of grammar. It may hide another one.
const twice = "is given twice"

// What the grammar makes the parser reads.
func TestParserReadsTheGrammar(t *testing.T) {
	g := readGrammar(t)
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		g.write(t, g["script"], &b)
		if _, err := heroscript.Parse(b.String()); err != nil && !strings.Contains(err.Error(), twice) {
			t.Fatalf("%q: %v", b.String(), err)
		}
	})
}

// What the parser reads the grammar makes, and nothing else.
func TestGrammarIsTheParser(t *testing.T) {
	g := readGrammar(t)
	piece := rapid.SampledFrom([]string{
		"!!", "!!a.b", "!!a", " c:1", " d:'x'", "  e:\"y\"", "\n", "\n", " ", "\t", "!", ":", "'", `"`, `\`, "#", "//", "/", "x", ".", "-", "7", "\x00", "ä", "\xff", "\r\n", "\x7f", " f:",
	})
	seen := map[bool]int{}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(piece, 0, 12).Draw(t, "pieces"), "")
		if rapid.Bool().Draw(t, "good beginning") {
			text = "!!a.b" + text
		}
		m := &matcher{g: g, text: text, memo: map[string]map[int]bool{}}
		made := m.at(g["script"], 0)[len(text)]
		_, err := heroscript.Parse(text)
		if err != nil && strings.Contains(err.Error(), twice) {
			return
		}
		if made != (err == nil) {
			t.Fatalf("%q: the grammar makes it: %v; the parser: %v", text, made, err)
		}
		seen[made]++
	})
	if seen[true] < 10 || seen[false] < 10 {
		t.Errorf("too few good or bad texts were tried: %v", seen)
	}
}
