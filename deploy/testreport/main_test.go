package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Each testdata/*.jsonl is a recorded stream; the *.txt beside it is what a person
// sees with every test required.
func TestGolden(t *testing.T) {
	streams, err := filepath.Glob("testdata/*.jsonl")
	if err != nil || len(streams) == 0 {
		t.Fatalf("no recorded stream found: %v", err)
	}
	for _, stream := range streams {
		t.Run(strings.TrimSuffix(filepath.Base(stream), ".jsonl"), func(t *testing.T) {
			got := report(t, stream, "1", "testdata/allow.txt").text
			golden := strings.TrimSuffix(stream, ".jsonl") + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("report of %s (-want +got; go test ./deploy/testreport -update):\n%s", stream, diff)
			}
		})
	}
}

func TestExitCode(t *testing.T) {
	for _, tc := range []struct {
		name, stream, requireAll, allow string
		want                            int
	}{
		{"all passed", "testdata/pass.jsonl", "1", "", 0},
		{"a failure", "testdata/fail.jsonl", "", "", 1},
		{"a build failure", "testdata/build.jsonl", "", "", 1},
		{"a crash", "testdata/crash.jsonl", "", "", 1},
		{"skips on a laptop", "testdata/skip.jsonl", "", "", 0},
		{"skips where all are required", "testdata/skip.jsonl", "1", "", 1},
		{"one skip allowed, one not", "testdata/skip.jsonl", "1", "testdata/allow.txt", 1},
		{"all skips allowed", "testdata/skip.jsonl", "1", "testdata/allow-all.txt", 0},
		{"an allow file without reasons", "testdata/pass.jsonl", "", "testdata/allow-bad.txt", 2},
		{"an allow file that is not there", "testdata/pass.jsonl", "", "testdata/nowhere.txt", 2},
		{"nothing ran", os.DevNull, "", "", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := report(t, tc.stream, tc.requireAll, tc.allow)
			if got.code != tc.want {
				t.Errorf("exit code %d, want %d; output:\n%s", got.code, tc.want, got.text)
			}
		})
	}
}

type reported struct {
	code int
	text string
}

func report(t *testing.T, stream, requireAll, allow string) reported {
	t.Helper()
	in, err := os.Open(stream)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	getenv := func(name string) string {
		return map[string]string{"PM_REQUIRE_ALL": requireAll}[name]
	}
	var out strings.Builder
	code := run([]string{"-allow", allow}, getenv, in, &out, &out)
	return reported{code, out.String()}
}
