package manifest

import (
	"bytes"
	"fmt"
	"strings"
)

// A flaw is what is wrong with a text that YAML cannot read, as a person would say it.
type flaw struct {
	line int // where it is to be mended, from 1
	seen int // where it was noticed: there, or further down
	what string
}

// firstFlaw goes through the lines of a text as a person does, because the YAML library
// tells the line at which it gave up, which can be the one behind or the beginning of the
// whole list. It knows indentation, keys, quotes and brackets; nil: it sees nothing wrong,
// which does not mean that nothing is. It is asked only about texts that were refused.
func firstFlaw(data []byte) *flaw {
	l := layout{below: true, block: -1}
	for len(data) > 0 {
		end := lineLength(data)
		l.number++
		if f := l.read(strings.TrimRight(string(data[:end]), "\r\n\u0085\u2028\u2029 \t")); f != nil {
			return f
		}
		data = data[end:]
	}
	switch {
	case l.quote != 0:
		return l.flaw(l.since, "the quote %c that begins here is not closed", l.quote)
	case len(l.brackets) > 0:
		return l.flaw(l.since, "the bracket %c that begins here is not closed", l.brackets[0])
	}
	return nil
}

// layout is how far the lines were read.
type layout struct {
	number   int
	open     []level // lists and objects, outermost first
	below    bool    // the line before may have something deeper below it
	block    int     // lines deeper than this belong to a | or > text; -1: to none
	quote    byte    // that is open, or 0
	brackets []byte  // that are open, outermost first
	since    int     // line of that quote, or of the outermost bracket
}

// level is a list or object that is open.
type level struct {
	column, line int
	list         bool
}

func (l *layout) flaw(line int, format string, args ...any) *flaw {
	return &flaw{line, l.number, fmt.Sprintf(format, args...)}
}

func (l *layout) top() *level {
	if len(l.open) == 0 {
		return &level{column: -1}
	}
	return &l.open[len(l.open)-1]
}

func (l *layout) push(column int, list bool) {
	l.open = append(l.open, level{column, l.number, list})
}

// read takes the next line, without the blanks at its end.
func (l *layout) read(text string) *flaw {
	body := strings.TrimLeft(text, " ")
	column := len(text) - len(body)
	switch {
	case l.quote != 0 || len(l.brackets) > 0:
		return l.inside(body)
	case body == "" || l.block >= 0 && column > l.block:
		return nil
	}
	l.block = -1
	switch {
	case body[0] == '#':
		return nil
	case isMarker([]byte(text), "---"), isMarker([]byte(text), "..."), text[0] == '%':
		l.open, l.below = nil, true
		return nil
	}
	if f := l.place(column, body); f != nil {
		return f
	}
	if column > l.top().column && !l.below {
		return nil // a text that goes on
	}
	for body == "-" || strings.HasPrefix(body, "- ") {
		if top := l.top(); column > top.column || !top.list {
			l.push(column, true)
		}
		rest := strings.TrimLeft(body[1:], " ")
		column += len(body) - len(rest)
		body, l.below = rest, true
	}
	return l.entry(column, body)
}

// place looks whether a line may begin at the column.
func (l *layout) place(column int, body string) *flaw {
	item := body == "-" || strings.HasPrefix(body, "- ")
	if top := l.top(); column > top.column {
		if _, isKey := cutKey(body); !l.below && (isKey || item) {
			return l.flaw(l.number, "it is indented by %d spaces, deeper than the line above, below which nothing can stand (its neighbours have %d)", column, top.column)
		}
		return nil
	}
	deeper := l.top().column
	for l.top().column > column {
		deeper = l.top().column
		l.open = l.open[:len(l.open)-1]
	}
	top := l.top()
	if top.list && !item && len(l.open) > 1 && l.open[len(l.open)-2].column == column {
		l.open = l.open[:len(l.open)-1] // the list stood below its key, at the same column
		top = l.top()
	}
	switch {
	case top.column != column && top.column < 0:
		return l.flaw(l.number, "it is indented by %d spaces, what it belongs to by %d", column, deeper)
	case top.column != column:
		return l.flaw(l.number, "it is indented by %d spaces, which is neither %d nor %d, as the lines that it can belong to", column, deeper, top.column)
	case top.list && !item:
		return l.flaw(l.number, `it stands where the items of a list begin with "- " (since line %d): indent it by %d spaces to make it a part of the item before`, top.line, deeper)
	case !top.list && item && !l.below:
		return l.flaw(l.number, `it begins with "- ", as an item of a list, between the keys of an object (since line %d)`, top.line)
	}
	return nil
}

