package logbuf

import "sync"

// The sizes of buffers. A big one takes any single line in any format (a line of
// MaxLine control bytes is six times as long in JSON); a small one is all that a
// quiet process needs.
const (
	smallBuffer = 8 << 10
	bigBuffer   = 256 << 10
)

// buffer is text on its way to a sink: whole lines, but for pieces of lines
// longer than MaxLine in the raw format.
type buffer struct{ data []byte }

// Buffers are shared by all sinks, so that a thousand of them, each with one line
// now and then, need the memory of a few.
var (
	smallBuffers = sync.Pool{New: func() any { return &buffer{make([]byte, 0, smallBuffer)} }}
	bigBuffers   = sync.Pool{New: func() any { return &buffer{make([]byte, 0, bigBuffer)} }}
)

func newBuffer(hint int) *buffer {
	if hint <= smallBuffer/2 {
		return smallBuffers.Get().(*buffer)
	}
	return bigBuffers.Get().(*buffer)
}

func (b *buffer) small() bool { return cap(b.data) == smallBuffer }

// grown is a big buffer with the content of a small one, which is given back.
func (b *buffer) grown() *buffer {
	big := bigBuffers.Get().(*buffer)
	big.data = append(big.data, b.data...)
	b.free()
	return big
}

func (b *buffer) free() {
	b.data = b.data[:0]
	if b.small() {
		smallBuffers.Put(b)
	} else {
		bigBuffers.Put(b)
	}
}
