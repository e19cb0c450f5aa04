package supervisor

import (
	"fmt"
	"time"
)

// ParseSince reads the beginning of a span of log lines as people write it: a time of
// RFC 3339, or how long before now, such as "10m". The error wraps ErrInvalid.
func ParseSince(text string, now time.Time) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	ago, err := time.ParseDuration(text)
	if err != nil || ago < 0 {
		return time.Time{}, fmt.Errorf("%w: %q is neither a time such as 2026-01-02T15:04:05Z nor a duration such as 10m", ErrInvalid, text)
	}
	return now.Add(-ago), nil
}
