package convert

import (
	"fmt"
	"strings"
)

// The limits of what variables are filled in with.
const (
	maxNesting = 20      // defaults within defaults
	maxFilled  = 4 << 20 // bytes, of a whole source
)

// A variable that a YAML file refers to as $NAME, ${NAME}, ${NAME:-default} and so on.
type reference struct {
	name, operator string
	word           interpolation // behind the operator: it may refer to others
}

// interpolation is a text with its references; $$ is a dollar sign.
type interpolation struct {
	text []string // before, between and behind the references
	refs []reference
	odd  string // where a ${ begins that is no reference, and is left as it stands
}

// A syntax says which references there are: docker compose has $NAME, too, process-compose
// ${NAME} only.
type syntax struct{ bare bool }

// interpolate reads what docker compose puts in when it loads a file.
func interpolate(text string) interpolation { return syntax{bare: true}.read(text, 0) }

// interpolateBraces does so for process-compose.
func interpolateBraces(text string) interpolation { return syntax{}.read(text, 0) }

func (s syntax) read(text string, depth int) interpolation {
	var in interpolation
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '$' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		if text[i+1] == '$' {
			b.WriteByte('$')
			i++
			continue
		}
		ref, length := s.reference(text[i+1:], depth)
		if length == 0 {
			if text[i+1] == '{' && in.odd == "" {
				in.odd = text[i:min(len(text), i+40)]
				if end := strings.IndexByte(in.odd, '}'); end > 0 {
					in.odd = in.odd[:end+1]
				}
			}
			b.WriteByte('$')
			continue
		}
		if in.odd == "" {
			in.odd = ref.word.odd
		}
		in.text = append(in.text, b.String())
		b.Reset()
		in.refs = append(in.refs, ref)
		i += length
	}
	in.text = append(in.text, b.String())
	return in
}

// nothing is the interpolation of an empty text.
var nothing = interpolation{text: []string{""}}

// reference reads NAME or {NAME…} at the beginning of a text; 0: it is neither.
func (s syntax) reference(text string, depth int) (ref reference, length int) {
	braces := text[0] == '{'
	if !braces && !s.bare {
		return ref, 0
	}
	inner := text
	if braces {
		end := closingBrace(text)
		if end < 0 || depth == maxNesting {
			return ref, 0
		}
		inner, length = text[1:end], end+1
	}
	after := strings.TrimLeft(inner, nameRunes+"_")
	ref.word = nothing
	if ref.name = inner[:len(inner)-len(after)]; !isEnvName(ref.name) {
		return ref, 0
	}
	if !braces {
		return ref, len(ref.name)
	}
	if after != "" {
		n := 1
		if after[0] == ':' {
			n = min(len(after), 2)
		}
		if ref.operator = after[:n]; !strings.Contains("-?+", strings.TrimPrefix(ref.operator, ":")) || ref.operator == ":" {
			return ref, 0
		}
		ref.word = s.read(after[n:], depth+1)
	}
	return ref, length
}

// closingBrace finds the end of what begins with {, which may hold other ${…}; -1: there is none.
func closingBrace(text string) int {
	open := 1
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '}':
			if open--; open == 0 {
				return i
			}
		case text[i] == '$' && i+1 < len(text) && text[i+1] == '{':
			if open++; open > maxNesting+1 {
				return -1
			}
			i++
		}
	}
	return -1
}

// plain is the text when there is no reference in it.
func (in interpolation) plain() (string, bool) {
	return strings.Join(in.text, ""), len(in.refs) == 0
}

// A filler puts in the values that are known when a file is converted.
type filler struct {
	values map[string]string
	used   map[string]bool
	left   int // bytes that may still be put in
}

func newFiller(values map[string]string) *filler {
	return &filler{values: values, used: map[string]bool{}, left: maxFilled}
}

