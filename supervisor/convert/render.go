package convert

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"sigs.k8s.io/yaml"

	"github.com/processmanager/processmanager/supervisor"
)

// width is where comments are broken, and the longest object on one line.
const width = 100

// render writes the manifest.
func (d *draft) render() []byte {
	var b bytes.Buffer
	comment(&b, "", fmt.Sprintf("Converted from %s (%s) by processmanager convert.", d.show(d.file), d.format))
	comment(&b, "", "NOTE: it means something else here. TODO: it has no equal; something is left to do.")
	for _, n := range grouped(d.notes) {
		comment(&b, "", n)
	}
	for _, line := range d.about {
		comment(&b, "", line)
	}
	b.WriteString("apiVersion: processmanager/v1\nkind: ProcessManifest\nmetadata:\n")
	fmt.Fprintf(&b, "  name: %s\nspec:\n", scalar(d.metadataName()))
	if d.grace != nil {
		fmt.Fprintf(&b, "  terminationGracePeriodSeconds: %d\n", *d.grace)
	}
	if d.exitPolicy != "" {
		fmt.Fprintf(&b, "  exitPolicy: %s\n", d.exitPolicy)
	}
	if fields := objectOf(d.defaults); len(fields) > 0 {
		b.WriteString("  defaults:\n")
		fields.write(&b, "    ")
	}
	if len(d.processes) == 0 {
		b.WriteString("  processes: []\n")
		return b.Bytes()
	}
	b.WriteString("  processes:\n")
	for i, p := range d.processes {
		if i > 0 && (len(p.about) > 0 || len(p.notes) > 0) {
			b.WriteString("\n")
		}
		for _, line := range p.about {
			comment(&b, "    ", line)
		}
		for _, n := range grouped(p.notes) {
			comment(&b, "    ", n)
		}
		var entry bytes.Buffer
		objectOf(p.spec).write(&entry, "      ")
		b.WriteString("    - " + strings.TrimPrefix(entry.String(), "      "))
	}
	return b.Bytes()
}

// metadataName is made of what it calls itself, or the file's or directory's name.
func (d *draft) metadataName() string {
	if d.called != "" {
		return properName(strings.ToLower(d.called))
	}
	base := path.Base(d.file)
	if base == "." {
		return d.format
	}
	if ext := path.Ext(base); ext != base {
		base = strings.TrimSuffix(base, ext)
	}
	return properName(strings.ToLower(base))
}

// grouped writes notes that say the same of several lines as one.
func grouped(notes []Note) []string {
	type group struct {
		note  Note // without its line
		lines []string
	}
	var groups []*group
	known, told := map[Note]*group{}, map[Note]bool{}
	for _, n := range notes {
		same := n
		same.Line = 0
		g := known[same]
		if g == nil {
			g = &group{note: same}
			known[same] = g
			groups = append(groups, g)
		}
		if n.Line > 0 && !told[n] {
			told[n] = true
			g.lines = append(g.lines, strconv.Itoa(n.Line))
		}
	}
	var out []string
	for _, g := range groups {
		if len(g.lines) > 0 {
			g.note.File += ":" + strings.Join(g.lines, ",")
		}
		out = append(out, g.note.String())
	}
	return out
}

// comment writes text as lines of a comment; what would end one is written as a blank.
func comment(b *bytes.Buffer, indent, text string) {
	if strings.TrimSpace(text) == "" {
		b.WriteString(indent + "#\n")
		return
	}
	odd := func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == '\ufeff' {
			return ' '
		}
		return r
	}
	line, more := "", false
	flush := func() {
		prefix := "# "
		if more {
			prefix = "#   "
		}
		b.WriteString(indent + prefix + line + "\n")
		line, more = "", true
	}
	for i, word := range strings.Split(strings.TrimSpace(strings.Map(odd, text)), " ") {
		if i > 0 && len(indent)+4+len(line)+1+len(word) > width {
			flush()
			line = word
			continue
		}
		if i > 0 {
			line += " "
		}
		line += word
	}
	flush()
}

// An object is JSON with its keys in their order.
type object []field

type field struct {
	key   string
	value any // object, []any, or what package json has for a scalar, with numbers as json.Number
}

