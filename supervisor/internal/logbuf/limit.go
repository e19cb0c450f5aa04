package logbuf

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// limiter is the rate limit of one log with what has to be told about it.
type limiter struct {
	bucket bucket
	lost   [2]int64    // of each stream; bytes skipped since the last notice
	timer  *time.Timer // for the next notice; nil: nothing is to be told
}

// pass returns the part of a delivery that the limit lets pass. The caller holds
// the lock.
func (l *Log) pass(f *feed, data []byte, k kind, now time.Time) []byte {
	from, to := l.limit.bucket.take(data, k, &f.half, now)
	if n := len(data) - (to - from); n > 0 {
		l.dropped.Add(uint64(n))
		l.limit.lost[index(f.stream)] += int64(n)
		if l.limit.timer == nil {
			l.limit.timer = time.AfterFunc(limitPause, func() {
				l.mu.Lock()
				defer l.mu.Unlock()
				l.endGap()
			})
			l.console.noteGap(l, true)
		}
	}
	return data[from:to]
}

// endGap writes how much was skipped to where it is missing, and lets lines pass
// again. The caller holds the lock; so nothing can come between, and the notices,
// which wait for no sink, are in front of what passes.
func (l *Log) endGap() {
	if l.limit == nil || l.limit.timer == nil {
		return
	}
	l.limit.timer.Stop()
	l.limit.timer = nil
	l.console.noteGap(l, false)
	out, errs := l.limit.lost[0], l.limit.lost[1]
	l.limit.lost = [2]int64{}
	if l.file != nil {
		l.tellGap(l.file.sink, supervisor.Stderr, out+errs)
	}
	if l.console.stdout == l.console.stderr {
		out, errs = 0, out+errs
	}
	l.tellGap(l.console.stdout, supervisor.Stdout, out)
	l.tellGap(l.console.stderr, supervisor.Stderr, errs)
	l.limit.bucket.reset()
}

// tellGap gives a sink the line that says what is missing.
func (l *Log) tellGap(s *sink, stream supervisor.Stream, bytes int64) {
	if s == nil || bytes == 0 {
		return
	}
	rec := slog.NewRecord(time.Now(), slog.LevelWarn, fmt.Sprintf("rate limit: %d bytes dropped", bytes), 0)
	rec.AddAttrs(slog.String("name", l.name), slog.Int64("bytes", bytes))
	from := newFeed(&l.console.own, stream, 0)
	from.urgent.Store(true)
	s.put(&batch{from: from, format: FormatRaw, kind: lines, data: appendRecord(nil, s.noticeFormat(), stream, rec, nil)})
}
