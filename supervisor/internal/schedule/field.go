package schedule

import (
	"fmt"
	"strconv"
	"strings"
)

// A field is one of the six, as errors call it, with what may stand in it.
type field struct {
	name     string
	min, max int
	names    map[string]int
	span     string // of the names
}

var (
	monthNames = map[string]int{"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12}
	dayNames   = map[string]int{"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}
)

// fields are the six in their order.
var fields = [...]field{
	{name: "seconds", max: 59},
	{name: "minutes", max: 59},
	{name: "hours", max: 23},
	{name: "day of month", min: 1, max: 31},
	{name: "month", min: 1, max: 12, names: monthNames, span: "jan to dec"},
	{name: "day of week", max: 7, names: dayNames, span: "sun to sat"},
}

// check refuses what is not in the grammar or out of the field's range, and what the library
// reads without complaint and not as it was meant: empty list items, signs, and a star with
// something behind it.
func (f field) check(text string) error {
	for part := range strings.SplitSeq(text, ",") {
		values, step, stepped := strings.Cut(part, "/")
		for i := range len(part) {
			c := part[i]
			if (c < '0' || c > '9') && (c < 'a' || c > 'z') && !strings.ContainsRune("*?/-", rune(c)) {
				return fmt.Errorf("%q: unexpected %q", text, c)
			}
		}
		switch {
		case part == "" || values == "":
			return fmt.Errorf("%q: a value is missing", text)
		case values[0] == '-' || values[len(values)-1] == '-':
			return fmt.Errorf("%q: a range wants two values", text)
		case stepped && !isNumber(step):
			return fmt.Errorf("%q: after / there must be a number", text)
		case stepped && strings.Trim(step, "0") == "":
			return fmt.Errorf("%q: a step must be at least 1", part)
		case len(values) > 1 && strings.ContainsAny(values, "*?"):
			return fmt.Errorf("%q: a * stands alone or before a /", text)
		case values == "*" || values == "?":
			continue
		}
		if err := f.checkRange(part, values, stepped); err != nil {
			return err
		}
	}
	return nil
}

// checkRange is about N and N-M.
func (f field) checkRange(part, values string, stepped bool) error {
	low, high, ranged := strings.Cut(values, "-")
	if strings.Contains(high, "-") {
		return fmt.Errorf("%q: a range has two values", part)
	}
	from, err := f.value(low, part)
	if err != nil || !ranged {
		return err
	}
	to, err := f.value(high, part)
	switch {
	case err != nil:
		return err
	case f.max == 7 && high == "sun" && from > 0: // the end of the week
		to = 7
	}
	if from <= to {
		return nil
	}
	if stepped {
		return fmt.Errorf("%q: the range ends before it begins", part)
	}
	want := fromTo(from, f.max)
	first := f.min
	if f.names != nil && f.min == 0 {
		first = 1 // Sunday is the end of the week here
	}
	if first <= to {
		want += "," + fromTo(first, to)
	}
	return fmt.Errorf("%q: the range ends before it begins: want %q", part, want)
}

// fromTo writes a range of one value or more.
func fromTo(from, to int) string {
	if from == to {
		return strconv.Itoa(from)
	}
	return fmt.Sprintf("%d-%d", from, to)
}

// value reads a number or a name; part is what it stands in.
func (f field) value(text, part string) (int, error) {
	if n, ok := f.names[text]; ok {
		return n, nil
	}
	if strings.Trim(text, "0123456789") != "" {
		kind := "a number"
		if f.names != nil {
			kind += " or a name"
		}
		return 0, fmt.Errorf("%q is not %s: %s", text, kind, f.want())
	}
	n, err := strconv.Atoi(text)
	if err == nil && n >= f.min && n <= f.max {
		return n, nil
	}
	hint := ""
	if f.max == 23 && n == 24 {
		hint = " (midnight is 0)"
	}
	if part != text {
		hint += fmt.Sprintf(" (%q)", part)
	}
	return 0, fmt.Errorf("%s is out of range: %s%s", text, f.want(), hint)
}

// want is what may stand there.
func (f field) want() string {
	text := fmt.Sprintf("want %d to %d", f.min, f.max)
	if f.span != "" {
		text += ", or " + f.span
	}
	return text
}

func isNumber(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}
