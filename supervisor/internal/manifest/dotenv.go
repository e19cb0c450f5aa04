package manifest

import (
	"bytes"
	"fmt"
	"strings"
)

// maxDotenv bounds a dotenv file, in bytes.
const maxDotenv = 1 << 20

// A variable is a name and its value.
type variable struct{ name, value string }

// parseDotenv reads NAME=value lines, at most [maxDotenv] bytes of them:
//
//	file    = { blank line | comment | variable }
//	comment = blanks "#" any text
//	variable= blanks [ "export" blanks ] name blanks "=" blanks value blanks [ comment ]
//	name    = ( letter | "_" ) { letter | digit | "_" | "." | "-" }
//	value   = 'any text but a single quote, over lines too; nothing is special'
//	        | "any text, over lines too; \n \r \t \\ \" \$ stand for what they do in C and in the shell,
//	           any other backslash for itself"
//	        | text to the end of the line, or to a "#" after a blank
//
// Lines end with LF or CR LF. Nothing expands: a value is data. A name may be given
// again; the last one holds. An error tells the line, and nothing of what is in it.
func parseDotenv(data []byte) ([]variable, error) {
	if len(data) > maxDotenv {
		return nil, fmt.Errorf("it is longer than %d bytes", maxDotenv)
	}
	if before, _, ok := bytes.Cut(data, []byte{0}); ok {
		return nil, fmt.Errorf("line %d: it holds a NUL byte, which no variable can", 1+bytes.Count(before, []byte("\n")))
	}
	d := dotenv{text: strings.TrimPrefix(string(data), "\ufeff"), line: 1}
	var list []variable
	for d.text != "" {
		line := d.line
		v, ok, err := d.next()
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if ok {
			list = append(list, v)
		}
	}
	return list, nil
}

// Dotenv is what a dotenv file comes to as an environment.
func Dotenv(data []byte) (map[string]string, error) {
	list, err := parseDotenv(data)
	if err != nil {
		return nil, err
	}
	values := make(map[string]string, len(list))
	for _, v := range list {
		values[v.name] = v.value
	}
	return values, nil
}

// A dotenv is what is left to read of a file.
type dotenv struct {
	text string
	line int
}

// next reads one line, or as many as a quoted value has; false when there is no
// variable on it.
func (d *dotenv) next() (v variable, ok bool, err error) {
	d.blanks()
	if d.text == "" || d.text[0] == '#' || d.atEnd() {
		d.endLine()
		return v, false, nil
	}
	if rest, ok := strings.CutPrefix(d.text, "export"); ok && rest != "" && isBlank(rest[0]) {
		d.text = rest
		d.blanks()
	}
	if v.name = d.name(); v.name == "" {
		return v, false, fmt.Errorf("want NAME=value, with a name of letters, digits, '_', '.' and '-' that does not begin with a digit")
	}
	d.blanks()
	rest, ok := strings.CutPrefix(d.text, "=")
	if !ok {
		return v, false, fmt.Errorf("want NAME=value, there is no '=' after the name")
	}
	d.text = rest
	d.blanks()
	v.value, err = d.value()
	return v, err == nil, err
}

func (d *dotenv) value() (string, error) {
	var value string
	switch {
	case strings.HasPrefix(d.text, "'"):
		end := strings.IndexByte(d.text[1:], '\'')
		if end < 0 {
			return "", fmt.Errorf("the quote ' is not closed")
		}
		value = d.take(end + 2)
		value = value[1 : len(value)-1]
	case strings.HasPrefix(d.text, `"`):
		var err error
		if value, err = d.double(); err != nil {
			return "", err
		}
	default:
		value = d.bare()
		d.endLine()
		return value, nil
	}
	blank := d.blanks()
	if d.text != "" && !d.atEnd() && (d.text[0] != '#' || !blank) {
		return "", fmt.Errorf("there is more after the closing quote: want the end of the line, or a blank and a comment")
	}
	d.endLine()
	return value, nil
}

// bare takes an unquoted value, without what is blank or a comment behind it.
func (d *dotenv) bare() string {
	line, _, _ := strings.Cut(d.text, "\n")
	for i := range len(line) {
		if line[i] == '#' && (i == 0 || isBlank(line[i-1])) {
			line = line[:i]
			break
		}
	}
	return strings.TrimRight(line, " \t\r")
}

var escaped = map[byte]byte{'n': '\n', 'r': '\r', 't': '\t', '\\': '\\', '"': '"', '$': '$'}

// double takes a value in double quotes.
func (d *dotenv) double() (string, error) {
	var b strings.Builder
	for i := 1; i < len(d.text); i++ {
		switch c := d.text[i]; c {
		case '"':
			d.take(i + 1)
			return b.String(), nil
		case '\\':
			if i+1 < len(d.text) {
				if plain, ok := escaped[d.text[i+1]]; ok {
					b.WriteByte(plain)
					i++
					continue
				}
			}
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return "", fmt.Errorf("the quote \" is not closed")
}

func (d *dotenv) name() string {
	end := 0
	for end < len(d.text) && (onlyOf(d.text[end:end+1], letters+"_") || end > 0 && (d.text[end] == '.' || d.text[end] == '-')) {
		end++
	}
	if end > 0 && onlyOf(d.text[:1], digits) {
		return ""
	}
	return d.take(end)
}

// take moves on by n bytes and returns them.
func (d *dotenv) take(n int) string {
	taken := d.text[:n]
	d.line += strings.Count(taken, "\n")
	d.text = d.text[n:]
	return taken
}

// blanks moves over blanks and reports whether there were any.
func (d *dotenv) blanks() bool {
	before := len(d.text)
	d.text = strings.TrimLeft(d.text, " \t")
	return len(d.text) < before
}

func (d *dotenv) atEnd() bool { return d.text[0] == '\n' || strings.HasPrefix(d.text, "\r\n") }

// endLine moves to the next line.
func (d *dotenv) endLine() {
	_, d.text, _ = strings.Cut(d.text, "\n")
	d.line++
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }
