package schedule

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/processmanager/processmanager/supervisor"
)

// maxText bounds the text of a schedule, in bytes. A list of all 60 minutes has 170.
const maxText = 512

// ErrNever is of a schedule that can be read, and whose day no month of it has.
var ErrNever = errors.New("it never fires (no such day in such a month)")

var parser = cron.NewParser(cron.Second | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)

// descriptors holds the names with an @, and the fields they stand for.
var descriptors = map[string]string{
	"@hourly":   "0 0 * * * *",
	"@daily":    "0 0 0 * * *",
	"@midnight": "0 0 0 * * *",
	"@weekly":   "0 0 0 * * 0",
	"@monthly":  "0 0 0 1 * *",
	"@yearly":   "0 0 0 1 1 *",
	"@annually": "0 0 0 1 1 *",
}

func parse(text string) (Schedule, error) {
	if len(text) > maxText {
		return Schedule{}, fmt.Errorf("it is %d bytes long, at most %d are allowed", len(text), maxText)
	}
	words := strings.Fields(strings.ToLower(text))
	switch {
	case len(words) == 0:
		return Schedule{}, errors.New("it is empty")
	case strings.HasPrefix(words[0], "tz=") || strings.HasPrefix(words[0], "cron_tz="):
		return Schedule{}, errors.New("it names a time zone (use timeZone)")
	case words[0] == "@every":
		return parseEvery(words[1:])
	case words[0] == "@reboot":
		return Schedule{}, errors.New("@reboot is not a time (a process without a schedule starts with the manager)")
	case words[0][0] == '@':
		full, ok := descriptors[strings.Join(words, " ")]
		if !ok {
			return Schedule{}, errors.New("unknown @ name (want @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually or @every DURATION)")
		}
		words = strings.Fields(full)
	case len(words) == 5:
		words = append([]string{"0"}, words...)
	case len(words) != 6:
		return Schedule{}, fmt.Errorf("it has %d fields (want 5: minute hour day-of-month month day-of-week; or 6 with seconds first)", len(words))
	}
	return parseFields(words)
}

// parseEvery refuses fractions of a second, which the library would cut off.
func parseEvery(words []string) (Schedule, error) {
	if len(words) != 1 {
		return Schedule{}, errors.New("@every wants one duration, such as \"@every 90s\"")
	}
	every, err := time.ParseDuration(words[0])
	if err != nil {
		return Schedule{}, fmt.Errorf("%q is not a duration (want a number with a unit, such as \"90s\" or \"1h30m\")", words[0])
	}
	if every < time.Second || every%time.Second != 0 {
		return Schedule{}, errors.New("@every wants whole seconds, at least 1s")
	}
	return Schedule{every: every}, nil
}

func parseFields(texts []string) (Schedule, error) {
	for i, text := range texts {
		if err := fields[i].check(text); err != nil {
			return Schedule{}, fmt.Errorf("%s: %w", fields[i].name, err)
		}
	}
	texts[5] = weekdays(texts[5])
	clock, err := guarded(strings.Join(texts, " "))
	if err != nil {
		return Schedule{}, err
	}
	clock.Location = time.UTC
	s := Schedule{clock: clock, fixed: !coversDay(texts[2], clock.Hour)}
	// Five years from here hold every date that exists, February 29 too.
	if clock.Next(time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC).Add(-1)).IsZero() {
		return Schedule{}, ErrNever
	}
	return s, nil
}

// coversDay reports whether an hour field means "all day long": it is a star, or
// a step over all hours that leaves more than one of them.
func coversDay(field string, hours uint64) bool {
	const all = 1<<24 - 1
	if hours&all == all {
		return true
	}
	if hours&(hours-1)&all == 0 { // one hour, such as */24
		return false
	}
	for part := range strings.SplitSeq(field, ",") {
		if values, _, _ := strings.Cut(part, "/"); values != "*" && values != "?" && values != "0-23" {
			return false
		}
	}
	return true
}

// guarded calls the library, which panics on some input.
func guarded(text string) (clock *cron.SpecSchedule, err error) {
	defer func() {
		if recover() != nil {
			clock, err = nil, errors.New("it cannot be read")
		}
	}()
	parsed, err := parser.Parse(text)
	if err != nil {
		return nil, err
	}
	clock, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return nil, errors.New("it cannot be read")
	}
	return clock, nil
}

// clip shortens text for an error.
func clip(text string) string { return supervisor.Shorten(text, 80) }
