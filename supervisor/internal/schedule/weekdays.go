package schedule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

var dayNames = map[string]int{"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}

// weekdays rewrites a day-of-week field so that the library, for which the week
// ends on Saturday, understands a Sunday at its end: 7, 5-7, fri-sun.
func weekdays(field string) (string, error) {
	var days []int
	star := false // one star makes the whole field a star
	for part := range strings.SplitSeq(field, ",") {
		values, step, stepped := strings.Cut(part, "/")
		if values == "*" || values == "?" {
			if !stepped || step == "1" {
				star = true
			}
			values = "0-6"
		}
		low, high, ranged := strings.Cut(values, "-")
		from, err := weekday(low)
		if err != nil {
			return "", err
		}
		to := from
		switch {
		case ranged:
			if to, err = weekday(high); err != nil {
				return "", err
			}
			if high == "sun" && from > 0 {
				to = 7
			}
		case stepped:
			to = max(from, 6)
		}
		by := 1
		if stepped {
			if by, err = strconv.Atoi(step); err != nil || by == 0 {
				return "", fmt.Errorf("%q: a step must be at least 1", part)
			}
		}
		if from > to {
			return "", fmt.Errorf("%q: the range ends before it begins", part)
		}
		for day := from; day <= to; day += by {
			days = append(days, day%7)
		}
	}
	if star {
		return "*", nil
	}
	slices.Sort(days)
	var text []string
	for _, day := range slices.Compact(days) {
		text = append(text, strconv.Itoa(day))
	}
	return strings.Join(text, ","), nil
}

func weekday(text string) (int, error) {
	if day, ok := dayNames[text]; ok {
		return day, nil
	}
	if day, err := strconv.ParseUint(text, 10, 8); err == nil && day <= 7 {
		return int(day), nil
	}
	return 0, fmt.Errorf("%q is not a day of the week (want 0 to 7, or sun to sat)", text)
}
