package convert

import (
	"fmt"
	"maps"
	"strings"
	"unicode"
)

// A dotenvReader reads the variables that docker compose fills in, as compose itself does:
//
//	file     = { blank | "#" comment | ["export "] NAME ["=" or ":" value] }
//	value    = 'text' | "text" | text to the end of the line, or to " #"
//
// Quoted values go over lines. In '…' only \' is special; "…" has the escapes of C, and
// $NAME in it is filled in, as it is in a value without quotes, from the variables above
// it. A NAME alone takes its value from the environment of compose, which is not known here.
type dotenvReader struct {
	d      *draft
	file   string
	text   string // what is left
	line   int
	own    map[string]string // what the file sets
	filler *filler
	raw    bool // values are data: nothing is filled in
}

// readDotenv returns the variables of a file, in which those of outside may be filled in. One
// that is made of what is not known here is not among them, and is noted.
func (d *draft) readDotenv(file string, outside map[string]string, raw bool) (map[string]string, error) {
	text, err := d.readFile(file)
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	maps.Copy(values, outside)
	r := &dotenvReader{d: d, file: file, text: string(text), line: 1, raw: raw, own: map[string]string{}, filler: newFiller(values)}
	for r.skip() {
		if err := r.variable(); err != nil {
			return nil, err
		}
	}
	return r.own, nil
}

// skip moves to the next variable; false at the end.
func (r *dotenvReader) skip() bool {
	for {
		rest := strings.TrimLeftFunc(r.text, unicode.IsSpace)
		r.take(len(r.text) - len(rest))
		if !strings.HasPrefix(rest, "#") {
			return rest != ""
		}
		r.takeLine()
	}
}

// take moves on by n bytes and returns them.
func (r *dotenvReader) take(n int) string {
	taken := r.text[:n]
	r.line += strings.Count(taken, "\n")
	r.text = r.text[n:]
	return taken
}

// takeLine moves behind the end of the line and returns it.
func (r *dotenvReader) takeLine() string {
	line, _, _ := strings.Cut(r.text, "\n")
	r.take(min(len(line)+1, len(r.text)))
	return line
}

func (r *dotenvReader) variable() error {
	line := r.line
	if rest, ok := strings.CutPrefix(r.text, "export"); ok && strings.TrimLeft(rest, " \t") != rest {
		r.take(len(r.text) - len(strings.TrimLeft(rest, " \t")))
	}
	head := r.text[:len(r.text)-len(strings.TrimLeft(r.text, nameRunes+"_.-[]"))]
	r.take(len(head))
	blanks := len(r.text) - len(strings.TrimLeft(r.text, " \t"))
	r.take(blanks)
	switch {
	case head == "":
		return r.d.failf(r.file, line, "want NAME=value, with a name of letters, digits, '_', '.' and '-'")
	case r.text == "" || r.text[0] == '\n':
		return nil // compose's own environment has it, or nothing
	case r.text[0] != '=' && r.text[0] != ':':
		return r.d.failf(r.file, line, "%s: want '=' behind the name", head)
	}
	r.take(1)
	r.take(len(r.text) - len(strings.TrimLeft(r.text, " \t")))
	value, known, err := r.value()
	if err != nil {
		return r.d.failf(r.file, line, "%s: %v", head, err)
	}
	if known {
		r.filler.values[head], r.own[head] = value, value
	} else {
		delete(r.filler.values, head)
		delete(r.own, head)
		r.d.note(Lost, r.file, line, head, "it is made of variables that compose takes from its own environment, which is not known here: write what they stand for")
	}
	return nil
}

// value is what stands behind the name; known is false when it is made of what is not.
func (r *dotenvReader) value() (value string, known bool, err error) {
	quote := byte(0)
	if r.text != "" && (r.text[0] == '\'' || r.text[0] == '"') {
		quote = r.text[0]
	}
	if quote == 0 {
		value, _, _ = strings.Cut(r.takeLine(), " #")
		return r.filled(strings.TrimRightFunc(value, unicode.IsSpace))
	}
	if value, err = r.quoted(quote); err != nil {
		return "", false, err
	}
	if rest := strings.TrimSpace(r.takeLine()); rest != "" && rest[0] != '#' {
		return "", false, fmt.Errorf("there is more behind the closing quote")
	}
	if quote == '\'' {
		return value, true, nil
	}
	return r.filled(value)
}

// quoted takes a value with its quotes. Of "…" it returns what is to be filled in: a dollar
// sign that was escaped is doubled.
func (r *dotenvReader) quoted(quote byte) (string, error) {
	var b strings.Builder
	for i := 1; i < len(r.text); i++ {
		c := r.text[i]
		switch {
		case c == quote:
			r.take(i + 1)
			return b.String(), nil
		case c != '\\' || i+1 == len(r.text):
			b.WriteByte(c)
		case r.text[i+1] == quote:
			i++
			b.WriteByte(quote)
		default:
			n := 0
			if quote == '"' {
				n = escape(&b, r.text[i+1:], r.raw)
			}
			if i += n; n == 0 {
				b.WriteByte('\\')
			}
		}
	}
	return "", fmt.Errorf("the quote %c is not closed", quote)
}

// escape writes what a backslash in front of a text stands for, and returns how much of
// the text that took; 0: it is no escape.
func escape(b *strings.Builder, text string, raw bool) int {
	const letters, values = `abfnrtv\`, "\a\b\f\n\r\t\v\\"
	if at := strings.IndexByte(letters, text[0]); at >= 0 {
		b.WriteByte(values[at])
		return 1
	}
	if text[0] == '$' {
		b.WriteString(map[bool]string{false: "$$", true: "$"}[raw])
		return 1
	}
	return 0
}

// filled puts in variables.
func (r *dotenvReader) filled(text string) (value string, known bool, err error) {
	if r.raw {
		return text, true, nil
	}
	in := interpolate(text)
	if in.odd != "" {
		return "", false, fmt.Errorf("%q is not a variable: write $$ for a dollar sign", in.odd)
	}
	if in, err = r.filler.fill(in); err != nil {
		return "", false, err
	}
	value, known = in.defaults()
	return value, known, nil
}
