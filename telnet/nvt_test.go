package telnet

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// decode feeds text in pieces of a size and returns what came out, in short:
// data as it is, everything else in <>.
func decode(t testing.TB, d *decoder, text string, size int) string {
	var b strings.Builder
	words := map[eventKind]string{
		eventInterrupt: "<int>", eventEraseChar: "<ec>", eventEraseLine: "<el>", eventEnd: "<end>", eventAYT: "<ayt>", eventCommand: "<cmd>",
	}
	for rest := []byte(text); len(rest) > 0; {
		n := min(size, len(rest))
		piece := bytes.Clone(rest[:n])
		rest = rest[n:]
		for len(piece) > 0 {
			ev, left, err := d.next(piece)
			if err != nil {
				return b.String() + "<error>"
			}
			if len(left) > len(piece) || ev.kind == eventNone && len(left) > 0 {
				t.Fatalf("no progress at %q", piece)
			}
			piece = left
			if ev.kind == eventSub {
				fmt.Fprintf(&b, "<sub %d %q>", ev.opt, ev.data)
				continue
			}
			b.Write(ev.data)
			b.WriteString(words[ev.kind])
			if ev.kind == eventOption {
				b.WriteString("<" + map[byte]string{cmdDo: "do ", cmdDont: "dont ", cmdWill: "will ", cmdWont: "wont "}[ev.cmd])
				b.WriteString(strconv.Itoa(int(ev.opt)) + ">")
			}
		}
	}
	return b.String()
}

func TestT76Decoder(t *testing.T) {
	tests := map[string]struct {
		in, lines, keys string // keys: with char mode on; "" is the same as lines
	}{
		"text":                         {"abc ä", "abc ä", ""},
		"line ends":                    {"a\nb\r\nc\r\x00d\n\r\ne", "a\nb\nc\nd\n\ne", ""},
		"bare CR":                      {"a\rb\r\rc", "a\rb\r\rc", "a\nb\n\nc"},
		"CR at the end":                {"a\r", "a", "a\n"},
		"NUL is data":                  {"a\x00b", "a\x00b", ""},
		"Ctrl-C":                       {"a\x03b", "a<int>b", ""},
		"doubled":                      {"a\xff\xffb\xff\xff\xff\xff", "a\xffb\xff\xff", ""},
		"commands":                     {"\xff\xf4a\xff\xf3\xff\xee\xff\xf6\xff\xf7\xff\xf8\xff\xec\xff\xf1\xff\xf2\xff\xf9", "<int>a<int><int><ayt><ec><el><end><cmd><cmd><cmd>", ""},
		"options":                      {"\xff\xfb\x01\xff\xfc\x02\xff\xfd\x03\xff\xfe\x04", "<will 1><wont 2><do 3><dont 4>", ""},
		"option 255":                   {"\xff\xfd\xffa", "<do 255>a", ""},
		"subnegotiation":               {"a\xff\xfa\x18\x00x\nquit\r\n\x03\xff\xf0b", "a<sub 24 \"\\x00x\\nquit\\r\\n\\x03\">b", ""},
		"size of the window":           {"\xff\xfa\x1f\x00\xff\xff\x00\x18\xff\xf0b", `<sub 31 "\x00\xff\x00\x18">b`, ""},
		"empty subnegotiation":         {"\xff\xfa\xff\xf0b", "<cmd>b", ""},
		"doubled in subnegotiation":    {"\xff\xfa\x18\xff\xff\xff\xf0b", `<sub 24 "\xff">b`, ""},
		"command ends subnegotiation":  {"\xff\xfa\x18x\xff\xf4b", "<int>b", ""},
		"option ends subnegotiation":   {"\xff\xfa\x18x\xff\xfd\x01b", "<do 1>b", ""},
		"another subnegotiation":       {"\xff\xfa\x18x\xff\xfa\x19y\xff\xf0b", `<sub 25 "y">b`, ""},
		"end without beginning":        {"\xff\xf0b", "<cmd>b", ""},
		"no telnet: IAC is a byte":     {"a\xffb", "a\xffb", ""},
		"telnet: the lost urgent byte": {"\xff\xf4\xff!!help", "<int>!!help", ""},
		"cut in the middle":            {"a\xff", "a", ""},
		"CR in front of IAC":           {"a\r\xff\xf1b", "a\r<cmd>b", "a\n<cmd>b"},
		"endless subnegotiation":       {"a\xff\xfa" + strings.Repeat("x", maxSubnegotiation+1) + "b", "a<error>", ""},
		"longest subnegotiation":       {"a\xff\xfa" + strings.Repeat("x", maxSubnegotiation-2) + "\xff\xf0b", `a<sub 120 "` + strings.Repeat("x", keptSubnegotiation-1) + `">b`, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.keys == "" {
				tt.keys = tt.lines
			}
			for _, size := range []int{1, 2, 3, 1 << 12} {
				if diff := cmp.Diff(tt.lines, decode(t, &decoder{}, tt.in, size)); diff != "" {
					t.Errorf("lines, in pieces of %d: %s", size, diff)
				}
				if diff := cmp.Diff(tt.keys, decode(t, &decoder{char: true}, tt.in, size)); diff != "" {
					t.Errorf("keys, in pieces of %d: %s", size, diff)
				}
			}
		})
	}
}

