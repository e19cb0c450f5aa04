package main

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// key names a benchmark.
type key struct{ pkg, name string }

// cost is what one operation allocates.
type cost struct{ allocs, bytes uint64 }

// line is a line of the file.
type line struct {
	key
	cost
}

// budget is what the file says, in its order.
type budget []line

func parseFile(text string) (budget, error) {
	var b budget
	seen := map[key]bool{}
	for i, row := range strings.Split(text, "\n") {
		words := strings.Fields(row)
		if len(words) == 0 || words[0][0] == '#' {
			continue
		}
		if len(words) != 4 {
			return nil, fmt.Errorf("line %d: want a package, a benchmark, allocations and bytes, have %q", i+1, row)
		}
		allocs, bad := strconv.ParseUint(words[2], 10, 64)
		bytes, worse := strconv.ParseUint(words[3], 10, 64)
		if bad != nil || worse != nil {
			return nil, fmt.Errorf("line %d: allocations and bytes are whole numbers, have %q", i+1, row)
		}
		k := key{words[0], words[1]}
		if seen[k] {
			return nil, fmt.Errorf("line %d: %s %s is there twice", i+1, k.pkg, k.name)
		}
		seen[k] = true
		b = append(b, line{k, cost{allocs, bytes}})
	}
	if len(b) == 0 {
		return nil, fmt.Errorf("it names no benchmark")
	}
	return b, nil
}

// packages lists them, as arguments of go test.
func (b budget) packages() []string {
	var list []string
	for _, l := range b {
		list = append(list, "./"+l.pkg)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// names lists the benchmarks without their subs, each once.
func (b budget) names() []string {
	var list []string
	for _, l := range b {
		name, _, _ := strings.Cut(l.name, "/")
		list = append(list, name)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// module is what package paths begin with in the output of go test.
const module = "github.com/processmanager/processmanager/"

// parseOutput reads what go test -bench -benchmem prints.
func parseOutput(r io.Reader) (map[key]cost, error) {
	found := map[key]cost{}
	pkg := ""
	for lines := bufio.NewScanner(r); ; {
		if !lines.Scan() {
			return found, lines.Err()
		}
		text := lines.Text()
		if path, ok := strings.CutPrefix(text, "pkg: "); ok {
			pkg = strings.TrimPrefix(path, module)
		}
		if !strings.HasPrefix(text, "Benchmark") {
			continue
		}
		words := strings.Fields(text)
		var c cost
		haveAllocs, haveBytes := false, false
		for i := 1; i < len(words); i++ {
			n, err := strconv.ParseUint(words[i-1], 10, 64)
			switch words[i] {
			case "allocs/op":
				c.allocs, haveAllocs = n, err == nil
			case "B/op":
				c.bytes, haveBytes = n, err == nil
			}
		}
		if haveAllocs && haveBytes {
			found[key{pkg, words[0]}] = c
		}
	}
}

// compare prints what is more or less than allowed, and returns how many are more or
// were not measured.
func compare(w io.Writer, allowed budget, measured map[key]cost) (faults int) {
	for _, l := range allowed {
		is, ok := measured[l.key]
		word := "ok"
		switch {
		case !ok:
			faults++
			fmt.Fprintf(w, "GONE %s %s: no such benchmark ran\n", l.pkg, l.name)
			continue
		case is.allocs > l.allocs+l.allocs/50:
			word = "MORE"
		case is.bytes > l.bytes+l.bytes/2+64:
			word = "MORE"
		case is.allocs+max(1, l.allocs/10) < l.allocs:
			word = "less"
		}
		if word == "MORE" {
			faults++
		}
		fmt.Fprintf(w, "%-4s %-62s %7d allocs/op (%d) %9d B/op (%d)\n", word, l.pkg+" "+l.name, is.allocs, l.allocs, is.bytes, l.bytes)
	}
	return faults
}

// rewrite puts what was measured into the text of the file, and leaves the rest of it.
func rewrite(text string, measured map[key]cost) string {
	rows := strings.Split(text, "\n")
	for i, row := range rows {
		words := strings.Fields(row)
		if len(words) != 4 || words[0][0] == '#' {
			continue
		}
		if c, ok := measured[key{words[0], words[1]}]; ok {
			rows[i] = fmt.Sprintf("%s %s %d %d", words[0], words[1], c.allocs, c.bytes)
		}
	}
	return strings.Join(rows, "\n")
}
