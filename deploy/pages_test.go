package deploy

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// pages are all files of Markdown for people, by their path from the root of the repository.
func pages(t *testing.T) map[string]string {
	t.Helper()
	list := map[string]string{}
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			if slices.Contains([]string{".git", "node_modules", "testdata"}, d.Name()) {
				return fs.SkipDir
			}
		case strings.HasSuffix(name, ".md"):
			text, err := os.ReadFile(name) //nolint:gosec // a file of ours
			if err != nil {
				return err
			}
			list[filepath.ToSlash(strings.TrimPrefix(name, "../"))] = string(text)
		}
		return nil
	})
	if err != nil || len(list) < 20 {
		t.Fatalf("%d pages were found: %v", len(list), err)
	}
	return list
}

// Each page of docs is in its index, and says in its first lines what it is for.
func TestEveryPageIsFound(t *testing.T) {
	all := pages(t)
	index := all["docs/README.md"]
	for name, text := range all {
		if !strings.HasPrefix(name, "docs/") {
			continue
		}
		if base := path.Base(name); base != "README.md" && !strings.Contains(index, "]("+base+")") {
			t.Errorf("docs/README.md does not name %s", base)
		}
		lines := strings.SplitN(text, "\n", 4)
		if len(lines) < 4 || !strings.HasPrefix(lines[0], "# ") || lines[1] != "" || !regexp.MustCompile("^[A-Z`-]").MatchString(lines[2]) {
			t.Errorf("%s does not begin with a title and what it is for: %q", name, lines[:min(3, len(lines))])
		}
	}
}

// A link leads to a file that there is, and to a heading in it.
func TestLinks(t *testing.T) {
	all := pages(t)
	fences := regexp.MustCompile("(?ms)^```.*?^```$")
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	seen := 0
	for name, text := range all {
		for _, m := range link.FindAllStringSubmatch(fences.ReplaceAllString(text, ""), -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			seen++
			file := name
			if target != "" {
				file = path.Join(path.Dir(name), target)
			}
			if _, err := os.Stat(filepath.Join("..", file)); err != nil {
				t.Errorf("%s links to %s: %v", name, m[1], err)
				continue
			}
			if anchor != "" && !slices.Contains(anchors(all[file]), anchor) {
				t.Errorf("%s links to %s: there is no such heading", name, m[1])
			}
		}
	}
	if seen < 100 {
		t.Errorf("%d links were found: the search has lost them", seen)
	}
}

// anchors are the headings of a page as links name them.
func anchors(text string) []string {
	text = regexp.MustCompile("(?ms)^```.*?^```$").ReplaceAllString(text, "")
	var list []string
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		list = append(list, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, m[1]))
	}
	return list
}

// who says who looks after blocks of code: that they are run, or that what they show is
// compared; or, with a reason, that nobody does.
type who struct {
	page, language string
	count          int
	ran            bool // its commands are run, its code is compiled, its manifests are read, what it shows is compared
	by             string
}

// audit is the place where each block of code of the documentation is accounted for. A block that is
// not run has its reason here.
var audit = []who{
	{"README.md", "dockerfile", 2, true, "e2e: TestDockerfilesOfTheDocumentation builds them, runs them, stops them"},
	{"README.md", "go", 1, true, "TestGoOfTheDocumentation compiles it as a program"},
	{"README.md", "sh", 9, true, "TestCommands runs them in their order, but for make test (it would run itself); make run as the script behind it"},
	{"README.md", "text", 1, true, "TestCommands types it and compares the answers"},
	{"README.md", "yaml", 1, true, "TestManifestsOfTheDocumentation"},
	{"clients/python/README.md", "python", 2, true, "clients/python/tests: Readme, with a real manager"},
	{"clients/typescript/README.md", "ts", 2, true, "clients: TestTypeScriptClient compiles them, strictly, and runs them with a real manager"},
	{"deploy/examples/pods/README.md", "sh", 1, true, "e2e builds the images by these commands"},
	{"deploy/helm/processmanager/README.md", "console", 1, false, "helm install needs a cluster; TestChart… renders the values of its README"},
	{"deploy/helm/processmanager/README.md", "yaml", 1, true, "chart_words_test.go renders it"},
	{"docs/coming-from-pebble.md", "yaml", 1, true, "TestComingFrom: what the converter prints"},
	{"docs/coming-from-pebble.md", "yml", 1, true, "TestComingFrom: what is converted"},
	{"docs/coming-from-process-compose.md", "sh-procfile", 1, true, "TestComingFrom"},
	{"docs/coming-from-process-compose.md", "yaml", 2, true, "TestComingFrom"},
	{"docs/coming-from-process-compose.md", "yml", 1, true, "TestComingFrom"},
	{"docs/coming-from-s6-overlay.md", "text", 1, true, "TestComingFrom"},
	{"docs/coming-from-s6-overlay.md", "yaml", 1, true, "TestComingFrom"},
	{"docs/coming-from-supercronic.md", "crontab", 2, true, "TestComingFrom"},
	{"docs/coming-from-supercronic.md", "yaml", 2, true, "TestComingFrom"},
	{"docs/coming-from-supervisord.md", "ini", 1, true, "TestComingFrom"},
	{"docs/coming-from-supervisord.md", "yaml", 1, true, "TestComingFrom"},
	{"docs/coming-from-tini.md", "sh", 1, false, "somebody else's entrypoint, of programs that are not here; TestScriptsAreShell parses it"},
	{"docs/coming-from-tini.md", "yaml", 1, true, "TestManifestsOfTheDocumentation"},
	{"docs/kubernetes.md", "console", 3, false, "helm install, kubectl apply and kubectl pm need a cluster; values and overlays are rendered (chart_words_test.go), the columns compared (cmd/kubectl-pm)"},
	{"docs/kubernetes.md", "dockerfile", 1, true, "e2e: TestDockerfilesOfTheDocumentation"},
	{"docs/kubernetes.md", "yaml", 3, true, "examples_test.go and chart_words_test.go read and render them"},
	{"docs/logs.md", "console", 1, true, "TestLogsPage"},
	{"docs/logs.md", "sh", 1, true, "TestCommands"},
	{"docs/logs.md", "text", 4, false, "configurations of other programs: Promtail, Fluent Bit, Vector, the OpenTelemetry Collector"},
	{"docs/logs.md", "yaml", 2, true, "TestManifestsOfTheDocumentation"},
	{"docs/manifest.md", "yaml", 1, true, "TestManifestsOfTheDocumentation"},
	{"docs/metrics.md", "promql", 10, true, "deploy/prometheus asks a real Prometheus"},
	{"docs/metrics.md", "yaml", 3, false, "two of them are read (TestManifestsOfTheDocumentation; supervisor/access: TestWebConfigOfTheDocumentation); one is a part of Prometheus' own configuration"},
	{"docs/performance.md", "sh", 1, false, "half an hour on a quiet machine; TestScriptsAreShell asks make whether it knows them"},
	{"docs/pmclient.md", "console", 7, true, "cmd/pmclient: TestDocs"},
	{"docs/pmclient.md", "sh", 2, true, "TestCommands"},
	{"docs/processmanager.md", "text", 2, true, "TestFlags: what the program says"},
	{"docs/rpc.md", "json", 24, true, "rpc: TestT84T85Examples"},
	{"docs/rpc.md", "sh", 1, true, "TestCommands"},
	{"docs/rpc.md", "text", 1, false, "paths, no commands; rpc's tests ask each of them"},
	{"docs/single-command.md", "dockerfile", 1, true, "e2e: TestOneCommandOfTheDocumentation"},
	{"docs/supervision.md", "", 1, false, "a line of the log"},
	{"docs/supervision.md", "yaml", 10, true, "TestManifestsOfTheDocumentation"},
	{"docs/telnet.md", "sh", 2, true, "TestCommands runs those of the unix socket; telnet's TestTLS… those over TLS, with the same options"},
	{"docs/telnet.md", "text", 7, true, "telnet: TestDocumentedDialogues"},
	{"docs/tutorial.md", "sh", 17, true, "TestTutorial, and e2e: TestTutorialInAContainer"},
	{"docs/tutorial.md", "text", 15, true, "compared with what the commands before it print"},
	{"supervisor/DESIGN.md", "", 1, false, "a picture"},
}

