package schedule

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/processmanager/processmanager/supervisor"
)

const layout = "2006-01-02 15:04:05"

// In UTC, after Friday, January 2, 2026, 03:04:05. A time without a date is on
// that day; one without seconds is on the minute.
var nextThree = []struct{ text, want string }{
	{"* * * * *", "03:05, 03:06, 03:07"},
	{"*/15 * * * *", "03:15, 03:30, 03:45"},
	{"*/7 * * * *", "03:07, 03:14, 03:21"},
	{"5-10/5 * * * *", "03:05, 03:10, 04:05"},
	{"3/20 * * * *", "03:23, 03:43, 04:03"},
	{"0,30 * * * *", "03:30, 04:00, 04:30"},
	{"4 * * * *", "04:04, 05:04, 06:04"},
	{"0 * * * *", "04:00, 05:00, 06:00"},
	{"59 23 * * *", "23:59, 2026-01-03 23:59, 2026-01-04 23:59"},
	{"30 2 * * *", "2026-01-03 02:30, 2026-01-04 02:30, 2026-01-05 02:30"},
	{"0 3 * * *", "2026-01-03 03:00, 2026-01-04 03:00, 2026-01-05 03:00"},
	{"5 3 * * *", "03:05, 2026-01-03 03:05, 2026-01-04 03:05"},
	{"0 */6 * * *", "06:00, 12:00, 18:00"},
	{"0 */5 * * *", "05:00, 10:00, 15:00"},
	{"0 9-17 * * *", "09:00, 10:00, 11:00"},
	{"0 9-17/4 * * *", "09:00, 13:00, 17:00"},
	{"0 8,20 * * *", "08:00, 20:00, 2026-01-03 08:00"},
	{"0 */24 * * *", "2026-01-03 00:00, 2026-01-04 00:00, 2026-01-05 00:00"},
	{"0 0 1 * *", "2026-02-01 00:00, 2026-03-01 00:00, 2026-04-01 00:00"},
	{"0 0 31 * *", "2026-01-31 00:00, 2026-03-31 00:00, 2026-05-31 00:00"},
	{"0 0 29 2 *", "2028-02-29 00:00, 2032-02-29 00:00, 2036-02-29 00:00"},
	{"0 0 1,15 * *", "2026-01-15 00:00, 2026-02-01 00:00, 2026-02-15 00:00"},
	{"0 0 1 1 *", "2027-01-01 00:00, 2028-01-01 00:00, 2029-01-01 00:00"},
	{"0 0 1 jan *", "2027-01-01 00:00, 2028-01-01 00:00, 2029-01-01 00:00"},
	{"0 0 1 JAN,Jul *", "2026-07-01 00:00, 2027-01-01 00:00, 2027-07-01 00:00"},
	{"0 0 1 */3 *", "2026-04-01 00:00, 2026-07-01 00:00, 2026-10-01 00:00"},
	{"0 0 1 oct-dec *", "2026-10-01 00:00, 2026-11-01 00:00, 2026-12-01 00:00"},
	{"0 0 * * 0", "2026-01-04 00:00, 2026-01-11 00:00, 2026-01-18 00:00"},
	{"0 0 * * 7", "2026-01-04 00:00, 2026-01-11 00:00, 2026-01-18 00:00"},
	{"0 0 * * sun", "2026-01-04 00:00, 2026-01-11 00:00, 2026-01-18 00:00"},
	{"0 0 * * SUN", "2026-01-04 00:00, 2026-01-11 00:00, 2026-01-18 00:00"},
	{"0 0 * * 5-7", "2026-01-03 00:00, 2026-01-04 00:00, 2026-01-09 00:00"},
	{"0 0 * * fri-sun", "2026-01-03 00:00, 2026-01-04 00:00, 2026-01-09 00:00"},
	{"0 0 * * 6,7", "2026-01-03 00:00, 2026-01-04 00:00, 2026-01-10 00:00"},
	{"0 0 * * sat,sun", "2026-01-03 00:00, 2026-01-04 00:00, 2026-01-10 00:00"},
	{"0 0 * * 0,7", "2026-01-04 00:00, 2026-01-11 00:00, 2026-01-18 00:00"},
	{"0 0 * * 1-5", "2026-01-05 00:00, 2026-01-06 00:00, 2026-01-07 00:00"},
	{"0 0 * * mon-fri", "2026-01-05 00:00, 2026-01-06 00:00, 2026-01-07 00:00"},
	{"0 0 * * 1-7/2", "2026-01-04 00:00, 2026-01-05 00:00, 2026-01-07 00:00"}, // mon wed fri sun
	{"0 0 * * */2", "2026-01-03 00:00, 2026-01-04 00:00, 2026-01-06 00:00"},   // sun tue thu sat
	{"0 0 * * 0-7", "2026-01-03 00:00, 2026-01-04 00:00, 2026-01-05 00:00"},
	{"0 0 * * 3/2", "2026-01-07 00:00, 2026-01-09 00:00, 2026-01-14 00:00"}, // wed fri
	{"0 12 * * wed", "2026-01-07 12:00, 2026-01-14 12:00, 2026-01-21 12:00"},
	{"0 0 13 * fri", "2026-01-09 00:00, 2026-01-13 00:00, 2026-01-16 00:00"}, // either day
	{"0 0 1 * 1", "2026-01-05 00:00, 2026-01-12 00:00, 2026-01-19 00:00"},
	{"0 0 ? * 2", "2026-01-06 00:00, 2026-01-13 00:00, 2026-01-20 00:00"},
	{"0 0 20 * ?", "2026-01-20 00:00, 2026-02-20 00:00, 2026-03-20 00:00"},
	{"* * * * * *", "03:04:06, 03:04:07, 03:04:08"},
	{"*/10 * * * * *", "03:04:10, 03:04:20, 03:04:30"},
	{"5 * * * * *", "03:05:05, 03:06:05, 03:07:05"},
	{"15,45 * * * * *", "03:04:15, 03:04:45, 03:05:15"},
	{"30 30 2 * * *", "2026-01-03 02:30:30, 2026-01-04 02:30:30, 2026-01-05 02:30:30"},
	{"0 0 0 1 1 *", "2027-01-01 00:00, 2028-01-01 00:00, 2029-01-01 00:00"},
	{"@hourly", "04:00, 05:00, 06:00"},
	{"@daily", "2026-01-03 00:00, 2026-01-04 00:00, 2026-01-05 00:00"},
	{"@midnight", "2026-01-03 00:00, 2026-01-04 00:00, 2026-01-05 00:00"},
	{"@Daily", "2026-01-03 00:00, 2026-01-04 00:00, 2026-01-05 00:00"},
	{"@weekly", "2026-01-04 00:00, 2026-01-11 00:00, 2026-01-18 00:00"},
	{"@monthly", "2026-02-01 00:00, 2026-03-01 00:00, 2026-04-01 00:00"},
	{"@yearly", "2027-01-01 00:00, 2028-01-01 00:00, 2029-01-01 00:00"},
	{"@annually", "2027-01-01 00:00, 2028-01-01 00:00, 2029-01-01 00:00"},
	{"@every 1s", "03:04:06, 03:04:07, 03:04:08"},
	{"@every 90s", "03:05:35, 03:07:05, 03:08:35"},
	{"@every 1h30m", "04:34:05, 06:04:05, 07:34:05"},
	{"  0\t4  * * *  ", "04:00, 2026-01-03 04:00, 2026-01-04 04:00"},
}

