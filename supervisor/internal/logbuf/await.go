package logbuf

import (
	"bytes"
	"regexp"
	"slices"
)

// maxMatch is how much of a line, in bytes, is compared with a pattern.
const maxMatch = 64 << 10

// wanted is a line that somebody waits for.
type wanted struct {
	run   uint64
	re    *regexp.Regexp
	found func()
}

// Await calls found once, when a whole line of a life matches: one that is kept from
// before, or one that comes. Of a longer line the first 64 KiB are compared, a "\r"
// at the end is not. found is called by the goroutine that writes the line, or by
// this one, and must not wait. Nothing is called any more once stop has returned,
// but for a call that has begun; when both streams of the life have ended the wait
// is forgotten by itself.
func (l *Log) Await(run uint64, re *regexp.Regexp, found func()) (stop func()) {
	w := &wanted{run, re, found}
	l.mu.Lock()
	l.setWanted(append(slices.Clone(l.wantedNow()), w))
	s := l.ring.snapshot(run)
	l.mu.Unlock()
	if s.matches(run, re) {
		l.hit(w)
	}
	return func() { l.drop(w) }
}

// wantedNow returns the list, which is never changed, only replaced.
func (l *Log) wantedNow() []*wanted {
	if list := l.wanted.Load(); list != nil {
		return *list
	}
	return nil
}

// setWanted replaces the list. The caller holds the lock.
func (l *Log) setWanted(list []*wanted) {
	if len(list) == 0 {
		l.wanted.Store(nil)
		return
	}
	l.wanted.Store(&list)
}

// drop forgets a wait; false: it was gone already.
func (l *Log) drop(w *wanted) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := l.wantedNow()
	i := slices.Index(list, w)
	if i < 0 {
		return false
	}
	l.setWanted(slices.Delete(slices.Clone(list), i, i+1))
	return true
}

// hit ends a wait with success.
func (l *Log) hit(w *wanted) {
	if l.drop(w) {
		w.found()
	}
}

// reader puts the pieces of one stream's lines together for those who wait for one.
type reader struct {
	head []byte // of a long line, at most maxMatch bytes
	in   bool   // the last delivery was a piece
	kept bool   // head has that line from its beginning
}

// search shows a delivery to those who wait.
func (l *Log) search(f *feed, list []*wanted, data []byte, k kind) {
	r := &f.read
	if k == piece {
		r.kept = r.kept || !r.in
		r.head = append(r.head, data[:min(len(data), maxMatch-len(r.head))]...)
		r.in = true
		return
	}
	for len(data) > 0 {
		line, rest, _ := bytes.Cut(data, []byte{'\n'})
		data = rest
		if r.in {
			line = append(r.head, line[:min(len(line), maxMatch-len(r.head))]...)
			whole := r.kept
			*r = reader{}
			if !whole {
				continue // nobody waited when it began
			}
		}
		for _, w := range list {
			if w.run == f.run && matches(w.re, line) {
				l.hit(w)
			}
		}
	}
}

func matches(re *regexp.Regexp, line []byte) bool {
	line = bytes.TrimSuffix(line, []byte{'\r'})
	return re.Match(line[:min(len(line), maxMatch)])
}

// matches reports whether a line of a life is among those that were kept.
func (s snapshot) matches(run uint64, re *regexp.Regexp) bool {
	var heads [2][]byte
	from := s.start
	for _, rec := range s.recs {
		text := s.text[from-s.start : rec.end-s.start]
		from = rec.end
		if rec.run != run {
			continue
		}
		head := &heads[index(rec.stream())]
		for len(text) > 0 {
			line, rest, _ := bytes.Cut(text, []byte{'\n'})
			text = rest
			*head = append(*head, line...)
			if rec.kind != piece {
				if matches(re, *head) {
					return true
				}
				*head = (*head)[:0]
			}
		}
	}
	return false
}

// forgetWanted ends the waits for a life that writes nothing more.
func (l *Log) forgetWanted(run uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if list := l.wantedNow(); list != nil {
		l.setWanted(slices.DeleteFunc(slices.Clone(list), func(w *wanted) bool { return w.run == run }))
	}
}
