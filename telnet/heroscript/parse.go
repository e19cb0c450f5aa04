package heroscript

import (
	"errors"
	"fmt"
	"strings"
)

// Parse reads a whole script. It returns the good statements in order, and the
// errors of all others, joined; each is an [*Error].
func Parse(script string) ([]Statement, error) {
	split := NewSplitter(max(1, len(script)))
	chunks := append(split.Feed([]byte(script)), split.Flush()...)
	var good []Statement
	var bad []error
	for _, c := range chunks {
		st, err := c.Parse()
		if err != nil {
			bad = append(bad, err)
			continue
		}
		good = append(good, st)
	}
	return good, errors.Join(bad...)
}

// Parse reads the statement of the chunk. With an error (an [*Error], the first
// one) it also returns what could be read, so that an answer can carry the job id
// of a broken statement.
func (c Chunk) Parse() (Statement, error) {
	p := parser{pos: c.At, st: Statement{Pos: c.At}, seen: map[string]Pos{}}
	if c.Err != nil {
		p.err = c.Err
	} else if !strings.HasPrefix(c.Text, "!!") {
		msg := "a statement begins with !! (for example !!help)"
		if c.At.Column > 1 {
			msg = "an indented line belongs to the statement before it, and there is none"
		}
		p.fail(c.At, "%s", msg)
	}
	for i := range len(c.Text) {
		next := -1
		if i+1 < len(c.Text) {
			next = int(c.Text[i+1])
		}
		p.rest = c.Text[i:]
		p.take(c.Text[i], p.scan.step(c.Text[i], next))
		p.pos.advance(c.Text[i])
	}
	if p.scan.quote != 0 && c.Err == nil {
		p.fail(p.openAt, "the quote that is opened here is not closed")
		return p.st, p.err
	}
	if c.Err == nil {
		p.rest = ""
		p.endWord()
	}
	return p.st, p.err
}

type parser struct {
	scan scanner
	pos  Pos    // of the current byte
	rest string // the text from the current byte on
	st   Statement
	err  error // the first one
	seen map[string]Pos

	named   bool // the name has been read
	inWord  bool
	isName  bool // the word is the statement's name
	broken  bool // the word has had its error
	colon   bool
	quoted  bool
	closed  bool
	key     []byte
	value   []byte
	wordAt  Pos
	openAt  Pos
	colonAt Pos
}

func (p *parser) fail(at Pos, format string, args ...any) {
	p.broken = true
	if p.err == nil {
		p.err = &Error{Pos: at, Msg: fmt.Sprintf(format, args...)}
	}
}

func (p *parser) take(c byte, k kind) {
	switch k {
	case kindBlank, kindNewline, kindComment:
		p.endWord()
	case kindBang:
		p.beginWord(k)
	case kindWord:
		p.beginWord(k)
		p.takeWord(c)
	case kindColon:
		p.beginWord(k)
		p.colon, p.colonAt = true, p.pos
	case kindOpen:
		p.beginWord(k)
		p.quoted, p.openAt = true, p.pos
		if !p.colon {
			p.fail(p.pos, "a quoted value needs a key in front (key:'value')")
		}
	case kindText:
		p.value = append(p.value, c)
	case kindEscape:
	case kindClose:
		p.closed = true
	}
}

// beginWord begins a word unless one has begun.
func (p *parser) beginWord(k kind) {
	if p.inWord {
		return
	}
	*p = parser{
		scan: p.scan, pos: p.pos, rest: p.rest, st: p.st, err: p.err, seen: p.seen, named: p.named, openAt: p.openAt,
		inWord: true, wordAt: p.pos, key: p.key[:0], value: p.value[:0],
	}
	switch {
	case k == kindBang && !p.named:
		p.isName, p.named = true, true
	case k == kindBang:
		p.fail(p.pos, "a second !! in one statement")
	case p.pos.Column == 1 && p.named:
		p.fail(p.pos, "parameters on a line of their own must be indented")
	}
}

func (p *parser) takeWord(c byte) {
	switch {
	case p.broken:
	case !p.colon:
		p.key = append(p.key, c)
	case p.closed:
		p.fail(p.pos, "a blank must follow the closing quote of %s (a quote inside it is written with a backslash in front)", brief(string(p.key)))
	case isQuote(c):
		p.fail(p.pos, "a quote inside an unquoted value: put quotes around the whole value of %s", brief(string(p.key)))
	case c < ' ' || c == 0x7F:
		p.fail(p.pos, "the control character 0x%02X must be inside quotes", c)
	default:
		p.value = append(p.value, c)
	}
}

func (p *parser) endWord() {
	if !p.inWord {
		return
	}
	p.inWord = false
	if p.broken {
		return
	}
	if p.isName {
		p.endName()
		return
	}
	key := strings.ToLower(string(p.key))
	switch {
	case !p.colon:
		bare := &Error{Pos: p.wordAt, Bare: string(p.key)}
		bare.Msg = fmt.Sprintf("%s is not key:value (%s)", brief(bare.Bare), p.whyNoColon())
		if p.err == nil {
			p.err = bare
		}
	case !isIdent(key):
		p.fail(p.wordAt, "%s is not a key (want a letter, then letters, digits, '_', '-')", brief(string(p.key)))
	case !p.quoted && len(p.value) == 0:
		p.fail(p.colonAt, "the key %q has no value (%swrite %s:VALUE, or %s:'' for an empty one)", key, p.whyNoValue(), key, key)
	default:
		if first, twice := p.seen[key]; twice {
			p.fail(p.wordAt, "the key %q is given twice, first at %s", key, first)
			return
		}
		p.seen[key] = p.wordAt
		p.st.Params = append(p.st.Params, Param{Key: key, Value: string(p.value), Pos: p.wordAt})
	}
}

// whyNoColon guesses why the word that ends at rest is not key:value.
func (p *parser) whyNoColon() string {
	if strings.HasPrefix(strings.TrimLeft(p.rest, " \t"), ":") {
		return "no blank may stand before the colon"
	}
	return "a value with blanks needs quotes"
}

// whyNoValue tells of a blank behind the colon, where a value stands behind it.
func (p *parser) whyNoValue() string {
	line, _, _ := strings.Cut(p.rest, "\n")
	if word := strings.Trim(line, " \t\r"); word == "" || strings.HasPrefix(word, "#") || strings.HasPrefix(word, "//") {
		return ""
	}
	return "no blank may stand after the colon: "
}

func (p *parser) endName() {
	name := strings.ToLower(string(p.key))
	at := Pos{p.wordAt.Line, p.wordAt.Column + len("!!")}
	switch {
	case p.colon:
		p.fail(p.colonAt, "a colon in the name of a statement (want !!name, a blank, then key:value)")
	case name == "":
		p.fail(at, "the name is missing after !!")
	case !isName(name):
		p.fail(at, "%s is not the name of a statement (want words of letters, digits, '_', '-', joined by dots)", brief(string(p.key)))
	default:
		p.st.Name = name
	}
}

// isName tells whether a lower-case text is idents joined by dots.
func isName(text string) bool {
	for part := range strings.SplitSeq(text, ".") {
		if !isIdent(part) {
			return false
		}
	}
	return true
}

// isIdent tells whether a lower-case text is a letter, then letters, digits, '_', '-'.
func isIdent(text string) bool {
	for i := range len(text) {
		c := text[i]
		if c >= 'a' && c <= 'z' || i > 0 && (c >= '0' && c <= '9' || c == '_' || c == '-') {
			continue
		}
		return false
	}
	return text != ""
}
