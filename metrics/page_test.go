package metrics

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The table of docs/metrics.md is what a scrape says of itself. -update writes it.
func TestMetricsPage(t *testing.T) {
	const path, begin, end = "../docs/metrics.md", "<!-- families -->\n", "<!-- end of families -->\n"
	s, _ := newServer(story())
	s.Request("process.list", "ok")
	var rows []string
	for name, family := range parse(t, scrape(t, s)) {
		if !strings.HasPrefix(name, Prefix) {
			continue
		}
		var labels []string
		for _, l := range family.Metric[0].Label {
			labels = append(labels, "`"+l.GetName()+"`")
		}
		slices.Sort(labels)
		rows = append(rows, fmt.Sprintf("| `%s` | %s | %s | %s |\n", name, strings.ToLower(family.GetType().String()), strings.Join(labels, " "), family.GetHelp()))
	}
	slices.Sort(rows)
	table := "| family | type | labels | meaning |\n|---|---|---|---|\n" + strings.Join(rows, "")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	from, to := strings.Index(page, begin), strings.Index(page, end)
	if from < 0 || to < from {
		t.Fatalf("%s has no part between %s and %s", path, begin, end)
	}
	want := page[:from+len(begin)] + table + page[to:]
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, page); diff != "" {
		t.Errorf("%s is not what a scrape says; go test ./metrics -update writes it (-scrape +page):\n%s", path, diff)
	}
}
