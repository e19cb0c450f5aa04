// Package schedule turns the text of a cron schedule into times. It is pure: a
// [Schedule] is an immutable value, and Next depends on nothing but its argument
// and the zone data.
//
// # What is accepted
//
//	minute hour day-of-month month day-of-week          "30 2 * * *"
//	second minute hour day-of-month month day-of-week   "*/10 * * * * *"
//	@hourly @daily @midnight @weekly @monthly @yearly @annually
//	@every DURATION                                     "@every 90s", whole seconds, at least 1s
//
// A field is a list of *, N, N-M, each with an optional /STEP; N/STEP means from
// N to the end. Months and days of the week may be named (jan, sun), in any
// case. Sunday is 0 and 7. When both day fields are restricted, a day that
// matches either counts; when one is *, the other decides. A zone inside the
// text (TZ=, CRON_TZ=) is refused: it has a field of its own.
//
// # Days of 23 and 25 hours
//
// A schedule whose hour field names hours means times on the clock on the wall,
// and each of them happens exactly once per local day: a time that the clocks
// skip runs at the first instant after the gap (several skipped ones run once),
// and a time that they show twice runs the first time only.
//
// A schedule whose hour field covers the day (*, */6, 0-23) means an interval: it
// runs whenever the clock shows a matching time, so "*/15 * * * *" goes on every
// fifteen minutes through either change. "@every" counts real seconds.
package schedule
