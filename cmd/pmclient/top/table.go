package top

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/processmanager/processmanager/cmd/pmclient/tell"
)

// table is the processes that are shown, and which one is meant.
type table struct {
	all      []Row
	shown    []Row // those that the filter lets through, in order
	filter   string
	sort     column
	reverse  bool
	selected ID
	at       int // index of the selected one
	first    int // index of the first one on the screen
}

// set takes a new list. The selected process stays selected; when it has gone, the one
// that takes its place is.
func (t *table) set(all []Row, now time.Time) {
	t.all = all
	t.order(now)
}

// order filters and sorts anew.
func (t *table) order(now time.Time) {
	t.shown = t.shown[:0]
	words := strings.Fields(strings.ToLower(t.filter))
	for _, r := range t.all {
		if matches(r, words) {
			t.shown = append(t.shown, r)
		}
	}
	compare := columns[t.sort].compare
	slices.SortStableFunc(t.shown, func(a, b Row) int {
		c := compare(a, b, now)
		if t.reverse {
			c = -c
		}
		return cmp.Or(c, compareNames(a.Name, b.Name), compareNames(a.Pod, b.Pod))
	})
	if i := slices.IndexFunc(t.shown, func(r Row) bool { return r.ID() == t.selected }); i >= 0 {
		t.at = i
	}
	t.choose(t.at)
}

// compareNames puts replica 2 in front of replica 10.
func compareNames(a, b string) int {
	stemA, numberA := numbered(a)
	stemB, numberB := numbered(b)
	return cmp.Or(strings.Compare(stemA, stemB), cmp.Compare(len(numberA), len(numberB)), strings.Compare(a, b))
}

// numbered splits a name from the number at its end.
func numbered(name string) (stem, number string) {
	stem = strings.TrimRight(name, "0123456789")
	return stem, strings.TrimLeft(name[len(stem):], "0")
}

// matches tells whether every word is somewhere in what is known of a process.
func matches(r Row, words []string) bool {
	for _, word := range words {
		if !holds(r, word) {
			return false
		}
	}
	return true
}

func holds(r Row, word string) bool {
	for _, text := range []string{r.Name, r.Pod, tell.State(r.ProcessInfo), r.Command, r.JobID} {
		if strings.Contains(strings.ToLower(text), word) {
			return true
		}
	}
	for k, v := range r.Labels {
		if strings.Contains(strings.ToLower(k+"="+v), word) {
			return true
		}
	}
	return strings.Contains(strings.ToLower(tell.Note(r.ProcessInfo, func(time.Time) string { return "" })), word)
}

// choose selects the process at an index, or the next one there is.
func (t *table) choose(i int) {
	t.at = max(0, min(i, len(t.shown)-1))
	if len(t.shown) > 0 {
		t.selected = t.shown[t.at].ID()
	}
}

// current is the selected process; false when there is none.
func (t *table) current() (Row, bool) {
	if t.at >= len(t.shown) {
		return Row{}, false
	}
	return t.shown[t.at], true
}

// find looks a process up, shown or not.
func (t *table) find(id ID) (Row, bool) {
	if i := slices.IndexFunc(t.all, func(r Row) bool { return r.ID() == id }); i >= 0 {
		return t.all[i], true
	}
	return Row{}, false
}

// window are the rows that a screen of some height shows: the selected one is among
// them, and none is moved without need.
func (t *table) window(height int) []Row {
	height = max(height, 1)
	t.first = max(0, min(t.first, len(t.shown)-height))
	switch {
	case t.at < t.first:
		t.first = t.at
	case t.at >= t.first+height:
		t.first = t.at - height + 1
	}
	return t.shown[t.first:min(len(t.shown), t.first+height)]
}

// sortBy sorts by a column; once more turns the order around.
func (t *table) sortBy(c column, now time.Time) {
	if t.sort == c {
		t.reverse = !t.reverse
	} else {
		t.sort, t.reverse = c, columns[c].greatestFirst
	}
	t.order(now)
}

// countOf counts the processes by state.
func countOf(rows []Row) (counts map[string]int) {
	counts = map[string]int{}
	for _, r := range rows {
		counts[tell.State(r.ProcessInfo)]++
	}
	return counts
}
