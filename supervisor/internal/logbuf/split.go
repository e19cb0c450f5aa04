package logbuf

import (
	"bytes"
	"unicode/utf8"
)

// MaxLine is the longest line, in bytes without its newline, that is kept in one
// piece; it is the limit of the container runtimes. A longer one is cut into
// pieces of this size, all but the last marked as partial.
const MaxLine = 16 << 10

// kind says what a run of bytes is.
type kind uint8

const (
	wait  kind = iota // nothing yet: the line may go on
	lines             // one or more whole lines, each ended by its newline
	piece             // the beginning or the middle of a line longer than MaxLine
	last              // the last line of a stream, without newline
)

// cut finds what can be delivered from data, which begins where a line (or a
// later piece of one) begins: the longest run of whole lines, or one piece.
//
// It looks for the last newline of each window of MaxLine bytes, not for every
// newline: the work is per chunk, not per line.
func cut(data []byte) (n int, k kind) {
	for {
		rest := data[n:]
		i := bytes.LastIndexByte(rest[:min(len(rest), MaxLine+1)], '\n')
		switch {
		case i >= 0:
			n += i + 1
		case n > 0:
			return n, lines
		case len(rest) > MaxLine:
			return runeEnd(rest[:MaxLine]), piece
		default:
			return 0, wait
		}
	}
}

// runeEnd is the length of data without an incomplete UTF-8 sequence at its end,
// so that a cut never destroys a character. Bytes that are not UTF-8 are left as
// they are.
func runeEnd(data []byte) int {
	for back := 1; back < utf8.UTFMax && back < len(data); back++ {
		at := len(data) - back
		if !utf8.RuneStart(data[at]) {
			continue
		}
		if !utf8.FullRune(data[at:]) {
			return at
		}
		break
	}
	return len(data)
}

// splitter holds what one stream has written of a line that is not finished.
// Its memory is bounded by MaxLine. It is not safe for concurrent use.
type splitter struct {
	held []byte // no newline in it, at most MaxLine bytes
}

// write calls deliver for everything that chunk completes. The bytes given to
// deliver are valid during the call only.
func (s *splitter) write(chunk []byte, deliver func(data []byte, k kind)) {
	for len(s.held) > 0 && len(chunk) > 0 {
		chunk = s.complete(chunk, deliver)
	}
	for len(chunk) > 0 {
		n, k := cut(chunk)
		if k == wait {
			s.held = append(s.held, chunk...)
			return
		}
		deliver(chunk[:n], k)
		chunk = chunk[n:]
	}
}

// complete adds to the held bytes as much of chunk as belongs to their line, and
// returns the rest.
func (s *splitter) complete(chunk []byte, deliver func([]byte, kind)) []byte {
	room := MaxLine - len(s.held)
	if i := bytes.IndexByte(chunk[:min(len(chunk), room+1)], '\n'); i >= 0 {
		s.held = append(s.held, chunk[:i+1]...)
		deliver(s.held, lines)
		s.held = s.held[:0]
		return chunk[i+1:]
	}
	if len(chunk) <= room {
		s.held = append(s.held, chunk...)
		return nil
	}
	s.held = append(s.held, chunk[:room]...)
	n := runeEnd(s.held)
	deliver(s.held[:n], piece)
	s.held = s.held[:copy(s.held, s.held[n:])]
	return chunk[room:]
}

// end delivers a last line without newline and gives the memory back.
func (s *splitter) end(deliver func([]byte, kind)) {
	if len(s.held) > 0 {
		deliver(s.held, last)
	}
	s.held = nil
}