// entry takes what stands at a column: a key with its value, or a value.
func (l *layout) entry(column int, body string) *flaw {
	if body == "" || body[0] == '#' || body[0] == '?' {
		return nil
	}
	value, isKey := cutKey(body)
	if isKey && column > l.top().column {
		l.push(column, false)
	}
	if !isKey {
		if top := l.top(); top.column == column && !top.list {
			return l.flaw(l.number, "there is no colon behind the key: want KEY: VALUE")
		}
		value = body
	}
	for value != "" && (value[0] == '&' || value[0] == '!') { // an anchor or a tag
		_, value, _ = strings.Cut(value, " ")
		value = strings.TrimLeft(value, " ")
	}
	l.below = value == "" || value[0] == '#'
	if l.below {
		return nil
	}
	switch value[0] {
	case '|', '>':
		l.block = l.top().column
		return nil
	case '"', '\'', '[', '{':
		l.since = l.number
		return l.inside(value)
	}
	if strings.IndexByte(startless, value[0]) >= 0 {
		return l.cannotBegin(value[0])
	}
	value, _, _ = strings.Cut(value, " #")
	if _, isKey := cutKey(value); isKey {
		return l.flaw(l.number, "a value that holds a colon and a blank needs quotes")
	}
	return nil
}

// startless are the characters with which no text can begin.
const startless = "@`%"

func (l *layout) cannotBegin(c byte) *flaw {
	return l.flaw(l.number, "a text cannot begin with %c: quote it", c)
}

// inside takes what stands in quotes or brackets, or begins with one.
func (l *layout) inside(text string) *flaw {
	for i := 0; i < len(text); i++ {
		c, blank := text[i], i == 0 || strings.IndexByte(" [{,:", text[i-1]) >= 0
		switch {
		case l.quote == '"' && c == '\\', l.quote == '\'' && c == '\'' && strings.HasPrefix(text[i+1:], "'"):
			i++
		case l.quote != 0 && c == l.quote:
			l.quote = 0
		case l.quote != 0:
		case c == '#' && blank:
			return nil
		case (c == '"' || c == '\'') && blank:
			l.quote = c
			if len(l.brackets) == 0 && i > 0 {
				return l.behind()
			}
		case c == '[' || c == '{':
			l.brackets = append(l.brackets, c)
		case len(l.brackets) == 0 && c != ' ':
			return l.behind()
		case blank && strings.IndexByte(startless, c) >= 0:
			return l.cannotBegin(c)
		case c == ']' || c == '}':
			if c-2 != l.brackets[len(l.brackets)-1] {
				return l.flaw(l.number, "the bracket %c closes one that is not open (the one that is began on line %d)", c, l.since)
			}
			l.brackets = l.brackets[:len(l.brackets)-1]
		}
	}
	return nil
}

// behind is the flaw of text behind a closing quote or bracket.
func (l *layout) behind() *flaw {
	if l.since != l.number {
		return l.flaw(l.since, "the quote or bracket that begins here ends on line %d, and there is text behind it: is one missing?", l.number)
	}
	return l.flaw(l.number, `there is text behind the closing quote or bracket: quote the whole value, and in '…' write a quote twice, in "…" with a backslash`)
}

// cutKey returns what stands behind the key with which a line begins.
func cutKey(body string) (value string, ok bool) {
	from := 0
	if body != "" && (body[0] == '"' || body[0] == '\'') {
		end := strings.IndexByte(body[1:], body[0])
		if end < 0 {
			return "", false
		}
		from = end + 2
		if rest := strings.TrimLeft(body[from:], " "); rest == "" || rest[0] != ':' {
			return "", false
		}
	} else if body != "" && strings.IndexByte("[{#|>", body[0]) >= 0 {
		return "", false
	}
	for i := from; i < len(body); i++ {
		switch {
		case body[i] == '#' && i > 0 && body[i-1] == ' ':
			return "", false
		case body[i] == ':' && (i+1 == len(body) || body[i+1] == ' ' || body[i+1] == '\t'):
			return strings.TrimLeft(body[i+1:], " \t"), true
		}
	}
	return "", false
}

// tabbedLine finds the first line at or after the given one (both from 1) whose
// indentation has a tab, or 0.
func tabbedLine(data []byte, from int) int {
	for line := 1; len(data) > 0; line++ {
		end := lineLength(data)
		text := data[:end]
		data = data[end:]
		indent := text[:len(text)-len(bytes.TrimLeft(text, " \t"))]
		if line >= from && bytes.IndexByte(indent, '\t') >= 0 {
			return line
		}
	}
	return 0
}
