package client

import (
	"encoding/json"
	"hash/maphash"
	"math"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// eventFeed is a subscription's side of events.event.
type eventFeed struct{ p EventsSubscribeParams }

func newEventNotice(p EventsSubscribeParams) feed[EventNotice] { return &eventFeed{p} }

func (f *eventFeed) params() any { return f.p }

func (f *eventFeed) gap(g *Gap) EventNotice { return EventNotice{Gap: g} }

func (f *eventFeed) read(params json.RawMessage) (n EventNotice, fresh bool, err error) {
	err = json.Unmarshal(params, &n)
	return n, err == nil, err
}

// lineFeed is a subscription's side of logs.line. It remembers the time of the last
// line, from which a new connection goes on, and which lines of that time it has seen:
// many may have the same.
type lineFeed struct {
	p    LogsSubscribeParams
	last time.Time
	seen map[uint64]int // lines of that time by their hash
	skip map[uint64]int // those of them that the new connection sends again
	seed maphash.Seed
}

func newLineNotice(p LogsSubscribeParams) feed[LineNotice] {
	return &lineFeed{p: p, seen: map[uint64]int{}, skip: map[uint64]int{}, seed: maphash.MakeSeed()}
}

func (f *lineFeed) params() any {
	if !f.last.IsZero() {
		f.p.Since, f.p.Lines, f.p.Previous = f.last, math.MaxInt32, false
		for h, n := range f.seen {
			f.skip[h] += n
		}
		clear(f.seen)
	}
	return f.p
}

func (f *lineFeed) gap(g *Gap) LineNotice { return LineNotice{Gap: g} }

func (f *lineFeed) read(params json.RawMessage) (n LineNotice, fresh bool, err error) {
	if err := json.Unmarshal(params, &n); err != nil {
		return n, false, err
	}
	h := f.hash(n.Line)
	again := n.Line.Time.Equal(f.last) && f.skip[h] > 0
	if again {
		f.skip[h]--
	}
	if !n.Line.Time.Equal(f.last) {
		f.last = n.Line.Time
		clear(f.skip)
		clear(f.seen)
	}
	f.seen[h]++
	return n, !again, nil
}

func (f *lineFeed) hash(l supervisor.LogLine) uint64 {
	var h maphash.Hash
	h.SetSeed(f.seed)
	_, _ = h.WriteString(string(l.Stream)) // never fails
	_ = h.WriteByte(0)
	_, _ = h.WriteString(l.Msg)
	maphash.WriteComparable(&h, l.Run)
	return h.Sum64()
}
