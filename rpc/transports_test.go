package rpc

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A turn is one line of a story: what is sent, and the whole answer.
type turn struct {
	line       int
	sent, want string // want "": nothing is answered
}

// readStory reads the turns of a file of testdata.
func readStory(t *testing.T, path string) []turn {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var turns []turn
	in := bufio.NewScanner(f)
	for n := 1; in.Scan(); n++ {
		switch text := in.Text(); {
		case strings.HasPrefix(text, "> "):
			turns = append(turns, turn{line: n, sent: text[2:]})
		case text == "< (nothing)":
		case strings.HasPrefix(text, "< "):
			turns[len(turns)-1].want = text[2:]
		}
	}
	if err := in.Err(); err != nil {
		t.Fatal(err)
	}
	return turns
}

// Both transports say the same, byte for byte.
func TestT82T83SpecificationOverHTTP(t *testing.T) {
	for _, turn := range readStory(t, "testdata/spec.jsonl") {
		d := open(t, "unix", Options{})
		resp, got := d.do("POST", "/rpc", turn.sent, jsonType)
		wantStatus := 200
		if turn.want == "" {
			wantStatus = 204
		}
		if resp.StatusCode != wantStatus {
			t.Errorf("line %d: %s\nstatus %d, want %d", turn.line, turn.sent, resp.StatusCode, wantStatus)
		}
		if diff := cmp.Diff(turn.want, strings.TrimSuffix(got, "\n")); diff != "" {
			t.Errorf("line %d: %s\n%s", turn.line, turn.sent, diff)
		}
	}
}

func TestT82T83SpecificationOverWebSocket(t *testing.T) {
	const marker = `{"jsonrpc":"2.0","method":"no.such","id":"marker"}`
	for _, turn := range readStory(t, "testdata/spec.jsonl") {
		d := open(t, "unix", Options{})
		ws := d.dial()
		send(t, ws, turn.sent)
		got := ""
		if turn.want != "" {
			got = receive(t, ws)
		}
		if diff := cmp.Diff(turn.want, got); diff != "" {
			t.Errorf("line %d: %s\n%s", turn.line, turn.sent, diff)
		}
		// The connection lives on, and nothing more was said.
		send(t, ws, marker)
		if got := receive(t, ws); !strings.Contains(got, `"id":"marker"`) {
			t.Errorf("line %d: %s\nthen came %s", turn.line, turn.sent, got)
		}
	}
}
