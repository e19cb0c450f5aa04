package heroscript

import "strings"

// Format writes statements, one per line, so that [Parse] reads the same ones
// back (but for positions). Names and keys must be as Parse returns them; values
// may be any bytes.
func Format(list ...Statement) string {
	var b strings.Builder
	for _, st := range list {
		b.WriteString("!!")
		b.WriteString(st.Name)
		for _, p := range st.Params {
			b.WriteByte(' ')
			b.WriteString(p.Key)
			b.WriteByte(':')
			writeValue(&b, p.Value)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// writeValue leaves booleans and numbers bare and quotes everything else.
func writeValue(b *strings.Builder, value string) {
	if value == "true" || value == "false" || isNumber(value) {
		b.WriteString(value)
		return
	}
	b.WriteByte('\'')
	for i := range len(value) {
		if c := value[i]; c == '\'' || c == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(value[i])
	}
	b.WriteByte('\'')
}

func isNumber(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}
