package convert

import (
	"fmt"
	"strconv"
	"strings"
)

// A piece of a supervisord value: text as it is, or the name of a variable.
type piece struct {
	text string
	env  string // $(env) in a manifest
}

// expansions are what %(NAME)s stands for, but ENV_….
type expansions map[string]string

// expand reads %(NAME)s, %(NAME)02d and %%, as Python's % operator does.
func (e expansions) expand(text string) ([]piece, error) {
	var out []piece
	for {
		i := strings.IndexByte(text, '%')
		if i < 0 {
			return append(out, piece{text: text}), nil
		}
		out = append(out, piece{text: text[:i]})
		text = text[i+1:]
		if rest, ok := strings.CutPrefix(text, "%"); ok {
			out = append(out, piece{text: "%"})
			text = rest
			continue
		}
		end := strings.IndexByte(text, ')')
		if !strings.HasPrefix(text, "(") || end < 0 {
			return nil, fmt.Errorf("a %% stands alone (want %%(NAME)s, or %%%% for the sign itself)")
		}
		name, rest := text[1:end], text[end+1:]
		verb := strings.TrimLeft(rest, "0123456789")
		digits := rest[:len(rest)-len(verb)]
		if verb == "" || verb[0] != 's' && verb[0] != 'd' || len(digits) > 2 {
			return nil, fmt.Errorf("%%(%s) is not followed by s or d", name)
		}
		text = verb[1:]
		if env, ok := strings.CutPrefix(name, "ENV_"); ok {
			if !isEnvName(env) {
				return nil, fmt.Errorf("%%(%s)s does not name a variable", name)
			}
			out = append(out, piece{env: env})
			continue
		}
		value, ok := e[name]
		if !ok {
			return nil, fmt.Errorf("%%(%s)s is not known", name)
		}
		padded, err := pad(value, digits, verb[0])
		if err != nil {
			return nil, fmt.Errorf("%%(%s)%s%c: %w", name, digits, verb[0], err)
		}
		out = append(out, padded)
	}
}

func pad(value, digits string, verb byte) (piece, error) {
	if env, ok := strings.CutPrefix(value, indexMark); ok {
		return piece{env: env}, nil
	}
	if verb == 'd' {
		if _, err := strconv.Atoi(value); err != nil {
			return piece{}, fmt.Errorf("%q is not a number", value)
		}
	}
	fill := " "
	if strings.HasPrefix(digits, "0") && verb == 'd' {
		fill = "0"
	}
	if width, err := strconv.Atoi(digits); err == nil && len(value) < width {
		value = strings.Repeat(fill, width-len(value)) + value
	}
	return piece{text: value}, nil
}

// indexMark is in front of a variable that takes the place of a value.
const indexMark = "\x00"

// hasEnv reports whether a variable is in it, so that its text is not known here.
func hasEnv(list []piece) bool {
	for _, p := range list {
		if p.env != "" {
			return true
		}
	}
	return false
}

// plainText joins pieces without variables.
func plainText(list []piece) string {
	var b strings.Builder
	for _, p := range list {
		b.WriteString(p.text)
	}
	return b.String()
}

// Variables are carried through the splitting of words as runes that no text has: the
// private use area.
const markBase = '\U000F0000'

// marked joins pieces with a mark for each variable; names tells which it is.
func marked(list []piece) (text string, names []string) {
	var b strings.Builder
	for _, p := range list {
		if p.env == "" {
			b.WriteString(p.text)
			continue
		}
		b.WriteRune(markBase + rune(len(names)))
		names = append(names, p.env)
	}
	return b.String(), names
}

// unmarked writes a marked text as the manifest has it: $(NAME) for variables, and
// dollar signs that stay.
func unmarked(text string, names []string) string {
	if !strings.ContainsFunc(text, isMark) {
		return literal(text)
	}
	var b strings.Builder
	for _, c := range text {
		switch i := int(c - markBase); {
		case isMark(c) && i < len(names):
			b.WriteString("$(" + names[i] + ")")
		case c == '$':
			b.WriteString("$$")
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

func isMark(c rune) bool { return c >= markBase && c < markBase+0xFFFE }
