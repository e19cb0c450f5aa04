package logbuf

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

type part struct {
	text string
	kind kind
}

// model is what a stream must become, however it is chunked: one entry per line or
// piece. It knows only text in UTF-8.
func model(all string) []part {
	var out []part
	for all != "" {
		line, rest, ended := strings.Cut(all, "\n")
		for len(line) > MaxLine {
			n := MaxLine
			for line[n]&0xc0 == 0x80 { // not inside a character
				n--
			}
			out = append(out, part{line[:n], piece})
			line = line[n:]
		}
		k := last
		if ended {
			k, line = lines, line+"\n"
		}
		out = append(out, part{line, k})
		all = rest
	}
	return out
}

// split runs a splitter over chunks and separates the lines of each delivery.
func split(t interface{ Fatalf(string, ...any) }, chunks ...string) []part {
	var s splitter
	var out []part
	deliver := func(data []byte, k kind) {
		switch k {
		case lines:
			if data[len(data)-1] != '\n' {
				t.Fatalf("a delivery of lines does not end with a newline")
			}
			for _, line := range strings.SplitAfter(string(data), "\n") {
				if len(line) > MaxLine+1 {
					t.Fatalf("a line of %d bytes was let through", len(line))
				}
				if line != "" {
					out = append(out, part{line, lines})
				}
			}
		case piece, last:
			if bytes.IndexByte(data, '\n') >= 0 || len(data) == 0 || len(data) > MaxLine {
				t.Fatalf("bad piece of %d bytes", len(data))
			}
			out = append(out, part{string(data), k})
		case wait:
			t.Fatalf("delivered what waits")
		}
	}
	for _, c := range chunks {
		s.write([]byte(c), deliver)
		if cap(s.held) > 2*MaxLine {
			t.Fatalf("holds %d bytes", cap(s.held))
		}
	}
	s.end(deliver)
	return out
}

func same(a, b []part) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestT64T65SplitBounds(t *testing.T) { // T64, T65
	x := func(n int) string { return strings.Repeat("x", n) }
	tests := []struct {
		name, in string
		want     []part
	}{
		{"nothing", "", nil},
		{"empty line", "\n", []part{{"\n", lines}}},
		{"CR is kept", "a\r\nb\r", []part{{"a\r\n", lines}, {"b\r", last}}},
		{"no newline at the end", "a\nbc", []part{{"a\n", lines}, {"bc", last}}},
		{"limit less one", x(MaxLine-1) + "\n", []part{{x(MaxLine-1) + "\n", lines}}},
		{"limit", x(MaxLine) + "\n", []part{{x(MaxLine) + "\n", lines}}},
		{"limit and one", x(MaxLine+1) + "\n", []part{{x(MaxLine), piece}, {"x\n", lines}}},
		{"limit, no newline", x(MaxLine), []part{{x(MaxLine), last}}},
		{"twice the limit", x(2*MaxLine) + "\n", []part{{x(MaxLine), piece}, {x(MaxLine) + "\n", lines}}},
		{"character on the limit", x(MaxLine-1) + "é\n", []part{{x(MaxLine - 1), piece}, {"é\n", lines}}},
		{"long character on the limit", x(MaxLine-3) + "😀\n", []part{{x(MaxLine - 3), piece}, {"😀\n", lines}}},
		{"not UTF-8 on the limit", x(MaxLine-1) + "\xff\xff\n", []part{{x(MaxLine-1) + "\xff", piece}, {"\xff\n", lines}}},
		{"only continuation bytes", strings.Repeat("\x80", MaxLine+1), []part{{strings.Repeat("\x80", MaxLine), piece}, {"\x80", last}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, size := range []int{1 << 30, 1 << 16, MaxLine, MaxLine - 1, 1000, 1} {
				var chunks []string
				for rest := tt.in; rest != ""; rest = rest[min(size, len(rest)):] {
					chunks = append(chunks, rest[:min(size, len(rest))])
				}
				if got := split(t, chunks...); !same(got, tt.want) {
					t.Errorf("in chunks of %d: got %d parts, want %d", size, len(got), len(tt.want))
				}
			}
		})
	}
}

func TestSplitIsTheSameForEveryChunking(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all strings.Builder
		for range rapid.IntRange(0, 12).Draw(t, "lines") {
			n := rapid.OneOf(rapid.IntRange(0, 200), rapid.IntRange(MaxLine-2, MaxLine+2), rapid.IntRange(0, 3*MaxLine)).Draw(t, "length")
			unit := rapid.SampledFrom([]string{"a", "é", "漢", "😀", "\r"}).Draw(t, "of")
			all.WriteString(strings.Repeat("x", n%len(unit)) + strings.Repeat(unit, n/len(unit)))
			if rapid.IntRange(0, 9).Draw(t, "newline") > 0 {
				all.WriteByte('\n')
			}
		}
		text := all.String()
		var chunks []string
		for rest := text; rest != ""; {
			n := min(len(rest), rapid.OneOf(rapid.IntRange(1, 300), rapid.IntRange(1, 1<<16)).Draw(t, "chunk"))
			chunks = append(chunks, rest[:n])
			rest = rest[n:]
		}
		if got, want := split(t, chunks...), model(text); !same(got, want) {
			t.Fatalf("got %d parts, want %d", len(got), len(want))
		}
	})
}

func TestT64OneHugeLine(t *testing.T) { // T64: 50 MB without newline
	var s splitter
	chunk := bytes.Repeat([]byte("x"), 1<<16)
	total := 0
	deliver := func(data []byte, k kind) { total += len(data) }
	for range 50 << 20 / len(chunk) {
		s.write(chunk, deliver)
	}
	s.end(deliver)
	if total != 50<<20 {
		t.Errorf("delivered %d bytes, want %d", total, 50<<20)
	}
}

func FuzzSplit(f *testing.F) {
	f.Add([]byte("a\nb\r\n\xff\x00"), uint16(3))
	f.Add(bytes.Repeat([]byte("é"), MaxLine), uint16(5000))
	f.Fuzz(func(t *testing.T, data []byte, size uint16) {
		if len(data) > 1<<18 || size == 0 {
			t.Skip()
		}
		var chunks []string
		for rest := string(data); rest != ""; rest = rest[min(int(size), len(rest)):] {
			chunks = append(chunks, rest[:min(int(size), len(rest))])
		}
		got := split(t, chunks...)
		if whole := split(t, string(data)); !same(got, whole) {
			t.Fatalf("chunks of %d give %d parts, one chunk gives %d", size, len(got), len(whole))
		}
		var all strings.Builder
		for _, p := range got {
			all.WriteString(p.text)
		}
		if all.String() != string(data) {
			t.Fatal("bytes were altered")
		}
	})
}
