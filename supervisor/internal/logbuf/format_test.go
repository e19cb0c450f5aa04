package logbuf

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/processmanager/processmanager/supervisor"
)

// TestFormats plays one story in each format and shows both streams of the
// container.
func TestFormats(t *testing.T) {
	for _, f := range []Format{FormatRaw, FormatText, FormatText.Stamped(true), FormatJSON} {
		t.Run(string(f), func(t *testing.T) {
			now := time.Date(2026, 1, 2, 3, 4, 5, 678_900_000, time.FixedZone("Brussels", 3600))
			var out, errs recorder
			c := NewConsole(&out, &errs, f)
			web := New(Options{Name: "web", Console: c, Stamps: f == formatStamped, Now: func() time.Time { return now }}).Life(3)
			job := New(Options{Name: "job.7", Console: c, Stamps: f == formatStamped, Now: func() time.Time { return now }}).Life(1)
			web.Write(supervisor.Stdout, []byte("listening\n\nhal"))
			job.Write(supervisor.Stdout, []byte("tab\t quote\" back\\slash <b>&\n\x1b[31mred\x1b[0m 漢字 \xff\xfe NUL\x00\n"))
			web.Write(supervisor.Stdout, []byte("f a line\r\n"))
			web.Write(supervisor.Stderr, []byte("oops\nno newline"))
			web.Write(supervisor.Stdout, []byte(strings.Repeat("x", MaxLine)+"rest\n"))
			web.End(supervisor.Stdout)
			web.End(supervisor.Stderr)
			job.Write(supervisor.Stdout, []byte("bye"))
			job.End(supervisor.Stdout)
			c.Close(time.Minute)
			got := "--- stdout\n" + out.String() + "--- stderr\n" + errs.String()
			got = strings.ReplaceAll(got, strings.Repeat("x", MaxLine), "<16384 x>")
			golden(t, "format_"+string(f)+".txt", got)
		})
	}
}

// Times are where they are asked for: of one process in its file and on the console, in
// the manager's own lines by the console's format, and in the notices of both.
func TestTimestamps(t *testing.T) {
	now := func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("Brussels", 3600)) }
	path := filepath.Join(t.TempDir(), "web.log")
	var out recorder
	c := NewConsole(&out, &out, FormatText)
	web := New(Options{Name: "web", Console: c, Stamps: true, File: path, RateLimit: 1, Now: now})
	job := New(Options{Name: "job", Console: c, Now: now})
	web.Life(1).Write(supervisor.Stdout, []byte("one\ntwo\n"))
	job.Life(1).Write(supervisor.Stdout, []byte("plain\n"))
	web.Close()
	c.Close(time.Minute)
	const stamp = `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`
	notice := `processmanager \| WARN rate limit: 4 bytes dropped name=web bytes=4\n`
	if got, want := out.String(), `^2026-01-02T02:04:05\.000Z web \| one\njob \| plain\n`+notice+`$`; !regexp.MustCompile(want).MatchString(got) {
		t.Errorf("console %q, want %q", got, want)
	}
	if got, want := read(t, path), `^2026-01-02T02:04:05\.000Z one\n`+stamp+` `+notice+`$`; !regexp.MustCompile(want).MatchString(got) {
		t.Errorf("file %q, want %q", got, want)
	}

	out = recorder{}
	c = NewConsole(&out, &out, FormatText.Stamped(true))
	c.Logger(nil).Info("hello")
	c.Close(time.Minute)
	if got, want := out.String(), `^`+stamp+` processmanager \| INFO hello\n$`; !regexp.MustCompile(want).MatchString(got) {
		t.Errorf("manager %q, want %q", got, want)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test ./supervisor/internal/logbuf -update writes it)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got); go test ./supervisor/internal/logbuf -update writes it anew\n%s", path, diff)
	}
}

func TestParseFormat(t *testing.T) {
	for _, ok := range []string{"raw", "text", "json"} {
		if f, err := ParseFormat(ok); err != nil || string(f) != ok {
			t.Errorf("%s: %q, %v", ok, f, err)
		}
	}
	for _, bad := range []string{"", "JSON", "logfmt"} {
		if _, err := ParseFormat(bad); err == nil || !strings.Contains(err.Error(), "want raw, text or json") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// FuzzEscape checks against encoding/json: what it reads back is what it would
// have made of the text itself. T66
func FuzzEscape(f *testing.F) {
	for _, seed := range []string{"", "plain text, longer than eight bytes", "\"\\/\b\f\n\r\t\x00\x1f\x7f", "é漢😀\u2028", "\xff\xc3\xe2\x82 half", "1234567\"", "12345678\x80", "\xed\xa0\x80"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 1<<16 {
			t.Skip()
		}
		line := append(appendEscaped([]byte{'"'}, text), '"')
		if len(line) > jsonGrowth*len(text)+2 {
			t.Fatalf("%d bytes became %d", len(text), len(line))
		}
		if bytes.IndexByte(line, '\n') >= 0 {
			t.Fatal("a newline inside a line")
		}
		var got, want string
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatalf("%v: %q", err, line)
		}
		std, _ := json.Marshal(string(text))
		if err := json.Unmarshal(std, &want); err != nil || got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}