func TestT46NextThree(t *testing.T) {
	for _, tt := range nextThree {
		after := time.Date(2026, time.January, 2, 3, 4, 5, 0, time.UTC)
		if got, want := three(t, tt.text, "UTC", after), written(tt.want); got != want {
			t.Errorf("%q:\n got %s\nwant %s", tt.text, got, want)
		}
	}
}

func three(t *testing.T, text, zone string, at time.Time) string {
	t.Helper()
	s, err := Parse(text, zone)
	if err != nil {
		t.Fatalf("Parse(%q, %q): %v", text, zone, err)
	}
	var got []string
	for range 3 {
		at = s.Next(at)
		got = append(got, at.Format(layout))
	}
	return strings.Join(got, ", ")
}

func written(short string) string {
	parts := strings.Split(short, ", ")
	for i, p := range parts {
		if !strings.Contains(p, " ") {
			p = "2026-01-02 " + p
		}
		if strings.Count(p, ":") == 1 {
			p += ":00"
		}
		parts[i] = p
	}
	return strings.Join(parts, ", ")
}

// The days on which the clocks change. Times are local, with the offset.
func TestT44ClockChange(t *testing.T) {
	const layout = "01-02 15:04 -07:00"
	tests := []struct {
		story, text, zone, after string
		want                     []string
	}{
		{
			"skipped: runs at the end of the gap", "30 2 * * *", "America/New_York", "2026-03-07T12:00:00-05:00",
			[]string{"03-08 03:00 -04:00", "03-09 02:30 -04:00", "03-10 02:30 -04:00"},
		},
		{
			"several skipped ones run once", "*/20 2 * * *", "America/New_York", "2026-03-07T12:00:00-05:00",
			[]string{"03-08 03:00 -04:00", "03-09 02:00 -04:00", "03-09 02:20 -04:00"},
		},
		{
			"skipped and the end of the gap are one run", "0 2,3 * * *", "America/New_York", "2026-03-08T00:00:00-05:00",
			[]string{"03-08 03:00 -04:00", "03-09 02:00 -04:00", "03-09 03:00 -04:00"},
		},
		{
			"doubled: only the first time", "30 1 * * *", "America/New_York", "2026-10-31T12:00:00-04:00",
			[]string{"11-01 01:30 -04:00", "11-02 01:30 -05:00", "11-03 01:30 -05:00"},
		},
		{
			"asked in the second hour", "30 1 * * *", "America/New_York", "2026-11-01T01:10:00-05:00",
			[]string{"11-02 01:30 -05:00", "11-03 01:30 -05:00", "11-04 01:30 -05:00"},
		},
		{
			"after the doubled hour", "0 1,2 * * *", "America/New_York", "2026-11-01T00:30:00-04:00",
			[]string{"11-01 01:00 -04:00", "11-01 02:00 -05:00", "11-02 01:00 -05:00"},
		},
		{
			"interval over the gap", "*/30 * * * *", "America/New_York", "2026-03-08T01:15:00-05:00",
			[]string{"03-08 01:30 -05:00", "03-08 03:00 -04:00", "03-08 03:30 -04:00"},
		},
		{
			"interval through the doubled hour", "*/30 * * * *", "America/New_York", "2026-11-01T01:15:00-04:00",
			[]string{"11-01 01:30 -04:00", "11-01 01:00 -05:00", "11-01 01:30 -05:00"},
		},
		{
			"every counts real time", "@every 1h", "America/New_York", "2026-11-01T00:30:00-04:00",
			[]string{"11-01 01:30 -04:00", "11-01 01:30 -05:00", "11-01 02:30 -05:00"},
		},

		{
			"skipped in Brussels", "30 2 * * *", "Europe/Brussels", "2026-03-28T12:00:00+01:00",
			[]string{"03-29 03:00 +02:00", "03-30 02:30 +02:00", "03-31 02:30 +02:00"},
		},
		{
			"doubled in Brussels", "30 2 * * *", "Europe/Brussels", "2026-10-24T12:00:00+02:00",
			[]string{"10-25 02:30 +02:00", "10-26 02:30 +01:00", "10-27 02:30 +01:00"},
		},
		{
			"the first doubled minute", "0 2 * * *", "Europe/Brussels", "2026-10-25T02:00:00+02:00",
			[]string{"10-26 02:00 +01:00", "10-27 02:00 +01:00", "10-28 02:00 +01:00"},
		},
		{
			"the end of the doubled hour", "0 3 * * *", "Europe/Brussels", "2026-10-25T00:00:00+02:00",
			[]string{"10-25 03:00 +01:00", "10-26 03:00 +01:00", "10-27 03:00 +01:00"},
		},
		{
			"the hour before the gap is there", "59 1 * * *", "Europe/Brussels", "2026-03-29T00:00:00+01:00",
			[]string{"03-29 01:59 +01:00", "03-30 01:59 +02:00", "03-31 01:59 +02:00"},
		},

		{
			"half an hour skipped", "15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00:00+10:30",
			[]string{"10-04 02:30 +11:00", "10-05 02:15 +11:00", "10-06 02:15 +11:00"},
		},
		{
			"half an hour doubled", "45 1 * * *", "Australia/Lord_Howe", "2026-04-04T12:00:00+11:00",
			[]string{"04-05 01:45 +11:00", "04-06 01:45 +10:30", "04-07 01:45 +10:30"},
		},
		{
			"interval in the doubled half hour", "*/15 * * * *", "Australia/Lord_Howe", "2026-04-05T01:35:00+11:00",
			[]string{"04-05 01:45 +11:00", "04-05 01:30 +10:30", "04-05 01:45 +10:30"},
		},
		{
			"interval over the half hour", "*/15 * * * *", "Australia/Lord_Howe", "2026-10-04T01:45:00+10:30",
			[]string{"10-04 02:30 +11:00", "10-04 02:45 +11:00", "10-04 03:00 +11:00"},
		},

		{
			"midnight skipped", "@daily", "America/Santiago", "2026-09-05T12:00:00-04:00",
			[]string{"09-06 01:00 -03:00", "09-07 00:00 -03:00", "09-08 00:00 -03:00"},
		},
		{
			"a whole day skipped", "0 12 * * *", "Pacific/Apia", "2011-12-29T00:00:00-10:00",
			[]string{"12-29 12:00 -10:00", "12-31 00:00 +14:00", "12-31 12:00 +14:00"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.story, func(t *testing.T) {
			s, err := Parse(tt.text, tt.zone)
			if err != nil {
				t.Fatal(err)
			}
			at, err := time.Parse(time.RFC3339, tt.after)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range tt.want {
				at = s.Next(at)
				if got := at.Format(layout); got != want {
					t.Errorf("%s in %s: got %s, want %s", tt.text, tt.zone, got, want)
				}
			}
		})
	}
}

func TestT45T46T49ParseRefuses(t *testing.T) {
	tests := []struct{ text, zone, want string }{
		{"", "", "it is empty"},
		{" \t", "", "it is empty"},
		{"TZ=UTC", "", "use timeZone"},
		{"TZ=UTC 0 0 * * *", "", "use timeZone"},
		{"CRON_TZ=Europe/Brussels 0 0 * * *", "", "use timeZone"},
		{"cron_tz=UTC 0 0 * * *", "UTC", "use timeZone"},
		{"0 0 30 2 *", "", "never fires"},
		{"0 0 31 4 *", "", "never fires"},
		{"0 0 31 2,4,6,9,11 *", "", "never fires"},
		{"* * * *", "", "4 fields"},
		{"0 0 0 1 1 * 2020", "", "7 fields"},
		{"60 * * * *", "", `minutes: 60 is out of range: want 0 to 59`},
		{"0 0-59/61,5-61 * * *", "", `hours: 59 is out of range: want 0 to 23`},
		{"0 5-61/2 * * * *", "", `minutes: 61 is out of range: want 0 to 59 ("5-61/2")`},
		{"61 * * * * *", "", `seconds: 61 is out of range: want 0 to 59`},
		{"99999999999999999999 * * * *", "", `minutes: 99999999999999999999 is out of range: want 0 to 59`},
		{"* 24 * * *", "", "hours: 24 is out of range: want 0 to 23 (midnight is 0)"},
		{"* * 0 * *", "", "day of month: 0 is out of range: want 1 to 31"},
		{"* * 32 * *", "", "day of month: 32 is out of range: want 1 to 31"},
		{"* * * 13 *", "", "month: 13 is out of range: want 1 to 12, or jan to dec"},
		{"* * * 0 *", "", "month: 0 is out of range: want 1 to 12, or jan to dec"},
		{"* * * march *", "", `month: "march" is not a number or a name: want 1 to 12, or jan to dec`},
		{"noon * * * *", "", `minutes: "noon" is not a number: want 0 to 59`},
		{"* * * * 8", "", "day of week: 8 is out of range: want 0 to 7, or sun to sat"},
		{"* * * * monday", "", `day of week: "monday" is not a number or a name: want 0 to 7, or sun to sat`},
		{"* * * * *,8", "", "day of week: 8 is out of range"},
		{"* * * * sat-mon", "", `day of week: "sat-mon": the range ends before it begins: want "6-7,1"`},
		{"30-10 * * * *", "", `minutes: "30-10": the range ends before it begins: want "30-59,0-10"`},
		{"0 22-6/2 * * *", "", `hours: "22-6/2": the range ends before it begins`},
		{"0 0 * nov-feb *", "", `month: "nov-feb": the range ends before it begins: want "11-12,1-2"`},
		{"*/0 * * * *", "", `minutes: "*/0": a step must be at least 1`},
		{"* * * * */0", "", "at least 1"},
		{"*/x * * * *", "", "must be a number"},
		{"1/2/3 * * * *", "", "must be a number"},
		{"1-2-3 * * * *", "", `minutes: "1-2-3": a range has two values`},
		{", * * * *", "", "missing"},
		{"1,,2 * * * *", "", "missing"},
		{"/5 * * * *", "", "missing"},
		{"*-5 * * * *", "", "stands alone"},
		{"+5 * * * *", "", "unexpected"},
		{"-5 * * * *", "", "two values"},
		{"5- * * * *", "", "two values"},
		{"0 0 L * *", "", `day of month: "l" is not a number: want 1 to 31`},
		{"0 0 * * 5#2", "", "unexpected"},
		{"@reboot", "", "@reboot is not a time"},
		{"@fortnightly", "", "unknown @ name"},
		{"@daily 5", "", "unknown @ name"},
		{"@every", "", "wants one duration"},
		{"@every 5", "", "not a duration"},
		{"@every 500ms", "", "at least 1s"},
		{"@every 1500ms", "", "whole seconds"},
		{"@every -5s", "", "at least 1s"},
		{strings.Repeat("1,", 1000) + "1 * * * *", "", "at most 512"},
		{"@daily", "Mars/Olympus", "unknown time zone"},
		{"@daily", "Local", "leave timeZone out"},
		{"@daily", "../../etc/passwd", "unknown time zone"},
		{"@daily", strings.Repeat("x", 100), "too long"},
	}
	for _, tt := range tests {
		_, err := Parse(tt.text, tt.zone)
		if !errors.Is(err, supervisor.ErrInvalid) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Parse(%q, %q): got %v, want ErrInvalid with %q", tt.text, tt.zone, err, tt.want)
		}
	}
}

