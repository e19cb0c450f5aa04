package watch

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestSettle(t *testing.T) {
	const ms = time.Millisecond
	tests := []struct {
		name    string
		touches []time.Duration // since the beginning
		due     time.Duration   // 0: never
	}{
		{"nothing", nil, 0},
		{"one", []time.Duration{5 * ms}, 205 * ms},
		{"two", []time.Duration{0, 199 * ms}, 399 * ms},
		{"two at once", []time.Duration{0, 0}, 200 * ms},
		{"a writer that rests just in time", []time.Duration{0, 150 * ms, 300 * ms, 1800 * ms}, 2000 * ms},
		{"a writer that never rests", []time.Duration{0, 500 * ms, 1000 * ms, 1500 * ms, 1999 * ms}, 2000 * ms},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s settle
			begin := time.Now()
			for _, at := range tt.touches {
				s.touch(begin.Add(at))
			}
			if tt.due == 0 {
				if !s.due().IsZero() || s.over(begin.Add(time.Hour)) {
					t.Errorf("due at %v", s.due())
				}
				return
			}
			if got := s.due().Sub(begin); got != tt.due {
				t.Errorf("due at %v, want %v", got, tt.due)
			}
			if s.over(begin.Add(tt.due-1)) || !s.over(begin.Add(tt.due)) {
				t.Error("it is over at another time")
			}
			if s.clear(); s.over(begin.Add(time.Hour)) {
				t.Error("over again")
			}
		})
	}
}

// TestSettleBounds: each touch is answered, neither early nor late.
func TestSettleBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s settle
		now := time.Now()
		var waiting, last time.Time // first and newest touch that are not answered
		for range rapid.IntRange(1, 50).Draw(t, "touches") {
			pause := time.Duration(rapid.IntRange(0, 400).Draw(t, "pause")) * time.Millisecond
			if due := s.due(); !due.IsZero() && !due.After(now.Add(pause)) {
				if quiet := due.Sub(last); quiet < still && due.Sub(waiting) != patience || quiet > still || due.Sub(waiting) > patience {
					t.Fatalf("answered %v behind the newest and %v behind the first", quiet, due.Sub(waiting))
				}
				s.clear()
				waiting = time.Time{}
			}
			now = now.Add(pause)
			s.touch(now)
			last = now
			if waiting.IsZero() {
				waiting = now
			}
		}
	})
}
