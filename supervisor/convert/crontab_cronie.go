package convert

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// cronie, which most distributions but Debian have for cron, knows more: - in front of a line
// keeps it out of the syslog, A~B is a value out of a range, chosen once, and RANDOM_DELAY
// moves every job by up to so many minutes.

// maxJitter is that of a manifest.
const maxJitter = 24 * time.Hour

// quiet takes the - off a line, and reports whether there was one.
func quiet(line string) (string, bool) {
	if rest, ok := strings.CutPrefix(line, "-"); ok && rest != "" && rest[0] != ' ' && rest[0] != '\t' {
		return rest, true
	}
	return line, false
}

var cronRange = pattern(`^([0-9]{0,2})~([0-9]{0,2})$`)

// spread replaces A~B of minutes and hours by A, and returns how long it is from there to B.
// known is false when there is a ~ elsewhere, in a list or with a step.
func spread(when string) (text string, span time.Duration, known bool, err error) {
	fields := strings.Fields(when)
	for i, unit := range []struct {
		last int
		is   time.Duration
	}{{59, time.Minute}, {23, time.Hour}} {
		if i == len(fields) {
			break
		}
		m := cronRange().FindStringSubmatch(fields[i])
		if m == nil {
			continue
		}
		first, last := 0, unit.last
		if m[1] != "" {
			first, _ = strconv.Atoi(m[1]) // two digits
		}
		if m[2] != "" {
			last, _ = strconv.Atoi(m[2])
		}
		if first > last || last > unit.last {
			return "", 0, false, fmt.Errorf("%q is no range from 0 to %d", fields[i], unit.last)
		}
		fields[i] = strconv.Itoa(first)
		span += time.Duration(last-first) * unit.is
	}
	text = strings.Join(fields, " ")
	return text, span, !strings.Contains(text, "~"), nil
}

// randomDelay reads RANDOM_DELAY, which holds for the lines below it.
func (r *cronReader) randomDelay(value string, line int) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 || n > 24*60 {
		return r.d.failf(r.d.file, line, "RANDOM_DELAY: %q is not a number of minutes from 0 to 1440", value)
	}
	r.delay = time.Duration(n) * time.Minute
	r.d.note(Changed, r.d.file, line, "RANDOM_DELAY", "it is jitter, a part of which is fixed for a job and the host")
	return nil
}

// moved gives a job the time by which it may be late.
func (r *cronReader) moved(p *process, span time.Duration) {
	if span = min(span+r.delay, maxJitter); span > 0 && p.spec.Schedule != "" {
		p.spec.Jitter = new(supervisor.Duration(span))
	}
}
