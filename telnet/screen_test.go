package telnet

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/processmanager/processmanager/supervisor/display"
)

// vt is a terminal without an end at the bottom: what the user sees.
type vt struct {
	t       testing.TB
	columns int
	rows    [][]string // one string for each column; the second of a wide one is ""
	at      spot
	margin  bool // the last character was in the last column: the next one goes on below
	bells   int
}

func (v *vt) row() *[]string {
	for len(v.rows) <= v.at.row {
		v.rows = append(v.rows, nil)
	}
	return &v.rows[v.at.row]
}

func (v *vt) put(text string, width int) {
	if width == 0 {
		if v.margin {
			(*v.row())[v.at.column] += text
		} else if v.at.column > 0 {
			row := *v.row()
			i := v.at.column - 1
			for i > 0 && row[i] == "" {
				i--
			}
			row[i] += text
		}
		return
	}
	if v.margin || v.at.column+width > v.columns {
		v.at, v.margin = spot{v.at.row + 1, 0}, false
	}
	row := v.row()
	for len(*row) < v.at.column+width {
		*row = append(*row, " ")
	}
	(*row)[v.at.column] = text
	if width == 2 {
		(*row)[v.at.column+1] = ""
	}
	if v.at.column += width; v.at.column >= v.columns {
		v.at.column, v.margin = v.columns-1, true
	}
}

// write takes the output of a screen. "\n" and "\r" are as appendNVT gets them.
func (v *vt) write(out []byte) {
	for text := string(out); text != ""; {
		if rest, ok := strings.CutPrefix(text, csi); ok {
			text = v.control(rest)
			continue
		}
		r, n := utf8.DecodeRuneInString(text)
		text = text[n:]
		switch {
		case r == '\n':
			v.at, v.margin = spot{v.at.row + 1, 0}, false
			v.row()
		case r == '\r':
			v.at.column, v.margin = 0, false
		case r == '\b':
			v.at.column, v.margin = max(0, v.at.column-1), false
		case r == '\a':
			v.bells++
		case r < ' ' || r == 0x7F || r == utf8.RuneError && n == 1:
			v.t.Fatalf("the terminal is sent %q in %q", r, out)
		default:
			v.put(string(r), display.RuneWidth(r))
		}
	}
}

func (v *vt) control(text string) string {
	i := strings.IndexFunc(text, func(r rune) bool { return r >= '@' && r <= '~' })
	n, _ := strconv.Atoi(text[:i])
	n = max(n, 1)
	v.margin = false
	switch text[i] {
	case 'A':
		v.at.row = max(0, v.at.row-n)
	case 'B':
		v.at.row += n
	case 'C':
		v.at.column = min(v.columns-1, v.at.column+n)
	case 'D':
		v.at.column = max(0, v.at.column-n)
	case 'H':
		v.at = spot{}
	case 'K':
		row := v.row()
		*row = (*row)[:min(len(*row), v.at.column)]
	case 'J':
		if text[:i] == "2" {
			v.rows = nil
			break
		}
		row := v.row()
		*row = (*row)[:min(len(*row), v.at.column)]
		v.rows = v.rows[:v.at.row+1]
	default:
		v.t.Fatalf("unknown control sequence %q", text[:i+1])
	}
	return text[i+1:]
}

// text is what is seen, without blanks at the ends of rows.
func (v *vt) text() []string {
	var out []string
	for _, row := range v.rows {
		out = append(out, strings.TrimRight(strings.Join(row, ""), " "))
	}
	for len(out) > 0 && out[len(out)-1] == "" {
		out = out[:len(out)-1]
	}
	return out
}

// typist is an editor with its screen on a terminal.
type typist struct {
	editor
	screen screen
	vt     vt
}

func newTypist(t testing.TB, columns, limit int) *typist {
	return &typist{editor: editor{limit: limit}, screen: screen{columns: columns}, vt: vt{t: t, columns: columns}}
}

func (y *typist) keys(text string) {
	r := keyReader{limit: y.limit}
	for _, c := range []byte(text) {
		r.feed(c, func(k key) bool {
			if !y.press(k) {
				y.vt.write([]byte(bell))
			}
			return true
		})
	}
}