func TestNextLooksPastACenturyWithoutLeapYear(t *testing.T) {
	after := time.Date(2097, time.January, 1, 0, 0, 0, 0, time.UTC)
	want := "2104-02-29 00:00:00, 2108-02-29 00:00:00, 2112-02-29 00:00:00"
	if got := three(t, "0 0 29 2 *", "UTC", after); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// On the last day of a leap year the standard library says that the current
// stretch of time has ended.
func TestNextOnTheLastDayOfALeapYear(t *testing.T) {
	for _, text := range []string{"0 12 * * *", "0 */12 * * *"} {
		s, err := Parse(text, "America/New_York")
		if err != nil {
			t.Fatal(err)
		}
		at := s.Next(time.Date(2040, time.December, 30, 23, 30, 0, 0, s.zone).Add(12 * time.Hour))
		if got, want := at.Format(layout), "2040-12-31 12:00:00"; got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func TestT49EmptyZoneIsLocal(t *testing.T) {
	s, err := Parse("@daily", "")
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Next(time.Unix(0, 0)).Location(); got != time.Local {
		t.Errorf("zone %v, want the local one", got)
	}
}

var zones = []string{"", "UTC", "America/New_York", "Europe/Brussels", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu", "Africa/Casablanca"}

// TestNextGoesOn: whatever is accepted, each next time is after the one before,
// and what is asked between two times is answered with the later one.
func TestNextGoesOn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom(nextThree).Draw(t, "text").text
		s, err := Parse(text, rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "at"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns"))
		for range 20 {
			next := s.Next(at)
			if next.IsZero() || !next.After(at) || next.Nanosecond() != 0 {
				t.Fatalf("%q: after %v comes %v", text, at, next)
			}
			between := at.Add(time.Duration(rapid.Int64Range(0, int64(next.Sub(at))-1).Draw(t, "between")))
			if again := s.Next(between); s.every == 0 && !again.Equal(next) {
				t.Fatalf("%q: after %v comes %v, after %v comes %v", text, at, next, between, again)
			}
			at = next
		}
	})
}

// TestT44OncePerLocalDay: a fixed time runs once on every local day, whatever the
// clocks do.
func TestT44OncePerLocalDay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clock := time.Date(2000, 1, 1, 0, rapid.IntRange(0, 24*60-1).Draw(t, "minute"), 0, 0, time.UTC)
		s, err := Parse(clock.Format("4 15 * * *"), rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		at := s.Next(time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "at"), 0))
		for range 400 {
			next := s.Next(at)
			y, m, d := at.Date()
			if got, want := next.Format(time.DateOnly), time.Date(y, m, d+1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly); got != want {
				t.Fatalf("%s in %s: after %v comes %v", s, s.zone, at, next)
			}
			at = next
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, tt := range nextThree {
		f.Add(tt.text, "Europe/Brussels")
	}
	f.Add("TZ=UTC", "")
	f.Add("0 0 30 2 *", "UTC")
	f.Fuzz(func(t *testing.T, text, zone string) {
		if len(text) > 2*maxText || len(zone) > 2*maxZone {
			return
		}
		s, err := Parse(text, zone)
		if err != nil {
			if !errors.Is(err, supervisor.ErrInvalid) {
				t.Fatalf("Parse(%q): %v is not ErrInvalid", text, err)
			}
			for _, raw := range []string{"of range (", "parse int", "too many", "it cannot be read"} {
				if said := strings.ReplaceAll(err.Error(), strconv.Quote(clip(text)), ""); strings.Contains(said, raw) {
					t.Fatalf("Parse(%q): %v is in the library's words", text, err)
				}
			}
			return
		}
		at := time.Date(2026, 3, 1, 0, 0, 0, 1, time.UTC)
		for range 10 {
			next := s.Next(at)
			if next.IsZero() || !next.After(at) {
				t.Fatalf("%q in %q: after %v comes %v", text, zone, at, next)
			}
			at = next
		}
	})
}
