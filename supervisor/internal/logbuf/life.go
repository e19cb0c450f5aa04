package logbuf

import (
	"github.com/processmanager/processmanager/supervisor"
)

// LifeLog takes what one life of a process writes. Its methods are called by one
// goroutine at a time; nothing else of the log waits for them.
type LifeLog struct {
	log   *Log
	feeds [2]*feed // stdout, stderr
	split [2]splitter
	ended [2]bool
	head  []byte // reused
}

// Life begins the log of a life. Lines of two lives never mix, even when a life
// ended without a newline.
func (l *Log) Life(run uint64) *LifeLog {
	l.mu.Lock()
	if run != l.run {
		l.before, l.run = l.run, run
	}
	l.mu.Unlock()
	return &LifeLog{log: l, feeds: [2]*feed{
		newFeed(&l.account, supervisor.Stdout, run),
		newFeed(&l.account, supervisor.Stderr, run),
	}}
}

func index(stream supervisor.Stream) int {
	if stream == supervisor.Stderr {
		return 1
	}
	return 0
}

// Write takes what the process has written; chunk is not kept. Whole lines go to
// the ring, to the console and to the file; the rest is held, at most MaxLine
// bytes. It waits while a sink has no room but makes progress, and never longer
// than a second for one that makes none.
func (l *LifeLog) Write(stream supervisor.Stream, chunk []byte) {
	i := index(stream)
	if i == 0 {
		l.log.stdout.Add(uint64(len(chunk)))
	} else {
		l.log.stderr.Add(uint64(len(chunk)))
	}
	l.split[i].write(chunk, func(data []byte, k kind) { l.deliver(l.feeds[i], data, k) })
}

// Hurry makes this life's output wait for no sink any more: what one has no room
// for is dropped and counted. A call that waits returns within a second. It may be
// called from any goroutine.
func (l *LifeLog) Hurry() {
	for i := range l.feeds {
		l.feeds[i].urgent.Store(true)
	}
}

// End says that the stream has ended: a last line without newline is delivered.
func (l *LifeLog) End(stream supervisor.Stream) {
	i := index(stream)
	l.split[i].end(func(data []byte, k kind) { l.deliver(l.feeds[i], data, k) })
	l.ended[i] = true
	if l.ended[0] && l.ended[1] && l.log.wanted.Load() != nil {
		l.log.forgetWanted(l.feeds[0].run)
	}
}

// deliver gives data to the ring first, which never waits.
func (l *LifeLog) deliver(f *feed, data []byte, k kind) {
	log := l.log
	at := log.now()
	log.mu.Lock()
	log.ring.add(data, record{at: at.UnixNano(), run: f.run, stderr: f.stderr, kind: k})
	file, format, inFile, passed := log.file, log.format, log.inFile, data
	if log.limit != nil {
		passed = log.pass(f, data, k, at)
	}
	log.wakeFollowers()
	log.mu.Unlock()

	// Before the sinks: one may wait.
	if list := log.wanted.Load(); list != nil {
		log.search(f, *list, data, k)
	} else if k == piece || f.read.in {
		f.read = reader{in: k == piece}
	}
	if len(passed) == 0 {
		return
	}
	data = passed
	if out := log.console.sink(f.stream); out != nil {
		l.head = appendHead(l.head[:0], format, log.name, f.stream, f.run, at)
		b := batch{from: f, format: format, head: l.head, data: data, kind: k}
		if !out.put(&b) {
			log.dropped.Add(uint64(len(b.data)))
		}
	}
	if file == nil {
		return
	}
	b := batch{from: f, format: inFile, data: data, kind: k}
	if inFile != FormatRaw {
		l.head = appendHead(l.head[:0], inFile, log.name, f.stream, f.run, at)
		b.head = l.head
	}
	for file != nil && !file.put(&b) {
		next := log.currentFile() // Update may have come in between
		if next == file {
			log.dropped.Add(uint64(len(b.data)))
			return
		}
		file = next
	}
}
