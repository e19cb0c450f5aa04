package telnet_test

import (
	"encoding/json"
	"fmt"
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

// The table of verbs in docs/telnet.md is what !!help says.
func TestVerbsPage(t *testing.T) {
	const file, begin, end = "../docs/telnet.md", "<!-- verbs -->\n", "<!-- end of verbs -->\n"
	var verbs []struct {
		Verb, Help string
		Params     []struct {
			Name, Value string
			Required    bool
		}
	}
	bubble(t, false, nil, nil, func(t *testing.T, _ *world, c *client) {
		c.send("!!help format:json\n\n")
		answer, _ := c.read()
		answer = strings.TrimPrefix(answer, "\n**RESULT**\n")
		if err := json.Unmarshal([]byte(strings.TrimSuffix(answer, "**ENDRESULT**\n")), &verbs); err != nil {
			t.Fatalf("%v in %s", err, answer)
		}
	})
	if len(verbs) < 15 {
		t.Errorf("%d verbs were found", len(verbs))
	}
	var table strings.Builder
	table.WriteString("| verb | parameters | what it does |\n|---|---|---|\n")
	for _, v := range verbs {
		var params []string
		for _, p := range v.Params {
			if p.Name == "jobid" || p.Name == "format" {
				continue // every verb has them
			}
			text := p.Name + ":" + p.Value
			if !p.Required {
				text = "[" + text + "]"
			}
			params = append(params, "`"+strings.ReplaceAll(text, "|", `\|`)+"`")
		}
		fmt.Fprintf(&table, "| `!!%s` | %s | %s |\n", v.Verb, strings.Join(params, " "), v.Help)
	}
	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	page := string(doc)
	from, to := strings.Index(page, begin), strings.Index(page, end)
	if from < 0 || to < from {
		t.Fatalf("%s has no part between %s and %s", file, begin, end)
	}
	want := page[:from+len(begin)] + table.String() + page[to:]
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, page); diff != "" {
		t.Errorf("%s differs (go test ./telnet -run TestVerbsPage -update writes it; -verbs +page):\n%s", file, diff)
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