// fill puts in what is known, by the operators; what is not stays a reference. The error is
// that of ${NAME:?words}, or that it becomes too much.
func (f *filler) fill(in interpolation) (interpolation, error) {
	out := interpolation{odd: in.odd}
	var open strings.Builder // the text since the last reference that stays
	for i, text := range in.text {
		open.WriteString(text)
		if i == len(in.refs) {
			break
		}
		put, err := f.one(in.refs[i])
		if err != nil {
			return out, err
		}
		for j, ref := range put.refs {
			open.WriteString(put.text[j])
			out.text = append(out.text, open.String())
			out.refs = append(out.refs, ref)
			open.Reset()
		}
		last := put.text[len(put.refs)]
		if f.left -= len(last); f.left < 0 {
			return out, fmt.Errorf("filled in, it is more than %d bytes", maxFilled)
		}
		open.WriteString(last)
	}
	out.text = append(out.text, open.String())
	return out, nil
}

// one is what stands for a reference.
func (f *filler) one(ref reference) (interpolation, error) {
	value, known := f.values[ref.name]
	unset := value == "" && strings.HasPrefix(ref.operator, ":")
	operator := strings.TrimPrefix(ref.operator, ":")
	if known {
		f.used[ref.name] = true
	}
	switch {
	case !known:
		word, err := f.fill(ref.word)
		ref.word = word
		return interpolation{text: []string{"", ""}, refs: []reference{ref}}, err
	case operator == "?" && unset:
		text, _ := ref.word.plain()
		return interpolation{}, fmt.Errorf("%s is empty, and must not be: %s", ref.name, text)
	case operator == "-" && unset, operator == "+" && !unset:
		return f.fill(ref.word)
	case operator == "+":
		value = ""
	}
	return interpolation{text: []string{value}}, nil
}

// compose's own word for a reference, for notes.
func (ref reference) String() string {
	return "${" + ref.name + ref.operator + ref.word.shell() + "}"
}

// A remark says what about a reference is not as it was.
type remark struct {
	text      string
	defaulted string // the variable whose default was taken
}

// written is the reference as the manifest has it, and what that leaves to do. $(NAME) has no
// operators, and a variable that is not set stays as it is written: a default is
// what works without further ado.
func (ref reference) written(remarks func(remark)) string {
	variable := "$(" + ref.name + ")"
	say := func(r remark) {
		if remarks != nil {
			remarks(r)
		}
	}
	switch ref.operator {
	case "":
		return variable
	case "-", ":-":
		say(remark{ref.String() + " is its default here: where the container sets " + ref.name + ", write " + variable, ref.name})
		return ref.word.escaped(remarks)
	case "?", ":?":
		say(remark{text: ref.String() + " is " + variable + ", which is not refused when it is not set: see to it that it is"})
	default:
		say(remark{text: ref.String() + " is " + variable + ": there are no operators here; let the shell do it in the command, or set it"})
	}
	return variable
}

// defaults is the text where nothing else sets a variable; known is false when it needs one
// that has no default.
func (in interpolation) defaults() (text string, known bool) {
	var b strings.Builder
	for i, part := range in.text {
		b.WriteString(part)
		if i == len(in.refs) {
			break
		}
		switch strings.TrimPrefix(in.refs[i].operator, ":") {
		case "+":
		case "-":
			word, known := in.refs[i].word.defaults()
			if !known {
				return "", false
			}
			b.WriteString(word)
		default:
			return "", false
		}
	}
	return b.String(), true
}

// expanding writes it as the manifest has it. What cannot be said there is reported.
func (in interpolation) expanding(remarks func(remark)) string {
	if text, ok := in.plain(); ok {
		return literal(text)
	}
	return in.escaped(remarks)
}

// escaped is expanding with every dollar sign doubled.
func (in interpolation) escaped(remarks func(remark)) string {
	var b strings.Builder
	for i, text := range in.text {
		b.WriteString(strings.ReplaceAll(text, "$", "$$"))
		if i < len(in.refs) {
			b.WriteString(in.refs[i].written(remarks))
		}
	}
	return b.String()
}

// shell writes it for the shell, which has the same operators.
func (in interpolation) shell() string {
	var b strings.Builder
	for i, text := range in.text {
		b.WriteString(text)
		if i < len(in.refs) {
			b.WriteString(in.refs[i].String())
		}
	}
	return b.String()
}
