package telnet

import (
	"net"
	"sync"
	"time"
)

// maxWrite is how much is sent under one write deadline: a client is given up for
// not reading, not for reading a long answer slowly.
const maxWrite = 64 << 10

// Columns of a terminal that did not tell how many it has, and the fewest that are
// believed.
const (
	defaultColumns = 80
	minColumns     = 8
)

// Bracketed paste (xterm, "Set bracketed paste mode"): the terminal marks what is
// pasted, so that it is one text and not many keys.
const (
	pasteOn  = csi + "?2004h"
	pasteOff = csi + "?2004l"
)

// terminal is the other end of a connection: what is sent to it, and the line that is
// typed on it. Its methods may be called from any goroutine. After a failed write the
// connection is closed and everything else is dropped.
type terminal struct {
	conn    net.Conn
	timeout time.Duration

	mu     sync.Mutex // guards what follows, and keeps writes whole
	telnet bool       // the peer speaks telnet: see appendNVT
	binary bool       // what we send is binary (RFC 856)
	echoed bool       // the line is shown: keys come in, and they are no secret
	sized  bool       // the peer told its width
	marks  bool       // bracketed paste is on
	bell   bool       // a key could not be performed
	failed bool
	edit   editor
	screen screen
}

func newTerminal(conn net.Conn, timeout time.Duration, telnet bool, limit int) *terminal {
	return &terminal{conn: conn, timeout: timeout, telnet: telnet, edit: editor{limit: limit}, screen: screen{columns: defaultColumns}}
}

// line sends one line of text.
func (t *terminal) line(text string) { t.text([]byte(text + "\n")) }

// text sends whole lines. When a line is being typed, they appear above it.
func (t *terminal) text(lines []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.telnet {
		t.write(lines)
		return
	}
	out := t.nvt(nil, t.screen.erase(nil, &t.edit))
	out = t.nvt(out, lines)
	if t.echoed {
		out = t.nvt(out, t.screen.draw(nil, &t.edit))
	}
	t.write(out)
}

// command sends telnet bytes as they are.
func (t *terminal) command(bytes []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.write(bytes)
}

// press performs a key on the line; [terminal.flush] shows it.
func (t *terminal) press(k key) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.edit.press(k) {
		t.bell = true
	}
}

// ring tells that a key cannot be performed, with the next flush.
func (t *terminal) ring() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bell = true
}

// literal puts in one byte that came as a part of a whole line; there is no more than
// the limit.
func (t *terminal) literal(c byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.edit.insert([]byte{c})
}

// flush shows the line as it is now.
func (t *terminal) flush() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.draw(nil)
}

// draw shows the line as it is now, behind what is to be sent first.
func (t *terminal) draw(out []byte) {
	if t.echoed {
		if t.bell {
			out = append(out, bell...)
		}
		out = t.screen.draw(out, &t.edit)
	}
	t.bell = false
	t.write(t.nvt(nil, out))
}

// enter ends the line and returns it; prompt stands in front of the next one.
func (t *terminal) enter() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.echoed {
		t.write(t.nvt(nil, t.screen.leave(nil, &t.edit)))
		t.screen.prompt = ""
	}
	return t.edit.take()
}

// forget throws the line away; what says so on the screen, behind the line.
func (t *terminal) forget(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.echoed {
		t.edit.press(key{op: opEnd})
		out := t.screen.draw(nil, &t.edit)
		out = move(out, t.screen.cursor.spot, t.screen.end.spot)
		t.screen.reset(&t.edit)
		t.write(t.nvt(nil, append(out, what+"\n"...)))
		t.screen.prompt = ""
	}
	t.edit.take()
}

// clear makes the screen empty, but for the line.
func (t *terminal) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.echoed {
		t.screen.reset(&t.edit)
		t.draw([]byte(csi + "H" + csi + "2J"))
	}
}

// take returns the line, which goes on elsewhere, and begins a new one.
func (t *terminal) take() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.screen.reset(&t.edit)
	return t.edit.take()
}

// setPrompt is what stands in front of the line that begins now.
func (t *terminal) setPrompt(prompt string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.echoed {
		t.screen.prompt = prompt
	}
}

// remember puts a line into the history; with more it belongs to the newest entry.
func (t *terminal) remember(line []byte, more bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.edit.history.add(line, more)
}

// before returns what is typed in front of the cursor.
func (t *terminal) before() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.edit.buf[:t.edit.cur])
}

// empty reports whether nothing has been typed.
func (t *terminal) empty() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.edit.buf) == 0
}

// admit ends the secret's time: lines may have another length.
func (t *terminal) admit(limit int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.edit = editor{limit: limit}
}

// setTelnet makes all later text telnet's; binary says that what we send is.
func (t *terminal) setTelnet(binary bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.telnet, t.binary = true, binary
}

// setEcho begins or ends showing the line.
func (t *terminal) setEcho(on bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.echoed == on {
		return
	}
	t.echoed = on
	t.screen.reset(&t.edit)
	t.screen.prompt = ""
	t.setMarks()
}

// resize takes the width that the peer told; 0 is unknown (RFC 1073).
func (t *terminal) resize(columns int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sized = columns > 0
	if columns == 0 {
		columns = defaultColumns
	}
	t.write(t.nvt(nil, t.screen.resize(nil, &t.edit, max(columns, minColumns))))
	t.setMarks()
}

// setMarks turns bracketed paste on where keys come in from what told its size: a
// program that only speaks telnet does not.
func (t *terminal) setMarks() {
	want := t.echoed && t.sized
	if want == t.marks {
		return
	}
	t.marks = want
	if want {
		t.write([]byte(pasteOn))
		return
	}
	t.write([]byte(pasteOff))
}

// columns returns the width that tables should have; 0: no terminal, so any.
func (t *terminal) columns() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.telnet {
		return 0
	}
	return t.screen.columns
}

// restore leaves the terminal as it was found, if that can be done at once.
func (t *terminal) restore() {
	t.mu.Lock()
	t.timeout = min(t.timeout, refusal)
	t.mu.Unlock()
	t.setEcho(false)
}

// nvt appends text as the peer wants it.
func (t *terminal) nvt(out, text []byte) []byte { return appendNVT(out, text, t.binary) }

func (t *terminal) write(p []byte) {
	for len(p) > 0 && !t.failed {
		n := min(len(p), maxWrite)
		if err := t.conn.SetWriteDeadline(time.Now().Add(t.timeout)); err != nil {
			t.fail()
			return
		}
		if _, err := t.conn.Write(p[:n]); err != nil {
			t.fail()
			return
		}
		p = p[n:]
	}
}

// fail gives the connection up; closing it ends the reading side too.
func (t *terminal) fail() {
	t.failed = true
	_ = t.conn.Close()
}
