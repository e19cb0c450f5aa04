package manifest

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// notText says why a file is no UTF-8 text, and where; "" when it is.
func notText(data []byte) (why string, line int) {
	encoding := ""
	switch {
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}):
		encoding = "UTF-16, little-endian (it begins with the bytes FF FE)"
	case bytes.HasPrefix(data, []byte{0xFE, 0xFF}):
		encoding = "UTF-16, big-endian (it begins with the bytes FE FF)"
	case len(data) > 1 && (data[0] == 0) != (data[1] == 0):
		encoding = "UTF-16 without a byte order mark (every other byte is 0)"
	case utf8.Valid(data):
		return "", 0
	}
	if encoding != "" {
		return "the file is " + encoding + ": save it as UTF-8", 0
	}
	at := 0
	for at < len(data) {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return fmt.Sprintf("the file is not UTF-8 text: the byte %02X at offset %d begins no character (is it ISO 8859-1 or Windows-1252?): save it as UTF-8", data[at], at),
		lineAt(data, at)
}

// lineAt returns the line, from 1, in which a byte stands.
func lineAt(data []byte, at int) int {
	line := 1
	for pos := 0; ; line++ {
		pos += lineLength(data[pos:])
		if pos > at || pos >= len(data) {
			return line
		}
	}
}

// controlIn finds the first character that YAML does not allow in a text, and its offset.
func controlIn(data []byte) (r rune, at int) {
	at = bytes.IndexFunc(data, func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r >= 0x7F && r < 0xA0 && r != 0x85 || r == 0xFFFE || r == 0xFFFF
	})
	if at < 0 {
		return 0, at
	}
	r, _ = utf8.DecodeRune(data[at:])
	return r, at
}

var yamlError = regexp.MustCompile(`(?s)^(?:yaml: )?(?:line (\d+): )?(.*)$`)

// syntaxError reports what the YAML library says, in our words where its own
// would puzzle, and on the line that is to be mended.
func syntaxError(r *report, err error) {
	parts := yamlError.FindStringSubmatch(strings.TrimPrefix(err.Error(), "error converting YAML to JSON: "))
	line, _ := strconv.Atoi(parts[1])
	line, what := plainly(r.text.doc.data, line, strings.TrimSpace(parts[2]))
	e := &FieldError{Message: "not valid YAML: " + what}
	if line > 0 {
		e.Line = line + r.text.doc.line - 1
	}
	r.errs = append(r.errs, e)
}

// plainly puts the library's words and line into those of a person.
func plainly(data []byte, line int, what string) (int, string) {
	switch {
	case strings.Contains(what, "cannot start any token"), strings.Contains(what, "found a tab"):
		if at := tabbedLine(data, line); at > 0 {
			return at, "a tab cannot indent YAML: use spaces"
		}
	case strings.HasPrefix(what, "control characters"):
		if r, at := controlIn(data); at >= 0 {
			return lineAt(data, at), fmt.Sprintf("it holds the control character U+%04X, which YAML does not allow: remove it, or write it with an escape in double quotes", r)
		}
	case strings.HasPrefix(what, "unknown anchor '"):
		name, _, _ := strings.Cut(strings.TrimPrefix(what, "unknown anchor '"), "'")
		if at := bytes.Index(data, []byte("*"+name)); at >= 0 {
			return lineAt(data, at), fmt.Sprintf("*%s stands for an anchor &%s, which there is not: quote it if it is a text", name, name)
		}
	case strings.HasPrefix(what, "invalid map key"):
		if at := bytes.Index(data, []byte("{{")); at >= 0 {
			return lineAt(data, at), "{{ begins an object in an object: a template has to be filled in first, and a text that begins with { needs quotes"
		}
	case strings.HasPrefix(what, "unsupported map key of type"):
		return line, "a key is empty or not a plain word: quote it"
	case strings.HasPrefix(what, "json: unsupported value"):
		return line, "a number is not finite: quote it if it is a string"
	case strings.Contains(what, "unknown escape character"):
		return line, `in double quotes a backslash begins an escape, and there is none like this: write \\, or use single quotes`
	}
	// The line that the library tells may be the one before, or behind.
	if f := firstFlaw(data); f != nil && f.seen >= line-1 {
		return f.line, f.what
	}
	return line, what
}