func (y *typist) draw() { y.vt.write(y.screen.draw(nil, &y.editor)) }

// shown is what the terminal should show, found out in the simplest way.
func (y *typist) shown() (rows []string, at spot) {
	row, used := y.screen.prompt, display.Width(y.screen.prompt)
	next := func() { rows, row, used = append(rows, strings.TrimRight(row, " ")), "", 0 }
	found := false
	for i := 0; ; {
		if i >= y.cur && !found {
			at, found = spot{len(rows), used}, true
		}
		if i >= len(y.buf) {
			break
		}
		g := firstGlyph(y.buf[i:])
		i += g.size
		if g.newline {
			next()
			continue
		}
		if g.width == 0 && row == "" { // there is nothing to draw it over
			continue
		}
		if used+g.width > y.screen.columns {
			next()
		}
		row += g.shown
		if used += g.width; used >= y.screen.columns && (i >= len(y.buf) || firstGlyph(y.buf[i:]).width > 0 || y.buf[i] == '\n') {
			next()
		}
	}
	next()
	for len(rows) > 0 && rows[len(rows)-1] == "" {
		rows = rows[:len(rows)-1]
	}
	return rows, at
}

func (y *typist) check(t interface {
	Helper()
	Fatalf(string, ...any)
}, where string,
) {
	t.Helper()
	rows, at := y.shown()
	if diff := cmp.Diff(strings.Join(rows, "\n"), strings.Join(y.vt.text(), "\n")); diff != "" {
		t.Fatalf("%s: the screen differs from the line %q: %s", where, y.buf, diff)
	}
	if y.vt.margin || y.vt.at != at {
		t.Fatalf("%s: the cursor is at %v (margin %v), want %v, in %q", where, y.vt.at, y.vt.margin, at, y.buf)
	}
}

func TestEditorKeys(t *testing.T) {
	const (
		left, right, up, down, home, end, del = "\x1b[D", "\x1b[C", "\x1b[A", "\x1b[B", "\x1b[H", "\x1b[F", "\x1b[3~"
	)
	tests := map[string]struct{ keys, line string }{ // | is the cursor
		"text":                       {"abc", "abc|"},
		"backspace and delete":       {"abc\x7f\x08d", "ad|"},
		"more than there is":         {"a\x7f\x7f\x7fb", "b|"},
		"a letter of two bytes":      {"aä\x7fb", "ab|"},
		"a letter with an accent":    {"ae\u0301\x7fb", "ab|"},
		"left and right":             {"abc" + left + left + "X" + right + "Y", "aXbY|c"},
		"left over an accent":        {"ae\u0301" + left + "X", "aX|e\u0301"},
		"left at the beginning":      {"a" + left + left + "X", "X|a"},
		"emacs":                      {"bc\x01a\x05d\x02X\x06Y", "abcXdY|"},
		"home and end":               {"b" + home + "a" + end + "c", "abc|"},
		"home and end elsewhere":     {"b\x1bOHa\x1bOFc\x1b[1~X\x1b[4~Y\x1b[7~Z\x1b[8~", "ZXabcY|"},
		"delete":                     {"abc" + home + del + "X", "X|bc"},
		"ctrl-d deletes":             {"abc" + home + "\x04", "|abc"}, // the session's business
		"kill the line":              {"abc\x15d", "d|"},
		"kill to the beginning":      {"abcd" + left + left + "\x15X", "X|cd"},
		"kill to the end":            {"abcd" + left + left + "\x0bX", "abX|"},
		"kill the word":              {"ab cd  \x17e", "ab e|"},
		"kill, yank":                 {"ab cd\x17\x19\x19", "ab cdcd|"},
		"words":                      {"ab cd ef\x1bb\x1bb\x1bdX\x1bfY\x1b\x7f", "ab X |"},
		"words by control":           {"ab cd\x1b[1;5DX\x1b[1;5CY", "ab XcdY|"},
		"verbatim":                   {"a\x16\tb\x16\x1bc", "a\tb\x1bc|"},
		"verbatim line end":          {"a\x16\nb" + home + "c", "a\ncb"[:3] + "|b"},
		"home and end of one line":   {"ab\x16\ncd" + left + home + "X" + end + "Y", "ab\nXcdY|"},
		"paste":                      {"a\x1b[200~x\ny\t\x01\x1b[A\x1b[201~b", "ax\ny\t\x01\x1b[Ab|"},
		"paste in the middle":        {"ab" + left + "\x1b[200~x\ny\x1b[201~", "ax\ny|b"},
		"too long a paste":           {"ab\x1b[200~" + strings.Repeat("x", 40) + "\x1b[201~c", "abc|"},
		"paste that nearly ends":     {"\x1b[200~\x1b[201\x1b[201~a", "\x1b[201a|"},
		"end of paste without":       {"a\x1b[201~b", "ab|"},
		"unknown keys":               {"a\x1b[1;2P\x1bOP\x1b[15~\x00\x1c\x1e\x1fb\x1bx", "ab|"},
		"a long sequence":            {"a\x1b[" + strings.Repeat("1;", 50) + "Ab", "ab|"},
		"escape, escape":             {"a\x1b\x1b[Db", "b|a"},
		"escape, then a control key": {"ab\x1b\x01c", "c|ab"},
		"sequence cut by a key":      {"ab\x1b[1\x01c", "c|ab"},
		"bytes that are no text":     {"a\xff\xe4b\xc3", "a\xff\xe4b|"},
		"history, nothing there":     {"a" + up + down, "a|"},
		"full":                       {strings.Repeat("x", 22), strings.Repeat("x", 20) + "|"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			y := newTypist(t, 10, 20)
			y.keys(tt.keys)
			y.draw()
			got := string(slices.Concat(y.buf[:y.cur], []byte("|"), y.buf[y.cur:]))
			if got != tt.line {
				t.Errorf("got %q, want %q", got, tt.line)
			}
			y.check(t, "after "+strconv.Quote(tt.keys))
		})
	}
}

