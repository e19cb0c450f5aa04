package deploy

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const tutorialPath = "../docs/tutorial.md"

// A step of the tutorial is a block of commands, with what they print where that is shown.
type step struct {
	note            string // the comment in front of it
	commands, shown string
	at, end         int // of what is shown, in the page; 0: nothing is
}

var stepPattern = regexp.MustCompile("(?ms)(?:^<!-- ([^\n]*) -->\n)?^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```$)?")

func steps(page string) []step {
	var list []step
	for _, m := range stepPattern.FindAllStringSubmatchIndex(page, -1) {
		part := func(i int) string {
			if m[2*i] < 0 {
				return ""
			}
			return page[m[2*i]:m[2*i+1]]
		}
		list = append(list, step{part(1), part(2), part(3), m[6], m[7]})
	}
	return list
}

// TestTutorial does what docs/tutorial.md says, up to the container, which package e2e does, and
// compares what comes out. -update writes it into the page.
func TestTutorial(t *testing.T) {
	data, err := os.ReadFile(tutorialPath)
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	before, _, ok := strings.Cut(page, "\n## In a container\n")
	if !ok {
		t.Fatal("the tutorial has no container")
	}
	home := newHome(t)
	home.at(t, "shop")
	home.names = strings.NewReplacer("/tmp/processmanager", home.dir+"/pm", "/tmp/shop-is-open", home.dir+"/open", metricsAddr, freePort(t))
	stop := func() {}
	ran := 0
	var written strings.Builder
	from := 0
	for _, s := range steps(before) {
		switch {
		case strings.HasPrefix(s.note, "not run"):
			continue
		case strings.HasPrefix(s.note, "beside"):
			stop = home.start(t, s.commands, "the manager of the tutorial", func() error {
				_, err := home.shell(t.Context(), "pmclient list")
				return err
			})
			continue
		}
		ran++
		out, err := home.shell(t.Context(), s.commands)
		if err != nil {
			t.Errorf("this step of the tutorial fails (%v):\n%s\n%s", err, s.commands, out)
		}
		if s.at == 0 {
			continue
		}
		out = strings.ReplaceAll(out, home.dir+"/open", "/tmp/shop-is-open")
		written.WriteString(page[from:s.at] + out)
		from = s.end
		if diff := cmp.Diff(roughly(s.shown), roughly(out)); diff != "" && !*update {
			t.Errorf("the tutorial does not show what comes out of (-shown +real)\n%s\n%s", s.commands, diff)
		}
	}
	stop()
	if ran < 12 {
		t.Errorf("%d steps were found: the search has lost them", ran)
	}
	if *update && !t.Failed() {
		if err := os.WriteFile(tutorialPath, []byte(written.String()+page[from:]), 0o644); err != nil { //nolint:gosec // for everybody to read
			t.Fatal(err)
		}
	}
}

// roughly is a text without what differs from run to run: numbers, times, widths of columns.
func roughly(text string) string {
	for _, r := range []struct{ pattern, by string }{
		{`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)`, "TIME"},
		{`\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) .* \d{4}\b`, "TIME"},
		{`\b[0-9a-f]{12}\b`, "HASH"},
		{`\d+(\.\d+)?(ms|[dhms])?(\d+[dhms])*`, "N"},
		{`[ \t]+`, " "},
		{` +\n`, "\n"},
	} {
		text = regexp.MustCompile(r.pattern).ReplaceAllString(text, r.by)
	}
	return text
}

// at goes into a new folder of home, with the programs in PATH.
func (h *home) at(t *testing.T, name string) {
	t.Helper()
	h.cwd = filepath.Join(h.dir, name)
	if err := os.Mkdir(h.cwd, 0o700); err != nil {
		t.Fatal(err)
	}
}
