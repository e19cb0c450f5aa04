package logbuf

import (
	"bytes"
	"math"
	"slices"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// recordCost is what a record counts against a ring's limit, its size in bytes: many
// tiny writes must not cost more memory than a few big ones.
const recordCost = 32

// ring keeps the newest lines of one process in at most limit bytes, with whole
// lines as the unit of forgetting. The text is raw; lines are found in it when
// somebody asks. It grows from nothing as it is filled. It is not safe for
// concurrent use.
//
// Each byte has an offset that counts from the first one ever written and is
// never used twice: the number by which a later follower can go on where a
// snapshot ended.
type ring struct {
	limit int
	text  []byte // circular: the byte at offset o is text[o % len(text)]
	start uint64 // offset of the oldest byte kept; always where a line begins
	end   uint64 // offset of the next byte
	recs  records
}

// record describes the bytes of one delivery; they begin where the record before
// it ends.
type record struct {
	end    uint64 // offset behind its last byte
	at     int64  // Unix nanoseconds
	run    uint64
	stderr bool // which stream
	kind   kind
}

func (r record) stream() supervisor.Stream {
	if r.stderr {
		return supervisor.Stderr
	}
	return supervisor.Stdout
}

func (r *ring) add(data []byte, rec record) {
	skip := len(data) + recordCost - r.limit
	if skip > 0 {
		skip = lineBehind(data, skip)
		r.recs.clear()
		r.start = r.end + uint64(skip)
		r.end = r.start
		data = data[skip:]
		if len(data) == 0 {
			return
		}
	} else {
		r.forget(r.used() + len(data) + recordCost - r.limit)
	}
	r.grow(int(r.end-r.start) + len(data))
	at := int(r.end % uint64(len(r.text)))
	n := copy(r.text[at:], data)
	copy(r.text, data[n:])
	r.end += uint64(len(data))
	rec.end = r.end
	r.recs.push(rec)
}

// lineBehind is the first line boundary in data at or behind n, n > 0.
func lineBehind(data []byte, n int) int {
	if n > len(data) {
		return len(data)
	}
	i := bytes.IndexByte(data[n-1:], '\n')
	if i < 0 {
		return len(data)
	}
	return n + i
}

// used is what counts against the limit.
func (r *ring) used() int { return int(r.end-r.start) + recordCost*r.recs.n }

// forget drops the fewest oldest lines that give at least need bytes back.
func (r *ring) forget(need int) {
	for need > 0 && r.recs.n > 0 {
		size := int(r.recs.at(0).end - r.start)
		if need < size {
			if n := r.lineBehind(need, size); n < size {
				r.start += uint64(n)
				return
			}
		}
		r.start = r.recs.at(0).end
		r.recs.pop()
		need -= size + recordCost
	}
}

// lineBehind is lineBehind on the oldest size bytes of the ring.
func (r *ring) lineBehind(n, size int) int {
	a, b := r.span(r.start, size)
	if n <= len(a) {
		if i := lineBehind(a, n); i < len(a) || a[i-1] == '\n' {
			return i
		}
		n = len(a) + 1
	}
	if len(b) == 0 {
		return size
	}
	return len(a) + lineBehind(b, n-len(a))
}

// span is where the size bytes from an offset on are.
func (r *ring) span(from uint64, size int) (a, b []byte) {
	if size == 0 {
		return nil, nil
	}
	at := int(from % uint64(len(r.text)))
	if at+size <= len(r.text) {
		return r.text[at : at+size], nil
	}
	return r.text[at:], r.text[:at+size-len(r.text)]
}

// grow makes room for size bytes; the caller has seen that the limit allows it.
func (r *ring) grow(size int) {
	if size <= len(r.text) {
		return
	}
	bigger := make([]byte, min(r.limit, max(size, 2*len(r.text), 512)))
	a, b := r.span(r.start, int(r.end-r.start))
	for from := r.start; len(a)+len(b) > 0; a, b = b, nil {
		at := int(from % uint64(len(bigger)))
		n := copy(bigger[at:], a)
		copy(bigger, a[n:])
		from += uint64(len(a))
	}
	r.text = bigger
}

// snapshot copies what is kept, from the oldest line of a life on; run 0: all.
func (r *ring) snapshot(run uint64) snapshot {
	first := 0
	for first < r.recs.n && run != 0 && r.recs.at(first).run != run {
		first++
	}
	return r.copy(first)
}

// since copies what was written from an offset on, which is where a delivery begins or
// the oldest byte kept.
func (r *ring) since(from uint64) snapshot {
	first := r.recs.n
	for first > 0 && r.begin(first) > from {
		first--
	}
	return r.copy(first)
}

// newest copies the newest deliveries of a life that hold n lines, and nothing else.
func (r *ring) newest(run uint64, n int) snapshot {
	var list []int // newest first
	size := 0
	for i := r.recs.n - 1; i >= 0 && n > 0; i-- {
		if rec := r.recs.at(i); rec.run == run {
			a, b := r.span(r.begin(i), int(rec.end-r.begin(i)))
			n -= max(1, bytes.Count(a, newline)+bytes.Count(b, newline))
			size += len(a) + len(b)
			list = append(list, i)
		}
	}
	s := snapshot{text: make([]byte, 0, size), recs: make([]record, 0, len(list))}
	for _, i := range slices.Backward(list) {
		rec := *r.recs.at(i)
		a, b := r.span(r.begin(i), int(rec.end-r.begin(i)))
		s.text = append(append(s.text, a...), b...)
		rec.end = uint64(len(s.text)) // offsets of the copy
		s.recs = append(s.recs, rec)
	}
	return s
}

var newline = []byte{'\n'}

// begin is the offset at which the i-th record begins; that of one more is the end.
func (r *ring) begin(i int) uint64 {
	if i == 0 {
		return r.start
	}
	return r.recs.at(i - 1).end
}

// copy copies the records from the first-th on.
func (r *ring) copy(first int) snapshot {
	start := r.begin(first)
	a, b := r.span(start, int(r.end-start))
	s := snapshot{start: start, text: make([]byte, 0, len(a)+len(b)), recs: make([]record, r.recs.n-first)}
	s.text = append(append(s.text, a...), b...)
	for i := range s.recs {
		s.recs[i] = *r.recs.at(first + i)
	}
	return s
}

// snapshot is the content of a ring at one moment.
type snapshot struct {
	start uint64
	text  []byte
	recs  []record // oldest first
}

// tail returns the newest lines that q asks for, oldest first.
func (s snapshot) tail(q Query) []supervisor.LogLine {
	since := int64(math.MinInt64)
	if !q.Since.IsZero() {
		since = q.Since.UnixNano()
	}
	out := []supervisor.LogLine{}
	for i := len(s.recs) - 1; i >= 0; i-- {
		rec := s.recs[i]
		from := s.start
		if i > 0 {
			from = s.recs[i-1].end
		}
		if q.Stream != "" && q.Stream != rec.stream() || q.Run != 0 && q.Run != rec.run || rec.at < since {
			continue
		}
		text := s.text[from-s.start : rec.end-s.start]
		for len(text) > 0 {
			if q.Lines >= 0 && len(out) == q.Lines {
				slices.Reverse(out)
				return out
			}
			body := bytes.TrimSuffix(text, []byte{'\n'})
			at := bytes.LastIndexByte(body, '\n') + 1
			out = append(out, supervisor.LogLine{
				Time: time.Unix(0, rec.at).UTC(), Stream: rec.stream(), Run: rec.run,
				Msg: string(body[at:]), Partial: rec.kind == piece,
			})
			text = text[:at]
		}
	}
	slices.Reverse(out)
	return out
}

// records is a queue that grows as needed.
type records struct {
	ring []record
	head int
	n    int
}

func (q *records) at(i int) *record { return &q.ring[(q.head+i)%len(q.ring)] }

func (q *records) push(rec record) {
	if q.n == len(q.ring) {
		bigger := make([]record, max(4, 2*q.n))
		for i := range q.n {
			bigger[i] = *q.at(i)
		}
		q.ring, q.head = bigger, 0
	}
	q.n++
	*q.at(q.n - 1) = rec
}

func (q *records) pop() {
	q.head = (q.head + 1) % len(q.ring)
	q.n--
}

func (q *records) clear() { q.head, q.n = 0, 0 }
