package top

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
	"pgregory.net/rapid"

	"github.com/processmanager/processmanager/supervisor"
)

// ours are the only sequences that the view may have.
var ours = regexp.MustCompile(`\x1b\[0(;[0-9]+)*m`)

// check holds a screen against what a terminal of its size can show.
func check(t interface {
	Helper()
	Fatalf(string, ...any)
}, m *model,
) {
	t.Helper()
	lines, cursor := m.screen()
	if len(lines) > max(m.height, 0) {
		t.Fatalf("%d lines on a screen of %d", len(lines), m.height)
	}
	for _, l := range lines {
		if w := l.width(); w > m.width {
			t.Fatalf("a line of %d columns on a screen of %d: %q", w, m.width, l)
		}
	}
	if cursor != nil && (cursor.X >= m.width || cursor.Y >= m.height) {
		t.Fatalf("the cursor is at %d, %d of %d×%d", cursor.X, cursor.Y, m.width, m.height)
	}
	plain := strings.ReplaceAll(ours.ReplaceAllString(m.View().Content, ""), "\x1b[0m", "")
	if !utf8.ValidString(plain) {
		t.Fatalf("bytes that are not UTF-8 reach the terminal in %q", plain)
	}
	for _, r := range plain {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			t.Fatalf("%q reaches the terminal in %q", r, plain)
		}
		if m.glyphs.ascii && r > 0x7E {
			t.Fatalf("%q reaches an old terminal", r)
		}
	}
}

// Whatever processes are called and write, whatever keys are pressed, on whatever
// screen: every view fits, and nothing of theirs steers the terminal.
func TestViewFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nasty := rapid.SampledFrom([]string{
			"web", "", "a-name-of-sixty-three-bytes-which-is-as-long-as-a-name-may-be-here", "漢字漢字漢字", "e\u0301e\u0301", "\x1b[2J\x1b[31mred", "\x1b]0;title\x07x", "tab\there",
			"a\nb\r\nc", "\x07\x00\x9b\xff", "\u202eright to left", "👩‍👩‍👧 family", "\u0301", "\x1b", "\x1b]unclosed", strings.Repeat("long ", 100), "a\u200db", "a\u00a0b", "\u009b31m",
		})
		m, err := newModel(t.Context(), Options{Source: newActors(), Interval: time.Second, Where: nasty.Draw(t, "where"), Term: rapid.SampledFrom([]string{"", "linux"}).Draw(t, "term")})
		if err != nil {
			t.Fatalf("%v", err)
		}
		keys := rapid.SampledFrom([]tea.Key{
			{Code: tea.KeyEnter},
			{Code: tea.KeyEscape},
			{Code: tea.KeyUp},
			{Code: tea.KeyDown},
			{Code: tea.KeyPgDown},
			{Code: tea.KeyPgUp},
			{Code: tea.KeyHome},
			{Code: tea.KeyEnd},
			{Code: tea.KeyLeft},
			{Code: tea.KeyRight},
			{Code: tea.KeyBackspace},
			{Code: tea.KeySpace, Text: " "},
		})
		letters := rapid.RuneFrom([]rune("?/lLxsrtKynoTwpNCMRUPSYIgGfjkaä漢"))
		life := func() *supervisor.ProcessInfo {
			p := &supervisor.ProcessInfo{
				Name: nasty.Draw(t, "name"), Command: nasty.Draw(t, "command"), Error: nasty.Draw(t, "error"), StatusText: nasty.Draw(t, "text"), Cron: nasty.Draw(t, "cron"),
				Status: rapid.SampledFrom(supervisor.Statuses()).Draw(t, "status"), CPUPercent: rapid.Float64Range(0, 1e5).Draw(t, "cpu"), MemoryMB: rapid.Float64Range(0, 1e8).Draw(t, "memory"),
				Restarts: rapid.IntRange(0, 1e9).Draw(t, "restarts"), Labels: map[string]string{nasty.Draw(t, "key"): nasty.Draw(t, "value")},
				Probes: []supervisor.ProbeInfo{{Probe: "readiness", Message: nasty.Draw(t, "message")}},
			}
			if rapid.Bool().Draw(t, "lives") {
				p.PID, p.StartTime = new(rapid.IntRange(1, 1<<30).Draw(t, "pid")), new(m.now.Add(-rapid.Custom(func(t *rapid.T) time.Duration {
					return time.Duration(rapid.Int64Range(-1e9, 1e17).Draw(t, "age"))
				}).Draw(t, "start")))
			}
			return p
		}
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			switch rapid.IntRange(0, 6).Draw(t, "what") {
			case 0:
				m.take(tea.WindowSizeMsg{Width: rapid.IntRange(1, 200).Draw(t, "width"), Height: rapid.IntRange(1, 60).Draw(t, "height")})
			case 1, 2:
				m.take(tea.KeyPressMsg(keys.Draw(t, "key")))
			case 3:
				r := letters.Draw(t, "letter")
				m.take(tea.KeyPressMsg{Code: r, Text: string(r)})
			case 4:
				msg := pictureMsg{at: m.now.Add(time.Second)}
				if rapid.IntRange(0, 3).Draw(t, "lost") == 0 {
					msg.err = errors.New(nasty.Draw(t, "why"))
				}
				msg.picture.Managers = []Manager{{Info: &supervisor.SystemInfo{
					Version: nasty.Draw(t, "version"), Container: &supervisor.ContainerInfo{MemoryMB: rapid.Float64Range(0, 1e9).Draw(t, "used"), MemoryBy: "cgroup", MemoryLimitMB: 512},
				}}}
				for range rapid.IntRange(0, 30).Draw(t, "processes") {
					msg.picture.Rows = append(msg.picture.Rows, Row{Pod: rapid.SampledFrom([]string{"", "pod-漢"}).Draw(t, "pod"), ProcessInfo: life()})
				}
				m.take(msg)
			case 5:
				p := life()
				m.take(detailMsg{id: m.detail.id, detail: Detail{
					Info: p, Lives: []supervisor.LifeRecord{{Run: 1, Error: nasty.Draw(t, "life"), Signal: new(nasty.Draw(t, "signal"))}},
					Lines: []supervisor.LogLine{{Msg: nasty.Draw(t, "line")}}, Tree: []supervisor.TreeProcess{{Command: nasty.Draw(t, "tree"), Depth: 30}},
					Spec: &supervisor.Spec{WorkingDir: nasty.Draw(t, "dir")},
				}})
			case 6:
				if m.log.turn == 0 {
					continue
				}
				var list []Entry
				for range rapid.IntRange(1, 40).Draw(t, "lines") {
					list = append(list, Entry{LogLine: supervisor.LogLine{Run: 1, Stream: supervisor.Stderr, Msg: nasty.Draw(t, "msg")}, Remark: rapid.SampledFrom([]string{"", "", "\x1bremark"}).Draw(t, "remark")})
				}
				m.log.add(list)
			}
			check(t, m)
		}
	})
}

