package telnet_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/processmanager/processmanager/telnet"
)

var update = flag.Bool("update", false, "write the outputs in testdata/*.txt anew; review the difference like code")

// TestStories plays each testdata/*.txt against a server and compares the whole
// transcript.
//
//	# comment
//	@ tcp | unix          the kind of connection (default unix)
//	@ secret | open       a secret is needed: mysecretkey, or looksecret to look (default); or none is
//	> text                the client sends the line and an Enter
//	>"text"               the client sends these bytes, quoted as in Go
//	~ 100ms               time passes
//	. eof                 the client sends no more
//	< text                the server has sent a line
//	<"text"               the server has sent these bytes, not a printable line
//	= closed              the server has closed the connection
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got string
			synctest.Test(t, func(t *testing.T) { got = play(t, string(text)) })
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(text), got); diff != "" {
				t.Errorf("the transcript differs (go test ./telnet -run TestStories -update writes it anew):\n%s", diff)
			}
		})
	}
}

// play runs the inputs of a story and returns it with the outputs as they are now.
func play(t *testing.T, story string) string {
	var b strings.Builder
	var w *world
	var c *client
	tcp, closed := false, false
	var auth telnet.Authenticator = oneSecret
	show := func() {
		got, eof := c.read()
		writeOutput(&b, got, tcp)
		if eof && !closed {
			closed = true
			b.WriteString("= closed\n")
		}
	}
	begin := func() {
		if w == nil {
			w = newWorld(t, tcp, auth, nil)
			c = w.dial()
			show()
		}
	}
	enter := func() string {
		if tcp {
			return "\r\n"
		}
		return "\n"
	}
	for n, line := range strings.Split(strings.TrimSuffix(story, "\n"), "\n") {
		kind, rest := line, ""
		if len(line) > 1 {
			kind, rest = line[:1], strings.TrimPrefix(line[1:], " ")
		}
		switch kind {
		case "<", "=":
			continue
		case "#", "":
		case "@":
			tcp = tcp || rest == "tcp"
			if rest == "open" {
				auth = nil
			}
		default:
			begin()
		}
		b.WriteString(line + "\n")
		switch kind {
		case ">":
			if quoted, err := strconv.Unquote(rest); err == nil && line[1] == '"' {
				c.send(quoted)
			} else {
				c.send(rest + enter())
			}
			show()
		case "~":
			d, err := time.ParseDuration(rest)
			if err != nil {
				t.Fatalf("line %d: %v", n+1, err)
			}
			time.Sleep(d)
			show()
		case ".":
			_ = c.conn.CloseWrite()
			show()
		}
	}
	_ = c.conn.Close()
	w.end()
	return b.String()
}

// writeOutput writes what the server sent: printable lines as they are,
// everything else quoted.
func writeOutput(b *strings.Builder, got string, tcp bool) {
	end := "\n"
	if tcp {
		end = "\r\n"
	}
	for line := range strings.SplitAfterSeq(got, "\n") {
		text, whole := strings.CutSuffix(line, end)
		switch {
		case line == "":
		case whole && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }):
			b.WriteString(strings.TrimSuffix("< "+text, " ") + "\n")
		default:
			fmt.Fprintf(b, "<%s\n", strconv.QuoteToASCII(line))
		}
	}
}
