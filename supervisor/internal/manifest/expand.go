package manifest

import "strings"

// Expand replaces $(NAME) by what lookup returns for NAME, as Kubernetes does in
// commands, arguments and variables: $$ is a dollar sign, so that $$(NAME) stays
// $(NAME); a name that lookup does not know stays as it is written; what was put
// in is not looked at again; nothing else is special.
func Expand(text string, lookup func(name string) (string, bool)) string {
	next := strings.IndexByte(text, '$')
	if next < 0 {
		return text
	}
	var b strings.Builder
	for next >= 0 {
		b.WriteString(text[:next])
		text = text[next:]
		switch {
		case strings.HasPrefix(text, "$$"):
			b.WriteByte('$')
			text = text[2:]
		case strings.HasPrefix(text, "$("):
			end := strings.IndexByte(text, ')')
			if end < 0 {
				b.WriteString("$(")
				text = text[2:]
				break
			}
			if value, ok := lookup(text[2:end]); ok {
				b.WriteString(value)
			} else {
				b.WriteString(text[:end+1])
			}
			text = text[end+1:]
		default:
			b.WriteByte('$')
			text = text[1:]
		}
		next = strings.IndexByte(text, '$')
	}
	b.WriteString(text)
	return b.String()
}
