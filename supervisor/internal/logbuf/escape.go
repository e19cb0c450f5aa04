package logbuf

import (
	"encoding/binary"
	"unicode/utf8"
)

// jsonGrowth is how many bytes one byte can become in a JSON string: \u0000.
const jsonGrowth = 6

// appendEscaped appends text as the inside of a JSON string. Bytes that are not
// UTF-8 become the replacement character; HTML is not escaped.
func appendEscaped(dst, text []byte) []byte {
	for len(text) > 0 {
		n := plainPrefix(text)
		dst = append(dst, text[:n]...)
		text = text[n:]
		if len(text) == 0 {
			break
		}
		if c := text[0]; c < utf8.RuneSelf {
			dst = appendControl(dst, c)
			text = text[1:]
			continue
		}
		r, size := utf8.DecodeRune(text)
		if r == utf8.RuneError && size == 1 {
			dst = append(dst, `\ufffd`...)
		} else {
			dst = append(dst, text[:size]...)
		}
		text = text[size:]
	}
	return dst
}

func appendControl(dst []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
}

// plainPrefix is the length of the beginning of text that is the same inside a
// JSON string: printable ASCII but quote and backslash. It looks at eight bytes
// at a time: this is the inner loop of the JSON format.
func plainPrefix(text []byte) int {
	const (
		ones = 0x0101010101010101
		high = 0x8080808080808080
	)
	n := 0
	for ; len(text)-n >= 8; n += 8 {
		w := binary.LittleEndian.Uint64(text[n:])
		quote := w ^ ones*'"'
		slash := w ^ ones*'\\'
		// A byte below k borrows from its high bit; a borrow can only spoil bytes
		// above one that is special itself.
		if (w|(w-ones*0x20)|(quote-ones)|(slash-ones))&high != 0 {
			break
		}
	}
	for ; n < len(text); n++ {
		if c := text[n]; c < 0x20 || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			break
		}
	}
	return n
}
