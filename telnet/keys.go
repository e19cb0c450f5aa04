package telnet

import (
	"bytes"
	"unicode/utf8"
)

// op is what a key asks for.
type op uint8

const (
	opNone op = iota
	opText    // put text in
	opEnter
	opTab
	opEOF // Ctrl-D
	opInterrupt
	opClear // Ctrl-L
	opLeft
	opRight
	opUp
	opDown
	opHome
	opEnd
	opWordLeft
	opWordRight
	opBackspace
	opDelete
	opKillLine
	opKillEnd
	opKillWord
	opKillWordRight
	opYank
)

// key is one key, or a pasted text.
type key struct {
	op   op
	text []byte // of opText; the receiver's
}

// controlKeys are those of Emacs, as in every shell.
var controlKeys = map[byte]op{
	0x01: opHome, 0x02: opLeft, 0x04: opEOF, 0x05: opEnd, 0x06: opRight, 0x08: opBackspace, '\t': opTab, '\n': opEnter,
	0x0B: opKillEnd, 0x0C: opClear, 0x0E: opDown, 0x10: opUp, 0x15: opKillLine, 0x17: opKillWord, 0x19: opYank, 0x7F: opBackspace,
}

// altKeys come behind an ESC.
var altKeys = map[byte]op{
	'b': opWordLeft, 'B': opWordLeft, 'f': opWordRight, 'F': opWordRight, 'd': opKillWordRight, 'D': opKillWordRight, 0x7F: opKillWord, 0x08: opKillWord,
}

// sequences are what stands behind ESC [ or ESC O: ECMA-48 and xterm, the Linux
// console, rxvt.
var sequences = map[string]op{
	"A": opUp, "B": opDown, "C": opRight, "D": opLeft, "H": opHome, "F": opEnd,
	"1~": opHome, "7~": opHome, "4~": opEnd, "8~": opEnd, "3~": opDelete,
	"1;5C": opWordRight, "1;5D": opWordLeft, "1;3C": opWordRight, "1;3D": opWordLeft, "5C": opWordRight, "5D": opWordLeft,
	"c": opWordRight, "d": opWordLeft, "3;5~": opKillWordRight,
}

const (
	escape     = 0x1B
	verbatim   = 0x16 // Ctrl-V: the next key is text
	pasteBegin = "200~"
	pasteEnd   = "\x1b[201~"
	// maxSequence is how much of an escape sequence is remembered; no known one is longer.
	maxSequence = 16
)

type keyState uint8

const (
	keyPlain    keyState = iota
	keyEscape            // after ESC
	keySequence          // after ESC [ or ESC O
	keyVerbatim          // after Ctrl-V
	keyPaste             // between ESC [ 200 ~ and ESC [ 201 ~: all is text
)

// keyReader makes keys of bytes. What is unknown is swallowed, never put into the
// line.
type keyReader struct {
	limit int // bytes of a paste; what is over is dropped
	state keyState
	seq   []byte // the sequence so far, or the paste
	part  []byte // the first bytes of a character
	over  bool
}

// pasting reports whether a paste goes on.
func (r *keyReader) pasting() bool { return r.state == keyPaste }

func (r *keyReader) reset() { *r = keyReader{limit: r.limit} }

// feed takes one byte and calls emit for each key that it completes.
func (r *keyReader) feed(c byte, emit func(key) bool) bool {
	switch r.state {
	case keyPaste:
		return r.paste(c, emit)
	case keyVerbatim:
		r.state = keyPlain
		return emit(key{opText, []byte{c}})
	case keyEscape:
		return r.alt(c, emit)
	case keySequence:
		return r.sequence(c, emit)
	case keyPlain:
	}
	if c >= utf8.RuneSelf {
		return r.letter(c, emit)
	}
	if !r.flush(emit) {
		return false
	}
	switch {
	case c == escape:
		r.state = keyEscape
	case c == verbatim:
		r.state = keyVerbatim
	case c < ' ' || c == 0x7F:
		if op := controlKeys[c]; op != opNone {
			return emit(key{op: op})
		}
	default:
		return emit(key{opText, []byte{c}})
	}
	return true
}

// letter takes a byte of a character that has several.
func (r *keyReader) letter(c byte, emit func(key) bool) bool {
	if len(r.part) > 0 && utf8.RuneStart(c) && !r.flush(emit) {
		return false
	}
	r.part = append(r.part, c)
	if !utf8.FullRune(r.part) {
		return true
	}
	return r.flush(emit)
}

// flush emits what is there of a character.
func (r *keyReader) flush(emit func(key) bool) bool {
	if len(r.part) == 0 {
		return true
	}
	text := r.part
	r.part = nil
	return emit(key{opText, text})
}

func (r *keyReader) alt(c byte, emit func(key) bool) bool {
	r.state = keyPlain
	switch {
	case c == '[' || c == 'O':
		r.state, r.seq = keySequence, r.seq[:0]
	case altKeys[c] != opNone:
		return emit(key{op: altKeys[c]})
	case c < ' ': // ESC alone, then a key
		return r.feed(c, emit)
	}
	return true
}

func (r *keyReader) sequence(c byte, emit func(key) bool) bool {
	if c < ' ' { // it was none
		r.state = keyPlain
		return r.feed(c, emit)
	}
	if len(r.seq) < maxSequence {
		r.seq = append(r.seq, c)
	}
	if c < '@' {
		return true
	}
	r.state = keyPlain
	if string(r.seq) == pasteBegin {
		r.state, r.seq, r.over = keyPaste, nil, false
		return true
	}
	if op := sequences[string(r.seq)]; op != opNone {
		return emit(key{op: op})
	}
	return true
}

func (r *keyReader) paste(c byte, emit func(key) bool) bool {
	if len(r.seq) > r.limit+len(pasteEnd) { // remember the end only, to find the mark
		r.over = true
		r.seq = append(r.seq[:0], r.seq[len(r.seq)-len(pasteEnd):]...)
	}
	r.seq = append(r.seq, c)
	if c != '~' || !bytes.HasSuffix(r.seq, []byte(pasteEnd)) {
		return true
	}
	text := r.seq[:len(r.seq)-len(pasteEnd)]
	if r.over { // a part of it would be another text
		text = bytes.Repeat([]byte{' '}, r.limit+1) // longer than any line: refused with a bell
	}
	r.state, r.seq = keyPlain, nil
	return emit(key{opText, text})
}
