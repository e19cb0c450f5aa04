package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// event is one line of `go test -json`; see `go doc test2json`.
type event struct {
	Action  string
	Package string
	Test    string // empty: about the package
	Output  string
}

// testID names one test of one package.
type testID struct{ pkg, test string }

// summary is what the stream came to.
type summary struct {
	passed, failed int
	packages       int
	failedPackages int
	skipped        []skip
}

type skip struct {
	testID
	reason string
}

// relay prints what plain `go test` would have printed while it counts.
func relay(r io.Reader, w io.Writer) (*summary, error) {
	sum := &summary{}
	output := map[testID][]string{}
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if line = bytes.TrimSpace(line); len(line) > 0 {
			var ev event
			if bad := json.Unmarshal(line, &ev); bad != nil {
				// go itself speaks plainly, for example about a missing package.
				fmt.Fprintf(w, "%s\n", line)
			} else {
				sum.take(w, ev, output)
			}
		}
		if err == io.EOF {
			return sum, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func (s *summary) take(w io.Writer, ev event, output map[testID][]string) {
	id := testID{ev.Package, ev.Test}
	switch ev.Action {
	case "build-output":
		fmt.Fprint(w, ev.Output)
	case "output":
		if !strings.HasPrefix(ev.Output, "=== ") {
			output[id] = append(output[id], ev.Output)
		}
	case "pass", "fail", "skip":
		if ev.Test == "" {
			if ev.Action == "fail" {
				flushUnfinished(w, ev.Package, output)
			}
			s.endPackage(w, ev.Action, output[id])
		} else {
			s.endTest(w, ev.Action, id, output[id])
		}
		delete(output, id)
	}
}

func (s *summary) endTest(w io.Writer, action string, id testID, output []string) {
	switch action {
	case "pass":
		s.passed++
		s.skipped = append(s.skipped, nestedSkips(id, output)...)
	case "fail":
		s.failed++
		fmt.Fprint(w, strings.Join(output, ""))
	case "skip":
		s.skipped = append(s.skipped, skip{id, skipReason(output)})
	}
}

func (s *summary) endPackage(w io.Writer, action string, output []string) {
	switch action {
	case "fail":
		s.failedPackages++
		s.packages++
	case "pass":
		s.packages++
	}
	for _, line := range output {
		// Of a package that passed, plain go test shows the closing line only.
		if action == "fail" || strings.HasPrefix(line, "ok ") || strings.HasPrefix(line, "? ") {
			fmt.Fprint(w, line)
		}
	}
}

// flushUnfinished prints what the tests of a package said that never ended: with a
// crash or a time-out, these are the lines that tell why.
func flushUnfinished(w io.Writer, pkg string, output map[testID][]string) {
	var unfinished []testID
	for id := range output {
		if id.pkg == pkg && id.test != "" {
			unfinished = append(unfinished, id)
		}
	}
	slices.SortFunc(unfinished, func(a, b testID) int { return strings.Compare(a.test, b.test) })
	for _, id := range unfinished {
		fmt.Fprintf(w, "not finished: %s\n%s", id.test, strings.Join(output[id], ""))
		delete(output, id)
	}
}

var nestedSkip = regexp.MustCompile(`^\s+--- SKIP: (\S+)`)

// nestedSkips finds what was skipped in a test binary that a test has run again, for
// example as PID 1, and whose output it has logged.
func nestedSkips(id testID, output []string) []skip {
	var found []skip
	for i, line := range output {
		match := nestedSkip.FindStringSubmatch(line)
		if match == nil {
			continue
		}
		var said []string
		if i > 0 {
			said = output[i-1 : i]
		}
		found = append(found, skip{testID{id.pkg, id.test + "//" + match[1]}, skipReason(said)})
	}
	return found
}

// skipReason picks the words given to t.Skip out of a test's output.
func skipReason(output []string) string {
	reason := "no reason given"
	for _, line := range output {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "--- ") {
			continue
		}
		// "file_test.go:12: words"
		if _, words, found := strings.Cut(line, ": "); found {
			line = words
		}
		reason = line
	}
	return reason
}
