package manifest

import (
	"bytes"
	"unicode/utf8"
)

// A chunk is one YAML document of a file.
type chunk struct {
	data []byte
	line int // of its first byte, from 1
}

// split cuts a file into its documents, because the YAML library reads the first
// one and drops the rest without a word. A line that begins with --- or ... is a
// marker wherever it stands, also inside a quoted or block scalar: YAML forbids it
// there. Chunks of blanks and comments are left out.
func split(data []byte) []chunk {
	var chunks []chunk
	cur := chunk{line: 1}
	start, line := 0, 1
	flush := func(end, nextStart, nextLine int) {
		cur.data = data[start:end]
		if kindOf(cur.data) == chunkContent {
			chunks = append(chunks, cur)
		}
		start, cur = nextStart, chunk{line: nextLine}
	}
	for pos := 0; pos < len(data); line++ {
		end := pos + lineLength(data[pos:])
		switch {
		case isMarker(data[pos:end], "---"):
			// %YAML and %TAG lines belong to the document that follows them.
			if kindOf(data[start:pos]) != chunkDirectives {
				flush(pos, pos, line)
			}
		case isMarker(data[pos:end], "..."):
			flush(pos, end, line+1)
		}
		pos = end
	}
	flush(len(data), len(data), line)
	return chunks
}

// lineLength counts the bytes up to and with the next line break, as YAML 1.1
// knows them: LF, CR, CR LF, NEL, LS, PS.
func lineLength(data []byte) int {
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case c == '\n':
			return i + 1
		case c == '\r':
			if i+1 < len(data) && data[i+1] == '\n' {
				return i + 2
			}
			return i + 1
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRune(data[i:])
			if r == '\u0085' || r == '\u2028' || r == '\u2029' {
				return i + size
			}
			i += size - 1
		}
	}
	return len(data)
}

func isMarker(line []byte, marker string) bool {
	rest, ok := bytes.CutPrefix(line, []byte(marker))
	if !ok {
		return false
	}
	if len(rest) == 0 {
		return true
	}
	r, _ := utf8.DecodeRune(rest)
	return bytes.ContainsRune([]byte(" \t\r\n\u0085\u2028\u2029"), r)
}

type chunkKind int

const (
	chunkEmpty chunkKind = iota
	chunkDirectives
	chunkContent
)

// kindOf tells whether there is more than blanks, comments, directives and the
// marker itself.
func kindOf(data []byte) chunkKind {
	kind := chunkEmpty
	for first := true; len(data) > 0; first = false {
		end := lineLength(data)
		line := data[:end]
		data = data[end:]
		if first && isMarker(line, "---") {
			line = line[3:]
		}
		text := bytes.TrimSpace(line)
		switch {
		case len(text) == 0 || text[0] == '#':
		case line[0] == '%':
			kind = chunkDirectives
		default:
			return chunkContent
		}
	}
	return kind
}
