package logbuf

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/processmanager/processmanager/supervisor"
)

func texts(list []supervisor.LogLine) []string {
	out := []string{}
	for _, line := range list {
		out = append(out, fmt.Sprintf("%d %s %s", line.Run, line.Stream, line.Msg))
	}
	return out
}

func TestPreviousAndRun(t *testing.T) {
	l := New(Options{Name: "web"})
	check := func(what string, got []supervisor.LogLine, want ...string) {
		t.Helper()
		if diff := cmp.Diff(append([]string{}, want...), texts(got)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", what, diff)
		}
	}
	previous := func() []supervisor.LogLine { return l.Tail(Query{Previous: true}) }
	check("before any life", previous())
	numbers := func(newest, before uint64) {
		t.Helper()
		if n, b := l.Lives(); n != newest || b != before {
			t.Errorf("lives %d and %d, want %d and %d", n, b, newest, before)
		}
	}
	numbers(0, 0)
	first := l.Life(3)
	first.Write(supervisor.Stdout, []byte("a\nb\nc"))
	first.Write(supervisor.Stderr, []byte("d\n"))
	check("in the first life", previous())
	numbers(3, 0)
	check("before its end", l.TailRun(3, 10), "3 stdout a", "3 stdout b", "3 stderr d")
	first.End(supervisor.Stdout)
	check("the last lines of a life", l.TailRun(3, 3), "3 stdout b", "3 stderr d", "3 stdout c")
	check("no lines", l.TailRun(3, 0))
	check("no life", l.TailRun(0, 10))
	check("another life", l.TailRun(4, 10))

	second := l.Life(4)
	check("the second life was silent so far", previous(), "3 stdout a", "3 stdout b", "3 stderr d", "3 stdout c")
	second.Write(supervisor.Stdout, []byte("e\n"))
	first.End(supervisor.Stderr)
	first.Write(supervisor.Stderr, []byte("late\n")) // of a descendant that held the pipe
	check("lines of two lives in turns", l.TailRun(3, 2), "3 stdout c", "3 stderr late")
	check("of the second", l.TailRun(4, 2), "4 stdout e")
	check("one stream", l.Tail(Query{Previous: true, Stream: supervisor.Stderr, Lines: 1}), "3 stderr late")
	l.Life(4) // again: no other life
	check("the same life again", previous(), "3 stdout a", "3 stdout b", "3 stderr d", "3 stdout c", "3 stderr late")
	numbers(4, 3)
	l.Life(7)
	check("a life that wrote one line", previous(), "4 stdout e")
	l.Life(8)
	check("a life that wrote nothing", previous())
	check("all", l.Tail(Query{Lines: 2}), "4 stdout e", "3 stderr late")
}

// TestRunAgainstModel: the lines of a life are those of all lives that are its own.
func TestRunAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := New(Options{Name: "web", RingBytes: rapid.IntRange(40, 2000).Draw(t, "ring")})
		lives := []*LifeLog{l.Life(1), l.Life(2), l.Life(3)}
		for i := range rapid.IntRange(0, 60).Draw(t, "writes") {
			life := lives[rapid.SampledFrom([]int{0, 0, 1, 1, 1, 2}).Draw(t, "life")]
			life.Write(rapid.SampledFrom([]supervisor.Stream{supervisor.Stdout, supervisor.Stderr}).Draw(t, "stream"), fmt.Appendf(nil, "%d\n%d\n", i, i))
		}
		run := rapid.Uint64Range(1, 4).Draw(t, "run")
		n := rapid.IntRange(1, 20).Draw(t, "n")
		want := []supervisor.LogLine{}
		for _, line := range l.Tail(Query{Lines: -1}) {
			if line.Run == run {
				want = append(want, line)
			}
		}
		want = want[max(0, len(want)-n):]
		if diff := cmp.Diff(want, l.TailRun(run, n)); diff != "" {
			t.Fatalf("run %d (-want +got)\n%s", run, diff)
		}
	})
}
