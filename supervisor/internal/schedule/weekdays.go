package schedule

import (
	"slices"
	"strconv"
	"strings"
)

// weekdays rewrites a day-of-week field that was checked so that the library, for which the
// week ends on Saturday, understands a Sunday at its end: 7, 5-7, fri-sun.
func weekdays(text string) string {
	var days []int
	for part := range strings.SplitSeq(text, ",") {
		values, step, stepped := strings.Cut(part, "/")
		by := 1
		if stepped {
			by, _ = strconv.Atoi(step)
		}
		from, to := 0, 6
		if values == "*" || values == "?" {
			if by == 1 {
				return "*" // one star makes the whole field a star
			}
		} else {
			low, high, ranged := strings.Cut(values, "-")
			from = weekday(low)
			switch {
			case high == "sun" && from > 0:
				to = 7
			case ranged:
				to = weekday(high)
			case stepped:
				to = max(from, 6)
			default:
				to = from
			}
		}
		for day := from; day <= to; day += by {
			days = append(days, day%7)
		}
	}
	slices.Sort(days)
	var list []string
	for _, day := range slices.Compact(days) {
		list = append(list, strconv.Itoa(day))
	}
	return strings.Join(list, ",")
}

// weekday is a day by its name or number.
func weekday(text string) int {
	if day, ok := dayNames[text]; ok {
		return day
	}
	day, _ := strconv.Atoi(text)
	return day
}
