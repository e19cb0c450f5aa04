package heroscript

// kind says what one byte of the text is.
type kind uint8

const (
	kindBlank   kind = iota
	kindNewline      // outside quotes
	kindComment
	kindBang   // one of the two bytes that begin a statement
	kindWord   // of a name, a key or a bare value
	kindColon  // the first colon of a word
	kindOpen   // the quote that begins a quoted value
	kindText   // inside quotes
	kindEscape // the backslash of an escape
	kindClose  // the quote that ends a quoted value
)

// scanner classifies bytes one by one. It is the only place that knows what
// quotes, comments and "!!" are: the splitter and the parser both use it, so that
// they cannot disagree about where a quote is open.
type scanner struct {
	quote      byte // the open quote; 0: none
	escaped    bool // the next byte belongs to an escape
	comment    bool
	bang       bool // the next byte is the second of "!!"
	word       bool // inside a word
	colon      bool // the word has had its colon
	afterColon bool
}

// needsNext reports whether c can only be classified with the byte after it.
func (s *scanner) needsNext(c byte) bool {
	switch {
	case s.quote != 0:
		return c == '\\' && !s.escaped
	case s.comment, s.bang, s.word:
		return false
	}
	return c == '!' || c == '/'
}

// step classifies c; next is the byte after it, or -1 at the end of the text.
func (s *scanner) step(c byte, next int) kind {
	if s.quote != 0 {
		return s.quoted(c, next)
	}
	if c == '\n' {
		*s = scanner{}
		return kindNewline
	}
	switch {
	case s.comment:
		return kindComment
	case s.bang:
		s.bang, s.word = false, true
		return kindBang
	case c == ' ' || c == '\t' || c == '\r':
		*s = scanner{}
		return kindBlank
	case isQuote(c) && (!s.word || s.afterColon):
		s.quote, s.word, s.afterColon = c, true, false
		return kindOpen
	case !s.word && (c == '#' || c == '/' && next == '/'):
		s.comment = true
		return kindComment
	case !s.word && c == '!' && next == '!':
		s.bang = true
		return kindBang
	}
	s.word, s.afterColon = true, false
	if c == ':' && !s.colon {
		s.colon, s.afterColon = true, true
		return kindColon
	}
	return kindWord
}

func (s *scanner) quoted(c byte, next int) kind {
	switch {
	case s.escaped:
		s.escaped = false
		return kindText
	case c == '\\' && (next == '\\' || next == int(s.quote)):
		s.escaped = true
		return kindEscape
	case c == s.quote:
		s.quote, s.colon = 0, true
		return kindClose
	}
	return kindText
}

func isQuote(c byte) bool { return c == '\'' || c == '"' }
