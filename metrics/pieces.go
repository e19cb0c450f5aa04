package metrics

import (
	"bufio"
	"io"
	"net/http"
	"sync"
)

// pieceSize is how much of an answer is sent at once. net/http by itself sends 4 KiB: for
// 1000 processes those are five hundred packets, which cost PID 1 as much as making their
// text.
const pieceSize = 64 << 10

var pieces = sync.Pool{New: func() any { return bufio.NewWriterSize(io.Discard, pieceSize) }}

// inPieces answers what h answers, in few large pieces.
func inPieces(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		buf := pieces.Get().(*bufio.Writer)
		buf.Reset(w)
		h.ServeHTTP(&piecewise{w, buf}, req)
		_ = buf.Flush()       // when the client has gone there is nobody to tell
		buf.Reset(io.Discard) // not to keep the request
		pieces.Put(buf)
	})
}

// piecewise is a ResponseWriter that package expfmt writes to without a buffer of its own.
type piecewise struct {
	http.ResponseWriter
	buf *bufio.Writer
}

func (w *piecewise) Write(p []byte) (int, error)       { return w.buf.Write(p) }
func (w *piecewise) WriteString(s string) (int, error) { return w.buf.WriteString(s) }
func (w *piecewise) WriteByte(c byte) error            { return w.buf.WriteByte(c) }
func (w *piecewise) WriteRune(r rune) (int, error)     { return w.buf.WriteRune(r) }
