package telnet

import "bytes"

// What the history of one connection keeps at most.
const (
	maxHistory      = 100
	maxHistoryBytes = 256 << 10
)

// history holds the statements that were typed, oldest first, and remembers how far
// back the user has gone.
type history struct {
	list  [][]byte
	bytes int
	back  int    // 0: not in the history; n: at the nth newest
	draft []byte // the line that was being typed when the user went back
}

// add keeps a line. With more it is the next line of the newest entry. Empty lines and
// repetitions are not kept.
func (h *history) add(line []byte, more bool) {
	if more && len(h.list) > 0 {
		line = bytes.Join([][]byte{h.list[len(h.list)-1], line}, []byte{'\n'})
		h.drop(len(h.list) - 1)
	}
	if len(bytes.TrimSpace(line)) == 0 || len(line) > maxHistoryBytes ||
		len(h.list) > 0 && bytes.Equal(h.list[len(h.list)-1], line) {
		return
	}
	h.list = append(h.list, bytes.Clone(line))
	h.bytes += len(line)
	for len(h.list) > maxHistory || h.bytes > maxHistoryBytes {
		h.drop(0)
	}
}

func (h *history) drop(i int) {
	h.bytes -= len(h.list[i])
	h.list = append(h.list[:i], h.list[i+1:]...)
}

// older returns the entry in front of the one that is shown; line is what is shown.
func (h *history) older(line []byte) ([]byte, bool) {
	if h.back == len(h.list) {
		return nil, false
	}
	if h.back == 0 {
		h.draft = bytes.Clone(line)
	}
	h.back++
	return h.list[len(h.list)-h.back], true
}

// newer returns the entry behind the one that is shown; behind the newest is what was
// being typed.
func (h *history) newer() ([]byte, bool) {
	if h.back == 0 {
		return nil, false
	}
	if h.back--; h.back == 0 {
		return h.draft, true
	}
	return h.list[len(h.list)-h.back], true
}

// leave forgets how far back the user has gone.
func (h *history) leave() { h.back, h.draft = 0, nil }
