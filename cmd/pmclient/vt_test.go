package main

import (
	"fmt"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/supervisor/display"
)

// vt is a terminal with a screen of a fixed size: what the user sees of a program that
// draws. A sequence that it does not know is an error.
type vt struct {
	mu            sync.Mutex
	width, height int
	main, cells   [][]vtCell // the other screen, and the one that is seen
	x, y          int
	wrap          bool // the next character goes on below
	top, bottom   int  // of what scrolls
	look          string
	modes         map[string]bool // private ones that were changed and not put back
	saved         [2]int
	pending       []byte
	raw           []byte
	errs          []string
	changed       chan struct{}
}

type vtCell struct {
	text string
	look string // parameters of SGR
}

func newVT(width, height int) *vt {
	v := &vt{modes: map[string]bool{}}
	v.resize(width, height)
	return v
}

func (v *vt) blank() [][]vtCell {
	cells := make([][]vtCell, v.height)
	for i := range cells {
		cells[i] = v.blankRow()
	}
	return cells
}

func (v *vt) blankRow() []vtCell {
	row := make([]vtCell, v.width)
	for i := range row {
		row[i].text = " "
	}
	return row
}

// resize gives the screen another size; what was on it is lost, which a program that
// draws has to put right.
func (v *vt) resize(width, height int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.width, v.height = width, height
	v.main, v.cells = nil, v.blank()
	v.x, v.y, v.wrap, v.top, v.bottom = 0, 0, false, 0, height-1
}

// Write implements io.Writer.
func (v *vt) Write(data []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.raw = append(v.raw, data...)
	v.pending = append(v.pending, data...)
	for len(v.pending) > 0 {
		n := v.step(v.pending)
		if n == 0 {
			break
		}
		v.pending = v.pending[n:]
	}
	if v.changed != nil {
		close(v.changed)
		v.changed = nil
	}
	return len(data), nil
}

// step takes one character or sequence; 0: it is not complete.
func (v *vt) step(b []byte) int {
	switch c := b[0]; {
	case c == 0x1b:
		return v.escape(b)
	case c == '\r':
		v.x, v.wrap = 0, false
	case c == '\n':
		v.wrap = false
		v.down()
	case c == '\b':
		v.x, v.wrap = max(0, v.x-1), false
	case c == '\t':
		v.x = min(v.width-1, v.x/8*8+8)
	case c < ' ' || c == 0x7f:
		v.bad("control character %q", c)
	default:
		if !utf8.FullRune(b) {
			return 0
		}
		r, n := utf8.DecodeRune(b)
		v.put(string(r), display.RuneWidth(r))
		return n
	}
	return 1
}

func (v *vt) put(text string, width int) {
	if width == 0 {
		if v.x > 0 {
			v.cells[v.y][v.x-1].text += text
		}
		return
	}
	if v.wrap || v.x+width > v.width {
		v.x, v.wrap = 0, false
		v.down()
	}
	v.cells[v.y][v.x] = vtCell{text, v.look}
	if width == 2 {
		v.cells[v.y][v.x+1] = vtCell{"", v.look}
	}
	if v.x += width; v.x >= v.width {
		v.x, v.wrap = v.width-1, !v.modes["7"]
	}
}

func (v *vt) down() {
	if v.y == v.bottom {
		v.scroll(v.top, 1)
	} else {
		v.y = min(v.height-1, v.y+1)
	}
}

// scroll moves lines from one on up; a negative number: down.
func (v *vt) scroll(from, n int) {
	for ; n > 0; n-- {
		v.cells = slices.Insert(slices.Delete(v.cells, from, from+1), v.bottom, v.blankRow())
	}
	for ; n < 0; n++ {
		v.cells = slices.Insert(slices.Delete(v.cells, v.bottom, v.bottom+1), from, v.blankRow())
	}
}

func (v *vt) bad(format string, args ...any) {
	v.errs = append(v.errs, fmt.Sprintf(format, args...))
}

