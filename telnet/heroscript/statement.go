package heroscript

import (
	"fmt"
	"strings"
)

// Pos is a place in the text; both numbers count from 1, columns in characters.
type Pos struct {
	Line, Column int
}

// String returns "line 2, column 14".
func (p Pos) String() string { return fmt.Sprintf("line %d, column %d", p.Line, p.Column) }

// advance moves the position over one byte of UTF-8 text.
func (p *Pos) advance(c byte) {
	switch {
	case c == '\n':
		p.Line++
		p.Column = 1
	case c&0xC0 != 0x80: // not the continuation of a character
		p.Column++
	}
}

// Error is what is wrong with a statement, and where.
type Error struct {
	Pos  Pos
	Msg  string
	Bare string // the word without a colon that it is about; empty: it is about something else
}

// Error returns "line 2, column 14: message".
func (e *Error) Error() string { return e.Pos.String() + ": " + e.Msg }

// Param is one key with its value.
type Param struct {
	Key   string // lower case
	Value string // as written, unquoted
	Pos   Pos    // of the key
}

// Statement is one "!!name key:value …".
type Statement struct {
	Name   string // lower case, for example "process.start"
	Params []Param
	Pos    Pos // of the "!!"
}

// Get returns the value of a key (lower case) and whether it was given.
func (s Statement) Get(key string) (string, bool) {
	for _, p := range s.Params {
		if p.Key == key {
			return p.Value, true
		}
	}
	return "", false
}

// Bool reads true, false, 1, 0, yes or no, in any case.
func Bool(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "true", "1", "yes":
		return true, nil
	case "false", "0", "no":
		return false, nil
	}
	return false, fmt.Errorf("%s is not a boolean (want true, false, 1, 0, yes or no)", brief(text))
}

// brief quotes a text for an error message and cuts it when it is long.
func brief(text string) string {
	const most = 40
	if len(text) > most {
		return fmt.Sprintf("%q…", strings.ToValidUTF8(text[:most], ""))
	}
	return fmt.Sprintf("%q", text)
}