// Each block of code is accounted for.
func TestEveryBlockIsAccountedFor(t *testing.T) {
	count := map[[2]string]int{}
	for name, text := range pages(t) {
		open := false
		for line := range strings.Lines(text) {
			if fence, ok := strings.CutPrefix(line, "```"); ok {
				if open = !open; open {
					count[[2]string{name, strings.TrimSpace(fence)}]++
				}
			}
		}
	}
	ran, all := 0, 0
	for _, w := range audit {
		key := [2]string{w.page, w.language}
		if n := count[key]; n != w.count {
			t.Errorf("%s has %d blocks of %q, and the table of this test %d: who runs the others? (%s)", w.page, n, w.language, w.count, w.by)
		}
		delete(count, key)
		all += w.count
		if w.ran {
			ran += w.count
		}
	}
	for key, n := range count {
		t.Errorf("%s has %d blocks of %q, and nobody is said to run them: add a row to the table of this test", key[0], n, key[1])
	}
	t.Logf("%d of %d blocks are run, compiled, read or compared", ran, all)
}

// What is not run is at least a script that a shell can read, and targets that there are.
func TestScriptsAreShell(t *testing.T) {
	all := pages(t)
	for _, block := range append(blocks(all["docs/coming-from-tini.md"], "sh"), blocks(all["docs/performance.md"], "sh")...) {
		if out, err := exec.Command("bash", "-n", "-c", block).CombinedOutput(); err != nil {
			t.Errorf("%v: %s\n%s", err, out, block)
		}
	}
	for line := range strings.Lines(blocks(all["docs/performance.md"], "sh")[0]) {
		line, _, _ = strings.Cut(line, "#")
		cmd := exec.Command("bash", "-c", strings.Replace(line, "make ", "make -n ", 1))
		cmd.Dir = ".."
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
	}
}

// The Go programs of README are programs. They stand in a folder that there is for the compiler only.
func TestGoOfTheDocumentation(t *testing.T) {
	for i, block := range blocks(readme(t), "go") {
		dir := t.TempDir()
		program, overlay := filepath.Join(dir, "main.go"), filepath.Join(dir, "overlay.json")
		at, err := filepath.Abs("program")
		if err != nil {
			t.Fatal(err)
		}
		for path, text := range map[string]string{program: block, overlay: fmt.Sprintf(`{"Replace": {%q: %q}}`, filepath.Join(at, "main.go"), program)} {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if out, err := exec.Command("go", "build", "-overlay", overlay, "-o", os.DevNull, "./program").CombinedOutput(); err != nil {
			t.Errorf("program %d of README: %v\n%s", i, err, out)
		}
		if out, err := exec.Command("gofmt", "-l", program).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("program %d of README is not formatted: %v %s", i, err, out)
		}
	}
}

// Numbers of blocks are those that a person would count.
func TestBlocksAreCounted(t *testing.T) {
	if got := fmt.Sprint(blocks("```sh\na\n```\nx\n```text\nb\n```\n```sh\nc\n```\n", "sh")); got != "[a\n c\n]" {
		t.Errorf("%q", got)
	}
}