func TestHistory(t *testing.T) {
	y := newTypist(t, 80, 1000)
	for _, line := range []string{"one", "two", "two", "", "  ", "three"} {
		y.history.add([]byte(line), false)
	}
	y.history.add([]byte("  four"), true)
	const up, down = "\x10", "\x0e"
	for _, step := range []struct{ keys, want string }{
		{"draft", "draft"},
		{up, "three\n  four"},
		{up, "two"},
		{up, "one"},
		{up, "one"},
		{down, "two"},
		{"X", "twoX"}, // a change of what is shown is no change of the history
		{down + down, "draft"},
		{down, "draft"},
	} {
		y.keys(step.keys)
		if string(y.buf) != step.want {
			t.Fatalf("after %q: %q, want %q", step.keys, y.buf, step.want)
		}
	}
	y.keys(up)
	y.take()
	y.keys(up + up)
	if string(y.buf) != "two" {
		t.Errorf("the next line begins at %q", y.buf)
	}
	if y.vt.bells != 0 { // keys rang twice: at both ends
		t.Logf("bells: %d", y.vt.bells)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	var h history
	for i := range 3 * maxHistory {
		h.add(fmt.Append(nil, "line ", i), false)
	}
	if len(h.list) != maxHistory || string(h.list[0]) != fmt.Sprint("line ", 2*maxHistory) {
		t.Errorf("%d entries from %q", len(h.list), h.list[0])
	}
	for i := range 5 {
		h.add([]byte(strconv.Itoa(i)+strings.Repeat("x", maxHistoryBytes/3)), false)
	}
	h.add([]byte(strings.Repeat("y", maxHistoryBytes+1)), false)
	if len(h.list) != 2 || h.bytes > maxHistoryBytes || h.list[1][0] != '4' {
		t.Errorf("%d entries, %d bytes", len(h.list), h.bytes)
	}
}

// What is typed at the end, and rubbed out there, needs no sequences: the simplest
// terminal can show it.
func TestScreenWritesLittle(t *testing.T) {
	y := newTypist(t, 20, 100)
	for _, step := range []struct{ keys, out string }{
		{"a", "a"},
		{"bc", "bc"},
		{"\x7f", "\b \b"},
		{"", ""},
		{"\x1b[D\x1b[D", "\b\b"},
		{"X", "Xab\b\b"},
		{"\x05", "\x1b[2C"},
		{"\x17", "\b\b\b   \b\b\b"},
		{"0123456789\x1b[H", "0123456789\r"},
		{"\x0b", "\x1b[J"},
	} {
		y.keys(step.keys)
		out := y.screen.draw(nil, &y.editor)
		if string(out) != step.out {
			t.Errorf("%q: sent %q, want %q", step.keys, out, step.out)
		}
		y.vt.write(out)
		y.check(t, strconv.Quote(step.keys))
	}
}

// Whatever is typed, on a terminal of whatever width, it shows the line and the cursor;
// lines that appear in between stay above.
func TestScreenShowsTheLine(t *testing.T) {
	piece := rapid.SampledFrom([]string{
		"a", "bc ", "ä", "中", "e\u0301", "\xff", "\xe4", "\xb8", "\x16\n", "\x16\x07", "\x16\xad", "\x7f", "\x7f", "\x1b[D", "\x1b[D", "\x1b[D", "\x1b[C",
		"\x01", "\x05", "\x15", "\x17", "\x0b", "\x19", "\x1b[3~", "\x1bb", "\x1bf", "\x10", "\x0e", "\x1b[200~x\ny\tz\x1b[201~", "0123456789", "中中中",
	})
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.IntRange(8, 12).Draw(t, "columns")
		y := newTypist(nil, columns, 200)
		y.screen.prompt = rapid.SampledFrom([]string{"", "", "'> "}).Draw(t, "prompt")
		y.history.add([]byte("an old line\nof two, and long"), false)
		for range rapid.IntRange(1, 12).Draw(t, "drawings") {
			for _, keys := range rapid.SliceOfN(piece, 0, 6).Draw(t, "keys") {
				y.keys(keys)
			}
			y.draw()
			y.check(t, "drawn")
			switch rapid.IntRange(0, 9).Draw(t, "event") {
			case 0:
				y.vt.write(y.screen.erase(nil, &y.editor))
				if y.vt.at != (spot{}) || len(y.vt.text()) > 0 {
					t.Fatalf("erased, but there is %q, cursor %v", y.vt.text(), y.vt.at)
				}
				y.draw()
				y.check(t, "after an erase")
			case 1: // the terminal breaks the line anew
				to := rapid.IntRange(8, 12).Draw(t, "new columns")
				fresh := screen{columns: to, prompt: y.screen.prompt}
				y.vt = vt{columns: to}
				y.vt.write(fresh.draw(nil, &editor{buf: y.buf, cur: y.cur}))
				y.vt.write(y.screen.resize(nil, &y.editor, to))
				y.check(t, "after a resize")
			}
		}
		y.vt.write(y.screen.leave(nil, &y.editor))
		if y.vt.at.column != 0 {
			t.Fatalf("the next line begins in column %d", y.vt.at.column)
		}
	})
}

func FuzzKeyReader(f *testing.F) {
	f.Add([]byte("!!process.list\x1b[D\x1b[200~x\x1b[201~\x7f\x16\x1b\n\x10"))
	f.Add([]byte("\xe4\xb8\xad\x1bOA\x1b[1;5C\x15\x19"))
	f.Fuzz(func(t *testing.T, keys []byte) {
		if len(keys) > 1<<12 {
			t.Skip("too long")
		}
		y := newTypist(t, 20, 100)
		for _, c := range keys {
			y.keys(string(c))
		}
		y.keys(string(keys))
		if len(y.buf) > y.limit || y.cur > len(y.buf) || y.cur < 0 {
			t.Fatalf("cursor %d in %q", y.cur, y.buf)
		}
		y.draw()
		for _, r := range string(y.buf) {
			if display.RuneWidth(r) == 0 { // it may be drawn over something that is no part of the line
				return
			}
		}
		y.check(t, "after all")
	})
}
