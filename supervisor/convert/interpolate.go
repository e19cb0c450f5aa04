package convert

import (
	"strings"
)

// A variable that a YAML file refers to as $NAME, ${NAME}, ${NAME:-default} and so on.
type reference struct {
	name, operator, word string
}

// interpolation is a text with its references; $$ is a dollar sign.
type interpolation struct {
	text []string // before, between and behind the references
	refs []reference
}

// interpolate reads what docker compose and process-compose put in when they load a file.
func interpolate(text string) interpolation {
	var in interpolation
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '$' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		rest := text[i+1:]
		ref, length := reference{}, 0
		switch end := strings.IndexByte(rest, '}'); {
		case rest[0] == '$':
			b.WriteByte('$')
			i++
			continue
		case rest[0] == '{' && end > 0:
			inner := rest[1:end]
			name := inner[:len(inner)-len(strings.TrimLeft(inner, nameRunes+"_"))]
			ref, length = reference{name: name}, end+1
			if after := inner[len(name):]; after != "" {
				n := min(len(after), 1)
				if strings.HasPrefix(after, ":") {
					n = min(len(after), 2)
				}
				ref.operator, ref.word = after[:n], after[n:]
			}
		default:
			name := rest[:len(rest)-len(strings.TrimLeft(rest, nameRunes+"_"))]
			ref, length = reference{name: name}, len(name)
		}
		if !isEnvName(ref.name) {
			b.WriteByte('$')
			continue
		}
		in.text = append(in.text, b.String())
		b.Reset()
		in.refs = append(in.refs, ref)
		i += length
	}
	in.text = append(in.text, b.String())
	return in
}

// plain is the text when there is no reference in it.
func (in interpolation) plain() (string, bool) {
	return in.text[0], len(in.refs) == 0
}

// written is the reference as the manifest has it, and what that leaves to do. $(NAME) has no
// operators, and a variable that is not set stays as it is written: a default is
// what works without further ado.
func (ref reference) written() (value, todo string) {
	original := "${" + ref.name + ref.operator + ref.word + "}"
	variable := "$(" + ref.name + ")"
	switch ref.operator {
	case "":
		return variable, ""
	case "-", ":-":
		return strings.ReplaceAll(ref.word, "$", "$$"), original + " is its default here: where the container sets " + ref.name + ", write " + variable
	case "?", ":?":
		return variable, original + " is " + variable + ", which is not refused when it is not set: see to it that it is"
	}
	return variable, original + " is " + variable + ": there are no operators here; let the shell do it in the command, or set it"
}

// expanding writes it as the manifest has it. What cannot be said there is reported to odd.
func (in interpolation) expanding(odd func(todo string)) string {
	if text, ok := in.plain(); ok {
		return literal(text)
	}
	var b strings.Builder
	for i, ref := range in.refs {
		value, todo := ref.written()
		b.WriteString(strings.ReplaceAll(in.text[i], "$", "$$") + value)
		if todo != "" && odd != nil {
			odd(todo)
		}
	}
	b.WriteString(strings.ReplaceAll(in.text[len(in.refs)], "$", "$$"))
	return b.String()
}

// shell writes it for the shell, which has the same operators.
func (in interpolation) shell() string {
	var b strings.Builder
	for i, ref := range in.refs {
		b.WriteString(in.text[i] + "${" + ref.name + ref.operator + ref.word + "}")
	}
	b.WriteString(in.text[len(in.refs)])
	return b.String()
}