// What appendNVT writes is what the decoder reads, but for Ctrl-C.
func FuzzDecoder(f *testing.F) {
	f.Add([]byte("a\r\nb\r\x00\xff\xff\xff\xfa\x18\x00\xff\xf0\xff\xfb\x01"), uint8(1))
	f.Add([]byte("\xff\xf4\xff\xf2\x03!!help\n"), uint8(2))
	f.Fuzz(func(t *testing.T, text []byte, size uint8) {
		if len(text) > 1<<14 {
			t.Skip("too long")
		}
		pieces := int(size)%7 + 1
		for _, char := range []bool{false, true} {
			whole := decode(t, &decoder{char: char}, string(text), len(text)+1)
			if got := decode(t, &decoder{char: char}, string(text), pieces); got != whole {
				t.Fatalf("in pieces of %d: %q, at once: %q", pieces, got, whole)
			}
		}
		plain := bytes.ReplaceAll(bytes.ReplaceAll(text, []byte{ctrlC}, nil), []byte{'\r'}, nil)
		if got := decode(t, &decoder{}, string(appendNVT(nil, plain, false)), pieces); got != string(plain) {
			t.Fatalf("%q came back as %q", plain, got)
		}
	})
}

func TestAppendNVT(t *testing.T) {
	got := appendNVT([]byte(">"), []byte("a\nb\rc\xff\r\n"), false)
	if want := ">a\r\nb\r\x00c\xff\xff\r\x00\r\n"; string(got) != want {
		t.Errorf("got %q", got)
	}
	if got := appendNVT(nil, []byte("a\nb\rc\xff"), true); string(got) != "a\r\nb\rc\xff\xff" {
		t.Errorf("binary: got %q", got)
	}
}

// Two peers that follow these rules, each offering and refusing what it likes,
// come to rest, and agree.
func TestT76OptionsComeToRest(t *testing.T) {
	for opt := range 256 {
		for _, first := range []byte{cmdWill, cmdWont, cmdDo, cmdDont} {
			var a, b options
			toB := append(append(a.offer(), a.askSize()...), cmdIAC, first, byte(opt))
			var toA []byte
			for round := 0; len(toA)+len(toB) > 0; round++ {
				if round > 10 {
					t.Fatalf("no rest for %d %d", first, opt)
				}
				toA, toB = exchange(&b, toB), exchange(&a, toA)
			}
		}
	}
}

func exchange(o *options, in []byte) (out []byte) {
	for ; len(in) >= 3; in = in[3:] {
		out = append(out, o.receive(in[1], in[2])...)
	}
	return out
}

func TestOptionsAnswers(t *testing.T) {
	var o options
	for _, step := range []struct{ in, want string }{
		{"\xfd\x01", "\xff\xfb\x01"}, // DO ECHO: WILL
		{"\xfd\x01", ""},             // again: on already
		{"\xfe\x01", "\xff\xfc\x01"}, // DONT ECHO: WONT
		{"\xfe\x01", ""},
		{"\xfb\x01", "\xff\xfe\x01"}, // WILL ECHO: DONT, two echoes are one too many
		{"\xfb\x03", "\xff\xfd\x03"},
		{"\xfd\x03", "\xff\xfb\x03"},
		{"\xfd\x00", "\xff\xfb\x00"},
		{"\xfb\x00", "\xff\xfd\x00"},
		{"\xfb\x1f", "\xff\xfd\x1f"}, // WILL NAWS: DO
		{"\xfd\x1f", "\xff\xfc\x1f"}, // DO NAWS: WONT, there is no window here
		{"\xfb\x22", "\xff\xfe\x22"}, // WILL LINEMODE: DONT
		{"\xfd\x18", "\xff\xfc\x18"}, // DO TERMINAL TYPE: WONT
		{"\xfe\x18", ""},
	} {
		if got := string(o.receive(step.in[0], step.in[1])); got != step.want {
			t.Errorf("%q: answer %q, want %q", step.in, got, step.want)
		}
	}
	o = options{}
	o.offer()
	if got := o.receive(cmdDo, optEcho); got != nil || !o.echo() {
		t.Errorf("an accepted offer was answered with %q", got)
	}
	o = options{}
	o.offer()
	if got := o.receive(cmdDont, optEcho); got != nil || o.echo() {
		t.Errorf("a refused offer was answered with %q", got)
	}
}