// Text of others on one line: nothing acts, widths are right, and what was written can
// still be read.
func TestOneLine(t *testing.T) {
	for text, want := range map[string]string{
		"plain":                           "plain",
		"\x1b[31mred\x1b[0m":              "red",
		"\x1b]0;title\x07text":            "text",
		"\x1b]8;;http://x\x1b\\link":      "link",
		"\x1bPq#0\x1b\\sixel":             "sixel",
		"\x1b(Bset":                       "set",
		"\x1b7\x1b8\x1bcreset":            "reset",
		"\x1b[31":                         `\x1b[31`,
		"\x1b]open":                       `\x1b]open`,
		"a\tb":                            "a       b",
		"12345678\tb":                     "12345678        b",
		"漢\tb":                            "漢      b",
		"a\rb":                            `a\x0db`,
		"a\r":                             "a",
		"two\nlines":                      `two\nlines`,
		"\a\x00\x7f":                      `\x07\x00\x7f`,
		"\xff\x9b":                        `\xff\x9b`,
		"\u009b":                          `\u009b`,
		"\u202e":                          `\u202e`,
		"e\u0301":                         "e\u0301",
		"\u0301a":                         "a",
		"a\u0301\u0301\u0301\u0301\u0301": "a\u0301\u0301\u0301",
		"a\u00a0b":                        "a b",
		"a\u200d\ufe0fb":                  "ab",
	} {
		if got := oneLine(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzOneLine(f *testing.F) {
	f.Add("\x1b[31mred\x1b]0;t\x07\t漢e\u0301\u202e\xff")
	f.Add("怮0")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<12 {
			return
		}
		got := oneLine(text)
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar && !strings.ContainsRune(text, r) {
				t.Fatalf("%q leaves %q in %q", text, r, got)
			}
		}
		w := textWidth(got)
		for _, columns := range []int{0, 1, 2, 7, 80} {
			for from := range 3 {
				if part := textWidth(cut(got, from, columns)); part > columns {
					t.Fatalf("cut(%q, %d, %d) takes %d columns", got, from, columns, part)
				}
			}
			if w > columns && columns >= 5 && textWidth(cutMiddle(got, columns, glyphsFor(""))) > columns {
				t.Fatalf("cutMiddle(%q, %d)", got, columns)
			}
		}
	})
}

// The small plots.
func TestSparks(t *testing.T) {
	g := glyphsFor("")
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var s series
	for i, v := range []float64{0, 10, 20, 5, 100} {
		s.add(at.Add(time.Duration(i)*pastStep), pastStep, v)
	}
	for _, tt := range []struct {
		got, want string
	}{
		{sparkCPU(s.newest(6, 1), g), " ▁▁▂▁█"},
		{sparkCPU(s.newest(2, 2), g), "▂█"}, // groups are those of the clock
		{sparkCPU(s.newest(3, 1), g), "▂▁█"},
		{sparkMemory([]float32{noSample, 100, 100}, g), " ▄▄"},
		{sparkMemory([]float32{100, 150, 200}, g), "▁▄█"},
		{sparkMemory([]float32{100, 101}, g), "▄▅"},
		{sparkCPU([]float32{0, 2, 10}, g), "▁▁▄"},
		{sparkCPU([]float32{noSample}, g), " "},
		{sparkCPU(s.newest(0, 1), g), ""},
		{sparkCPU([]float32{0, 100}, glyphsFor("linux")), "_#"},
	} {
		if tt.got != tt.want {
			t.Errorf("%q, want %q", tt.got, tt.want)
		}
	}
	s.add(at.Add(time.Hour), pastStep, 7) // nobody looked for an hour
	if got := fmt.Sprint(s.newest(3, 1)); got != "[-1 -1 7]" {
		t.Error(got)
	}
}
