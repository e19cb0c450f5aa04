package convert

import (
	"maps"
	"slices"
	"strings"

	"github.com/processmanager/processmanager/supervisor/internal/manifest"
)

var (
	foremanVariable = pattern(`^([A-Za-z_0-9]+)=(.*)$`)
	anyVariable     = pattern(`^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z_0-9.-]*)[ \t]*=`)
	afterBackslash  = pattern(`\\(.)`)
)

// foremanValue is the value that foreman takes from what is behind "NAME=", since 0.78: all of
// it, without quotes where it begins and ends with one; in "…" a backslash stands for what is
// behind it, and \n for the end of a line.
func foremanValue(text string) string {
	within := func(quote string) bool {
		return len(text) > 1 && strings.HasPrefix(text, quote) && strings.HasSuffix(text, quote)
	}
	switch {
	case within(`'`):
		return text[1 : len(text)-1]
	case within(`"`):
		return afterBackslash().ReplaceAllString(strings.ReplaceAll(text[1:len(text)-1], `\n`, "\n"), "$1")
	}
	return text
}

// withoutComment is a line's value without the comment behind it.
func withoutComment(text string) string {
	for i := range len(text) {
		if text[i] == '#' && (i == 0 || text[i-1] == ' ' || text[i-1] == '\t') {
			return strings.TrimRight(text[:i], " \t")
		}
	}
	return text
}

// compareDotenv tells which variables of a .env are others for foreman, for which a line is a
// variable that begins with NAME=, or nothing. Here, where the file is read at each start, it
// is read as by dotenv. Values are not told: they are secrets as often as not.
func (d *draft) compareDotenv(file string) {
	text, err := d.readFile(file)
	var ours map[string]string
	if err == nil {
		ours, err = manifest.Dotenv(text)
	}
	if err != nil {
		d.note(Lost, file, 0, "", "it is read at each start, and no process would begin: %s", strings.TrimPrefix(err.Error(), file+": "))
		return
	}
	lines, theirs := map[string]int{}, map[string]string{}
	number := 0
	for line := range strings.SplitSeq(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n") {
		number++
		if match := anyVariable().FindStringSubmatch(line); match != nil {
			lines[match[1]] = number
		}
		if match := foremanVariable().FindStringSubmatch(line); match != nil {
			theirs[match[1]] = match[2]
		}
	}
	for _, name := range slices.SortedFunc(maps.Keys(ours), func(a, b string) int { return lines[a] - lines[b] }) {
		switch behind, known := theirs[name]; {
		case !known:
			d.note(Changed, file, lines[name], name, "foreman leaves the line out, because it does not begin with NAME=; here it is a variable")
		case foremanValue(behind) == ours[name]:
		case foremanValue(withoutComment(behind)) == ours[name]:
			d.note(Changed, file, lines[name], name, "foreman takes a comment behind a value as part of it; here, as with dotenv, it is none of it: put the value in quotes where it is")
		default:
			d.note(Changed, file, lines[name], name, "foreman reads another value: it keeps blanks at the end, knows no escape but \\n, and its quotes end with the line")
		}
	}
}
