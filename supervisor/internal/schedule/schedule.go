package schedule

import (
	"fmt"
	"time"
	_ "time/tzdata" // an image without zone files still knows its zones

	"github.com/robfig/cron/v3"

	"github.com/processmanager/processmanager/supervisor"
)

// Schedule is a parsed schedule in its zone. Make one with [Parse]; the zero
// value is not usable. It is immutable and may be used from any goroutine.
type Schedule struct {
	text  string
	zone  *time.Location
	every time.Duration // not zero for "@every"; then clock is nil
	clock *cron.SpecSchedule
	// fixed is true when the hour field names hours; see the package comment.
	fixed bool
}

// Parse reads a schedule. An empty timeZone means the local one; else it is an
// IANA name such as "Europe/Brussels". The error wraps supervisor.ErrInvalid.
func Parse(text, timeZone string) (Schedule, error) {
	zone, err := Zone(timeZone)
	if err != nil {
		return Schedule{}, err
	}
	s, err := parse(text)
	if err != nil {
		return Schedule{}, fmt.Errorf("%w: cannot read schedule %q: %w", supervisor.ErrInvalid, clip(text), err)
	}
	s.text, s.zone = text, zone
	return s, nil
}

// maxZone is longer than every IANA name.
const maxZone = 64

// Zone finds a time zone by its IANA name; empty means the local one. The error
// wraps supervisor.ErrInvalid.
func Zone(name string) (*time.Location, error) {
	bad := func(why string) (*time.Location, error) {
		return nil, fmt.Errorf("%w: unknown time zone %q: %s", supervisor.ErrInvalid, clip(name), why)
	}
	switch {
	case name == "":
		return time.Local, nil
	case name == "Local":
		return bad("leave timeZone out for the local one")
	case len(name) > maxZone:
		return bad("the name is too long")
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return bad("want an IANA name, such as \"Europe/Brussels\" or \"UTC\"")
	}
	return zone, nil
}

// String returns the text that was parsed.
func (s Schedule) String() string { return s.text }

// Next returns the first time of the schedule strictly after the given one, in
// the schedule's zone. It is never the zero time.
func (s Schedule) Next(after time.Time) time.Time {
	after = after.Round(0).In(s.zone) // without the monotonic reading: this is wall time
	switch {
	case s.every != 0:
		return cron.Every(s.every).Next(after)
	case s.fixed:
		return s.nextFixed(after)
	default:
		return s.nextInterval(after)
	}
}

// A span is a stretch of time in which a zone's offset does not change. Within
// it the wall clock is the real one plus the offset, so that the arithmetic of
// days and months can be done in UTC, where no hour is skipped or doubled.
type span struct {
	start, end time.Time // zero: no bound; end is exclusive
	offset     time.Duration
}

func (s Schedule) spanAt(t time.Time) span {
	start, end := t.In(s.zone).ZoneBounds()
	if !end.IsZero() && !end.After(t) {
		end = s.changeAfter(t)
	}
	return span{start, end, s.offsetAt(t)}
}

// changeAfter finds the end of a span where the library does not: on the last
// day of a leap year it returns an end that lies in the past. The end is that of
// the day, or the change of offset within it.
func (s Schedule) changeAfter(t time.Time) time.Time {
	same, other := t, t.Add(24*time.Hour)
	if s.offsetAt(other) == s.offsetAt(same) {
		return other
	}
	for other.Sub(same) > time.Second {
		middle := same.Add(other.Sub(same) / 2)
		if s.offsetAt(middle) == s.offsetAt(t) {
			same = middle
		} else {
			other = middle
		}
	}
	return other.Truncate(time.Second)
}

func (s Schedule) offsetAt(t time.Time) time.Duration {
	_, seconds := t.In(s.zone).Zone()
	return time.Duration(seconds) * time.Second
}

// wall writes the clock's reading at t as a time in UTC; real is its inverse.
func (p span) wall(t time.Time) time.Time { return t.UTC().Add(p.offset) }

func (s Schedule) real(p span, wall time.Time) time.Time { return wall.Add(-p.offset).In(s.zone) }

func (p span) holds(t time.Time) bool { return p.end.IsZero() || t.Before(p.end) }

// nextInterval returns the first instant after the given one at which the clock
// shows a matching time.
func (s Schedule) nextInterval(after time.Time) time.Time {
	for p := s.spanAt(after); ; p = s.spanAt(p.end) {
		t := s.real(p, s.match(p.wall(after)))
		if p.holds(t) {
			return t
		}
		after = p.end.Add(-1)
	}
}

// nextFixed gives every matching reading of the clock one instant: the first at
// which it is shown or, when it is skipped, the end of the gap.
func (s Schedule) nextFixed(after time.Time) time.Time {
	p := s.spanAt(after)
	seen := p.wall(after) // readings up to this one have had their instant
	if !p.start.IsZero() {
		before := p.start.Add(s.offsetAt(p.start.Add(-1))).UTC().Add(-1)
		if before.After(seen) {
			seen = before
		}
	}
	for {
		wall := s.match(seen)
		if t := s.real(p, wall); p.holds(t) {
			return t
		}
		next := s.spanAt(p.end)
		if wall.Before(next.wall(p.end)) {
			return p.end.In(s.zone) // the clock jumps over it
		}
		for _, end := range []time.Time{p.wall(p.end), next.wall(p.end)} {
			if end = end.Add(-1); end.After(seen) {
				seen = end
			}
		}
		p = next
	}
}

// match returns the first matching reading of the clock after the given one,
// both written as UTC.
func (s Schedule) match(wall time.Time) time.Time {
	for {
		t := s.clock.Next(wall)
		if !t.IsZero() {
			return t
		}
		// The library looks five years ahead, but between February 29, 2096 and the
		// next one there are eight. Parse has refused what never comes.
		wall = time.Date(wall.Year()+5, time.January, 1, 0, 0, 0, 0, time.UTC).Add(-1)
	}
}
