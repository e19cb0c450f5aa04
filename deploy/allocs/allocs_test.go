package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const output = `goos: linux
pkg: github.com/processmanager/processmanager/metrics
cpu: some
BenchmarkScrape/processes=10         	     100	     65000 ns/op	 100.00 MB/s	   20000 B/op	     200 allocs/op
BenchmarkScrape/processes=1000       	     100	   1065000 ns/op	 400.00 MB/s	  900000 B/op	     300 allocs/op
PASS
ok  	github.com/processmanager/processmanager/metrics	0.1s
pkg: github.com/processmanager/processmanager/telnet/heroscript
BenchmarkParse         	     100	       650 ns/op	     1000 B/op	      10 allocs/op
BenchmarkWithoutMemory 	     100	       650 ns/op
PASS
`

func TestRun(t *testing.T) {
	for _, c := range []struct {
		name, file string
		fails      error // of go test
		code       int
		says       string
	}{
		{"equal", "metrics BenchmarkScrape/processes=1000 300 900000\n# rest\n\ntelnet/heroscript BenchmarkParse 10 1000", nil, 0, "ok   telnet/heroscript BenchmarkParse"},
		{"one more", "telnet/heroscript BenchmarkParse 9 1000", nil, 1, "MORE telnet/heroscript BenchmarkParse"},
		{"one in fifty more", "metrics BenchmarkScrape/processes=1000 295 900000", nil, 0, "ok"},
		{"more than that", "metrics BenchmarkScrape/processes=1000 294 900000", nil, 1, "MORE"},
		{"a few bytes more", "telnet/heroscript BenchmarkParse 10 700", nil, 0, "ok"},
		{"many bytes more", "telnet/heroscript BenchmarkParse 10 600", nil, 1, "make allocs-update"},
		{"fewer", "telnet/heroscript BenchmarkParse 20 1000", nil, 0, "less"},
		{"the same name in another package", "metrics BenchmarkParse 10 1000", nil, 1, "GONE metrics BenchmarkParse"},
		{"one that does not count", "telnet/heroscript BenchmarkWithoutMemory 0 0", nil, 1, "GONE"},
		{"go test fails", "telnet/heroscript BenchmarkParse 10 1000", errors.New("exit status 1"), 1, "the benchmarks failed"},
		{"no line", "# nothing", nil, 2, "names no benchmark"},
		{"a short line", "metrics BenchmarkScrape 1", nil, 2, "line 1: want a package"},
		{"no number", "metrics BenchmarkScrape one 2", nil, 2, "whole numbers"},
		{"twice", "metrics BenchmarkScrape 1 2\nmetrics BenchmarkScrape 1 2", nil, 2, "line 2: metrics BenchmarkScrape is there twice"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			measure := func(_, _ []string) ([]byte, error) { return []byte(output), c.fails }
			if code := run([]string{"-file", written(t, c.file)}, measure, &out, &out); code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			if !strings.Contains(out.String(), c.says) {
				t.Errorf("it does not say %q:\n%s", c.says, &out)
			}
		})
	}
}

func TestWhatIsAskedFor(t *testing.T) {
	file := written(t, "b BenchmarkX/1 1 1\na BenchmarkY 1 1\nb BenchmarkX/2 1 1\n")
	var packages, names []string
	run([]string{"-file", file}, func(p, n []string) ([]byte, error) { packages, names = p, n; return nil, nil }, t.Output(), t.Output())
	if !slices.Equal(packages, []string{"./a", "./b"}) || !slices.Equal(names, []string{"BenchmarkX", "BenchmarkY"}) {
		t.Errorf("it asks for %v in %v", names, packages)
	}
}

func TestUpdateKeepsTheRest(t *testing.T) {
	file := written(t, "# a scrape\nmetrics BenchmarkScrape/processes=10 1 1\n\ntelnet BenchmarkGone 1 2\n")
	measure := func(_, _ []string) ([]byte, error) { return []byte(output), nil }
	if code := run([]string{"-update", "-file", file}, measure, t.Output(), t.Output()); code != 0 {
		t.Errorf("exit code %d", code)
	}
	text, err := os.ReadFile(file)
	if want := "# a scrape\nmetrics BenchmarkScrape/processes=10 200 20000\n\ntelnet BenchmarkGone 1 2\n"; err != nil || string(text) != want {
		t.Errorf("%v, the file is\n%s", err, text)
	}
}

func written(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "allocs.txt")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