func (v *vt) escape(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '[':
		for i := 2; i < len(b); i++ {
			if b[i] >= '@' && b[i] <= '~' {
				v.control(string(b[2:i]), b[i])
				return i + 1
			}
		}
		return 0
	case ']':
		for i := 2; i < len(b); i++ {
			if b[i] == 7 {
				return i + 1
			}
		}
		return 0
	case '7':
		v.saved = [2]int{v.x, v.y}
	case '8':
		v.x, v.y = min(v.saved[0], v.width-1), min(v.saved[1], v.height-1)
	case 'M':
		if v.y == v.top {
			v.scroll(v.top, -1)
		} else {
			v.y--
		}
	default:
		v.bad("escape %q", b[1])
	}
	return 2
}

func (v *vt) control(params string, final byte) {
	if params != "" && strings.ContainsAny(params[:1], "?<>=") || strings.HasSuffix(params, "$") {
		v.private(params, final)
		return
	}
	var nums []int
	for part := range strings.SplitSeq(params, ";") {
		n, _ := strconv.Atoi(part)
		nums = append(nums, n)
	}
	n := max(1, nums[0])
	if final != 'm' {
		v.wrap = false
	}
	row := v.cells[v.y]
	switch final {
	case 'A':
		v.y = max(0, v.y-n)
	case 'B', 'e':
		v.y = min(v.height-1, v.y+n)
	case 'C', 'a':
		v.x = min(v.width-1, v.x+n)
	case 'D':
		v.x = max(0, v.x-n)
	case 'I':
		for ; n > 0; n-- {
			v.x = min(v.width-1, v.x/8*8+8)
		}
	case 'Z':
		for ; n > 0; n-- {
			v.x = max(0, (v.x-1)/8*8)
		}
	case 'G', '`':
		v.x = min(v.width-1, n-1)
	case 'd':
		v.y = min(v.height-1, n-1)
	case 'H', 'f':
		v.y, v.x = min(v.height, n)-1, 0
		if len(nums) > 1 {
			v.x = min(v.width, max(1, nums[1])) - 1
		}
	case 'J':
		switch nums[0] {
		case 0:
			copy(row[v.x:], v.blankRow())
			for y := v.y + 1; y < v.height; y++ {
				v.cells[y] = v.blankRow()
			}
		case 2:
			v.cells = v.blank()
		default:
			v.bad("erase %q", params)
		}
	case 'K':
		switch nums[0] {
		case 0:
			copy(row[v.x:], v.blankRow())
		case 1:
			copy(row[:v.x+1], v.blankRow())
		case 2:
			v.cells[v.y] = v.blankRow()
		}
	case 'X':
		copy(row[v.x:min(v.width, v.x+n)], v.blankRow())
	case 'P':
		v.cells[v.y] = append(slices.Delete(row, v.x, min(v.width, v.x+n)), v.blankRow()...)[:v.width]
	case '@':
		v.cells[v.y] = slices.Insert(row, v.x, v.blankRow()[:min(n, v.width)]...)[:v.width]
	case 'L':
		v.scroll(v.y, -n)
	case 'M':
		v.scroll(v.y, n)
	case 'S':
		v.scroll(v.top, n)
	case 'T':
		v.scroll(v.top, -n)
	case 'r':
		v.top, v.bottom = n-1, v.height-1
		if len(nums) > 1 && nums[1] > 0 {
			v.bottom = min(v.height, nums[1]) - 1
		}
		v.x, v.y = 0, 0
	case 'm':
		if v.look = params; params == "0" || params == "" {
			v.look = ""
		}
	case 'b':
		if v.x > 0 {
			for text := row[v.x-1].text; n > 0; n-- {
				v.put(text, 1)
			}
		}
	default:
		v.bad("control sequence %q %c", params, final)
	}
}

