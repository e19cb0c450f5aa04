package supervisor_test

import (
	"errors"
	"testing"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

func TestParseSince(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"10m":                       now.Add(-10 * time.Minute),
		"0s":                        now,
		"2026-01-02T03:00:00Z":      now.Add(-245 * time.Second),
		"2026-01-02T04:04:05+01:00": now,
	} {
		if got, err := supervisor.ParseSince(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "yesterday", "10", "-5m", "2026-01-02"} {
		if got, err := supervisor.ParseSince(text, now); !errors.Is(err, supervisor.ErrInvalid) {
			t.Errorf("%q: %v %v", text, got, err)
		}
	}
}

func FuzzParseSince(f *testing.F) {
	for _, seed := range []string{"10m", "2026-01-02T03:04:05.5+01:00", "-1h", "9999999h", "0"} {
		f.Add(seed)
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		at, err := supervisor.ParseSince(text, now)
		if err != nil && (!at.IsZero() || !errors.Is(err, supervisor.ErrInvalid)) {
			t.Errorf("%q: %v, %v", text, at, err)
		}
	})
}
