package heroscript

import "fmt"

// Chunk is the text of one statement, or of something that is none.
type Chunk struct {
	Text string
	At   Pos // where it begins
	// Err is set when the chunk was given up before its end, because it is longer
	// than the splitter's limit; Text then holds what came before.
	Err error
}

// Splitter finds where statements end in a text that arrives piece by piece. It
// remembers at most its limit. The zero value is not usable; see [NewSplitter].
type Splitter struct {
	limit int
	scan  scanner
	held  int // a byte that waits for its successor; -1: none
	pos   Pos // of the next byte

	open     bool // a chunk has begun
	swallow  bool // the open chunk is too long: drop the rest of it
	text     []byte
	at       Pos
	bang     bool // the last byte was the first of "!!"
	lineUsed bool // the line has had something beside blanks
	lineEnd  bool // the last byte was a line end outside quotes
}

// NewSplitter returns a splitter that gives up statements longer than limit bytes.
func NewSplitter(limit int) *Splitter {
	s := &Splitter{limit: limit}
	s.Reset()
	return s
}

// Reset forgets everything that was fed and not returned, and counts lines from
// 1 again.
func (s *Splitter) Reset() {
	*s = Splitter{limit: s.limit, held: -1, pos: Pos{1, 1}, text: s.text[:0]}
}

// Feed takes the next piece of the text, of any size, and returns the statements
// that it ended.
func (s *Splitter) Feed(piece []byte) []Chunk {
	var out []Chunk
	for _, c := range piece {
		if s.held >= 0 {
			held := byte(s.held)
			s.held = -1
			out = s.take(out, held, int(c))
		}
		if s.scan.needsNext(c) {
			s.held, s.lineEnd = int(c), false
			continue
		}
		out = s.take(out, c, -1)
	}
	return out
}

// Flush ends what was fed: the input is over, or silent.
func (s *Splitter) Flush() []Chunk {
	var out []Chunk
	if s.held >= 0 {
		held := byte(s.held)
		s.held = -1
		out = s.take(out, held, -1)
	}
	out = s.end(out)
	s.scan = scanner{}
	s.bang, s.lineUsed, s.lineEnd = false, false, false
	return out
}

// Complete reports whether there is a statement that Flush may end without
// cutting a line or a quoted value.
func (s *Splitter) Complete() bool { return s.open && s.lineEnd }

// Pending reports whether something was fed that no statement returned so far
// holds.
func (s *Splitter) Pending() bool { return s.open || s.held >= 0 }

// Text returns what is pending: the unfinished statement, or nothing.
func (s *Splitter) Text() string {
	text := string(s.text)
	if s.held >= 0 {
		text += string([]byte{byte(s.held)})
	}
	return text
}

// Quote returns the quote that is open where the text ends now; 0: none.
func (s *Splitter) Quote() byte { return s.scan.quote }

func (s *Splitter) take(out []Chunk, c byte, next int) []Chunk {
	k := s.scan.step(c, next)
	first := k == kindBang && !s.bang
	s.bang = first
	if first {
		out = s.end(out)
	}
	if !s.open && k != kindBlank && k != kindNewline && k != kindComment {
		s.open, s.at, s.text = true, s.pos, s.text[:0]
	}
	s.pos.advance(c)
	s.lineEnd = k == kindNewline
	if s.open && !s.swallow {
		s.text = append(s.text, c)
		if len(s.text) > s.limit {
			out = append(out, Chunk{Text: string(s.text[:s.limit]), At: s.at, Err: &Error{
				Pos: s.at, Msg: fmt.Sprintf("the statement is longer than %d bytes", s.limit),
			}})
			s.swallow, s.text = true, nil
		}
	}
	if k != kindNewline {
		s.lineUsed = s.lineUsed || k != kindBlank
		return out
	}
	if !s.lineUsed {
		out = s.end(out)
	}
	s.lineUsed = false
	return out
}

func (s *Splitter) end(out []Chunk) []Chunk {
	if s.open && !s.swallow {
		out = append(out, Chunk{Text: string(s.text), At: s.at})
	}
	s.open, s.swallow, s.text = false, false, s.text[:0]
	return out
}