// private takes what is DEC's, xterm's or kitty's.
func (v *vt) private(params string, final byte) {
	switch {
	case final == 'h' || final == 'l':
		for mode := range strings.SplitSeq(params[1:], ";") {
			usual := mode == "25" || mode == "7" // the cursor is seen, and lines wrap
			if v.modes[mode] = (final == 'h') != usual; !v.modes[mode] {
				delete(v.modes, mode)
			}
			if mode == "1049" {
				if final == 'h' {
					v.main, v.cells = v.cells, v.blank()
				} else if v.main != nil {
					v.cells, v.main = v.main, nil
				}
			}
		}
	case final == 'm' && params == ">4" || params == ">4;0":
		delete(v.modes, "modifyOtherKeys")
	case final == 'm':
		v.modes["modifyOtherKeys"] = true
	case final == 'u' && params[0] == '>':
		v.modes["kitty"] = true
	case final == 'u' && params[0] == '<':
		delete(v.modes, "kitty")
	case final == 'W' && params == "?5": // tabs stand where they stand here anyhow
	case final == 'u', final == 'p', final == 'q', final == 'c', final == 'n': // questions
	default:
		v.bad("private sequence %q %c", params, final)
	}
}

// text is what is seen, without blanks at the ends of lines.
func (v *vt) text() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.seen()
}

func (v *vt) seen() string {
	var b strings.Builder
	for _, row := range v.cells {
		var line strings.Builder
		for _, c := range row {
			line.WriteString(c.text)
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

// lookOf is how the first place is painted where a text stands.
func (v *vt) lookOf(text string) (look string, found bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, row := range v.cells {
		var line strings.Builder
		for x := range row {
			line.WriteString(row[x].text)
		}
		if i := strings.Index(line.String(), text); i >= 0 {
			at := 0
			for _, c := range row {
				if at >= i {
					return c.look, true
				}
				at += len(c.text)
			}
		}
	}
	return "", false
}

// drawing is a program that draws on a terminal.
type drawing struct {
	*running
	vt *vt
}

// drawn starts a program on a terminal that shows what it draws.
func drawn(t *testing.T, width, height int, cmd *exec.Cmd) *drawing {
	t.Helper()
	v := newVT(width, height)
	return &drawing{onTerminalWith(t, uint16(width), uint16(height), cmd, v), v}
}

// sees waits until all these texts are on the screen at once.
func (d *drawing) sees(texts ...string) {
	d.t.Helper()
	d.until(fmt.Sprintf("%q on the screen", texts), func(screen string) bool {
		return !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(screen, text) })
	})
}

// seesNot waits until a text is gone.
func (d *drawing) seesNot(text string) {
	d.t.Helper()
	d.until(fmt.Sprintf("no %q on the screen", text), func(screen string) bool { return !strings.Contains(screen, text) })
}

func (d *drawing) until(what string, is func(screen string) bool) {
	d.t.Helper()
	deadline := time.After(within)
	for {
		d.vt.mu.Lock()
		screen := d.vt.seen()
		if d.vt.changed == nil {
			d.vt.changed = make(chan struct{})
		}
		changed := d.vt.changed
		d.vt.mu.Unlock()
		if is(screen) {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			d.t.Fatalf("waited in vain for %s:\n%s", what, screen)
		}
	}
}

// resize makes the window another size.
func (d *drawing) resize(width, height int) {
	d.t.Helper()
	d.vt.resize(width, height)
	if err := unix.IoctlSetWinsize(descriptor(d.master), unix.TIOCSWINSZ, &unix.Winsize{Row: uint16(height), Col: uint16(width)}); err != nil {
		d.t.Fatal(err)
	}
}

// restored tells what the program has left behind.
func (d *drawing) restored() {
	d.t.Helper()
	d.vt.mu.Lock()
	defer d.vt.mu.Unlock()
	if len(d.vt.modes) > 0 {
		d.t.Errorf("the terminal is left with %v", slices.Sorted(maps.Keys(d.vt.modes)))
	}
	if len(d.vt.errs) > 0 {
		d.t.Errorf("the terminal was sent what it does not know: %v", d.vt.errs)
	}
	if d.vt.look != "" {
		d.t.Errorf("the terminal is left painting %s", d.vt.look)
	}
}

var _ io.Writer = (*vt)(nil)