// objectOf is a spec as the manifest has it, without what is not set.
func objectOf(spec supervisor.Spec) object {
	text, err := json.Marshal(spec)
	if err != nil {
		panic(fmt.Sprintf("convert: a spec has no JSON: %v", err)) // it is made of plain values
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	o, _ := ordered(dec).(object)
	return slices.DeleteFunc(o, func(f field) bool {
		list, isList := f.value.([]any)
		return f.value == nil || f.value == "" || isList && len(list) == 0 && f.key == "command"
	})
}

// ordered reads one value; the text is known to be JSON.
func ordered(dec *json.Decoder) any {
	token, err := dec.Token()
	if err != nil {
		return nil
	}
	switch token {
	case json.Delim('{'):
		o := object{}
		for dec.More() {
			key, _ := dec.Token()
			name, _ := key.(string)
			o = append(o, field{name, ordered(dec)})
		}
		_, _ = dec.Token() // the closing brace
		return o
	case json.Delim('['):
		list := []any{}
		for dec.More() {
			list = append(list, ordered(dec))
		}
		_, _ = dec.Token() // the closing bracket
		return list
	}
	return token
}

// write writes the fields as lines; nothing is inside of what fits on one line.
func (o object) write(b *bytes.Buffer, indent string) {
	for _, f := range o {
		b.WriteString(indent + scalar(f.key) + ":")
		writeValue(b, indent, len(indent)+len(f.key)+2, f.value)
	}
}

func writeValue(b *bytes.Buffer, indent string, used int, value any) {
	text, isText := value.(string)
	if isText && blockable(text) {
		b.WriteString(" |" + chomp(text) + "\n")
		for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
			b.WriteString(strings.TrimRight(indent+"  "+line, " ") + "\n")
		}
		return
	}
	if one := flow(value); used+len(one) <= width && !strings.Contains(one, `\n`) || isText || isScalar(value) {
		b.WriteString(" " + one + "\n")
		return
	}
	b.WriteString("\n")
	switch v := value.(type) {
	case object:
		v.write(b, indent+"  ")
	case []any:
		for _, item := range v {
			var inner bytes.Buffer
			if o, isObject := item.(object); isObject && (len(indent)+4+len(flow(item)) > width || strings.Contains(flow(item), `\n`)) {
				o.write(&inner, indent+"    ")
				b.WriteString(indent + "  - " + strings.TrimPrefix(inner.String(), indent+"    "))
				continue
			}
			b.WriteString(indent + "  -")
			writeValue(b, indent+"  ", 0, item)
		}
	}
}

func isScalar(value any) bool {
	switch value.(type) {
	case object, []any:
		return false
	}
	return true
}

// blockable reports whether a text may be written as a block of lines as they are.
func blockable(text string) bool {
	if !strings.Contains(strings.TrimSuffix(text, "\n"), "\n") || strings.HasSuffix(text, "\n\n") || strings.HasPrefix(text, " ") || strings.HasPrefix(text, "\n") {
		return false
	}
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasSuffix(line, " ") || strings.HasSuffix(line, "\t") || strings.HasPrefix(line, "\t") && line == strings.TrimSpace(line) {
			return false
		}
	}
	odd := func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) }
	return !strings.ContainsFunc(text, odd)
}

func chomp(text string) string {
	if strings.HasSuffix(text, "\n") {
		return ""
	}
	return "-"
}

// flow writes a value on one line.
func flow(value any) string {
	switch v := value.(type) {
	case object:
		var parts []string
		for _, f := range v {
			parts = append(parts, scalar(f.key)+": "+flow(f.value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		var parts []string
		for _, item := range v {
			parts = append(parts, flow(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case string:
		return scalar(v)
	case nil:
		return "null"
	}
	return fmt.Sprint(value)
}

// plain is what needs no quotes wherever it stands, and is nothing but text to YAML 1.1.
var plain = pattern(`^(--?)?[A-Za-z_/$][A-Za-z0-9_/.@%+=$()-]*$`)

// amount is a duration or a size.
var amount = pattern(`^[0-9]+(s|ms|m|m0s|h0m0s|Ki|Mi|Gi)$`)

// reservedWords are read as booleans or nothing.
var reservedWords = []string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}

func scalar(text string) string {
	if plain().MatchString(text) && !slices.Contains(reservedWords, strings.ToLower(text)) || amount().MatchString(text) {
		return text
	}
	if strings.ContainsAny(text, `"\\`) && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(text); err != nil {
		panic(fmt.Sprintf("convert: a string has no JSON: %v", err)) // every string has
	}
	return strings.ReplaceAll(strings.TrimSuffix(b.String(), "\n"), "\x7f", `\u007f`)
}

// readsBack compares what was written with what was meant.
func (d *draft) readsBack(text []byte) error {
	var got struct {
		Spec struct {
			Defaults  map[string]any   `json:"defaults"`
			Processes []map[string]any `json:"processes"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(text, &got); err != nil {
		return fmt.Errorf("the manifest cannot be read back: %w", err)
	}
	if len(got.Spec.Processes) != len(d.processes) {
		return fmt.Errorf("the manifest has %d processes, %d were meant", len(got.Spec.Processes), len(d.processes))
	}
	for i, p := range d.processes {
		want := plainMap(objectOf(p.spec))
		if !reflect.DeepEqual(got.Spec.Processes[i], want) {
			return fmt.Errorf("the process %s reads back as %v, meant was %v", p.spec.Name, got.Spec.Processes[i], want)
		}
	}
	return nil
}

// plainMap is an object as package json would have it.
func plainMap(o object) map[string]any {
	m := map[string]any{}
	for _, f := range o {
		m[f.key] = plainValue(f.value)
	}
	return m
}

func plainValue(value any) any {
	switch v := value.(type) {
	case object:
		return plainMap(v)
	case []any:
		out := []any{}
		for _, item := range v {
			out = append(out, plainValue(item))
		}
		return out
	case json.Number:
		n, err := v.Float64()
		if err != nil {
			return v
		}
		return n
	}
	return value
}
