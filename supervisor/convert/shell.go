package convert

import (
	"errors"
	"strings"
)

// literal writes text so that a manifest, which expands $(NAME) and takes $$ for one
// dollar sign, means just that text.
func literal(text string) string {
	if strings.Contains(text, "$$") || strings.Contains(text, "$(") {
		return strings.ReplaceAll(text, "$", "$$")
	}
	return text
}

func literals(words []string) []string {
	out := make([]string, 0, len(words))
	for _, w := range words {
		out = append(out, literal(w))
	}
	return out
}

// shellQuote writes a word for the shell.
func shellQuote(word string) string {
	if word != "" && strings.Trim(word, nameRunes+"_./-:=@%+,") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

var (
	errOpenQuote = errors.New("a quote is not closed")
	errEscape    = errors.New("a backslash stands at the end")
)

// splitWords splits as a POSIX shell and Python's shlex.split do, without expanding
// anything: blanks between words, '…', "…" (in which a backslash is for " and \ only)
// and backslashes.
func splitWords(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord, quote := false, rune(0)
	list := []rune(text)
	for i := 0; i < len(list); i++ {
		c := list[i]
		switch {
		case quote == '\'' && c != '\'', quote == '"' && c != '"' && c != '\\':
			word.WriteRune(c)
		case quote != 0 && c == quote:
			quote = 0
		case c == '\\':
			if i++; i == len(list) {
				return nil, errEscape
			}
			if quote == '"' && list[i] != '"' && list[i] != '\\' {
				word.WriteRune('\\')
			}
			word.WriteRune(list[i])
			inWord = true
		case c == '\'' || c == '"':
			quote, inWord = c, true
		case strings.ContainsRune(" \t\r\n", c):
			if inWord {
				words = append(words, word.String())
				word.Reset()
				inWord = false
			}
		default:
			word.WriteRune(c)
			inWord = true
		}
	}
	if quote != 0 {
		return nil, errOpenQuote
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}

// isEnvName reports whether a text is a name that the shell can use.
func isEnvName(text string) bool {
	return text != "" && strings.Trim(text, nameRunes+"_") == "" && !strings.ContainsRune("0123456789", rune(text[0]))
}
