package telnet_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var transcript = regexp.MustCompile("<!-- telnet/(testdata/[a-z_]+\\.txt)( \\(shown\\))? -->\n```text\n((?s:.*?))```\n")

// The dialogues of docs/telnet.md are those of stories.
func TestDocumentedDialogues(t *testing.T) {
	const file = "../docs/telnet.md"
	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	got := transcript.ReplaceAllStringFunc(string(doc), func(block string) string {
		n++
		part := transcript.FindStringSubmatch(block)
		story, err := os.ReadFile(part[1])
		if err != nil {
			t.Fatal(err)
		}
		return strings.Replace(block, "```text\n"+part[3], "```text\n"+dialogue(t, string(story), part[2] != ""), 1)
	})
	if n < 5 {
		t.Errorf("%s has %d dialogues", file, n)
	}
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(doc), got); diff != "" {
		t.Errorf("%s differs (go test ./telnet -run 'TestStories|TestDocumentedDialogues' -update writes it anew):\n%s", file, diff)
	}
}

// dialogue is what a user sees of a story: what is sent and what comes back; or, where
// the server echoes what is sent, what it shows, from the welcome to the first answer.
func dialogue(t *testing.T, story string, shown bool) string {
	var b strings.Builder
	for line := range strings.Lines(story) {
		text, ok := strings.CutPrefix(line, "<")
		if sent, is := strings.CutPrefix(line, ">"); is && !shown {
			text, ok = sent, true
		}
		if !ok {
			continue
		}
		switch {
		case !strings.HasPrefix(text, `"`):
			b.WriteString(strings.TrimPrefix(text, " "))
		case !shown:
			t.Fatalf("a user does not see %s", line)
		case text == "\"'> \"\n":
			b.WriteString("'> ")
		}
		if shown && strings.HasPrefix(text, " **ENDRESULT**") {
			break
		}
	}
	return b.String()
}
