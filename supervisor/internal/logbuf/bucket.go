package logbuf

import "time"

// limitPause is for how long a process that went over its rate is skipped, and so
// how often a notice about it may come.
const limitPause = time.Second

// bucket decides which lines a rate limit lets pass. It has no clock: callers say
// what time it is. The zero value has no limit.
//
// It holds one second's bytes. A line passes while there is something in it, however
// long the line is: what it takes too much is missing later. Once it is empty all is
// skipped until reset, so that there are gaps of a second, each with a notice, and
// not lines that are missing here and there. What is missing in a gap comes back as
// the bytes that the bucket holds behind it, so in the long run the rate is used.
type bucket struct {
	rate  int64   // bytes in a second; 0: no limit
	level float64 // bytes; below zero when a line took too much
	at    time.Time
	skips bool // until reset
}

// setRate changes the limit; a new one begins full.
func (b *bucket) setRate(rate int64) {
	if rate = max(0, rate); rate != b.rate {
		b.rate, b.level, b.at = rate, float64(rate), time.Time{}
		b.skips = b.skips && rate > 0
	}
}

// take returns the part of a delivery that passes, data[from:to]; the rest is
// skipped. With half the delivery goes on with a line of which a piece was skipped:
// what is left of that line is skipped too. It is changed for the next delivery of
// the stream.
func (b *bucket) take(data []byte, k kind, half *bool, now time.Time) (from, to int) {
	if *half {
		from = len(data)
		if k != piece {
			from = lineBehind(data, 1)
		}
	}
	to = len(data)
	if b.rate > 0 {
		to = from + b.pour(data[from:], now)
	}
	*half = k == piece && to == from
	return from, to
}

// pour returns how many bytes pass, in whole lines.
func (b *bucket) pour(data []byte, now time.Time) int {
	if elapsed := now.Sub(b.at); elapsed > 0 {
		b.level = min(float64(b.rate), b.level+elapsed.Seconds()*float64(b.rate))
	}
	b.at = now
	n := 0
	if !b.skips && len(data) > 0 {
		if b.level >= 1 {
			n = lineBehind(data, int(min(b.level, float64(len(data)))))
		}
		b.level -= float64(n)
		b.skips = n < len(data)
	}
	return n
}

// reset ends the skipping. The caller has told of what was skipped.
func (b *bucket) reset() { b.skips = false }
