package traps_test

import (
	"fmt"
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const traps = 105 // the numbers go from 1 to this

var (
	number    = regexp.MustCompile(`T(\d{2,3})`)
	storyName = regexp.MustCompile(`(?:^|_)t(\d{2,3})(?:_|$)`)
	absent    = regexp.MustCompile(`(?m)^[*-] T(\d{2,3})\b`)
)

// Every trap is tested, by a test or a story that carries its number, or it stands in
// supervisor/DESIGN.md why it cannot occur. The list of who tests what is printed.
func TestEveryTrap(t *testing.T) {
	where := map[int][]string{}
	add := func(pattern *regexp.Regexp, text, place string) {
		for _, m := range pattern.FindAllStringSubmatch(text, -1) {
			n, _ := strconv.Atoi(m[1]) // digits
			where[n] = append(where[n], place)
		}
	}
	sources(t, func(path string, file *ast.File) {
		if !strings.HasSuffix(path, "_test.go") {
			return
		}
		folder := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), root+"/")
		for _, name := range testNames(file) {
			add(number, name, folder+" "+name)
		}
	})
	for _, pattern := range []string{"/supervisor/*/testdata/stories/*.txt", "/telnet/testdata/*.txt"} {
		stories, err := filepath.Glob(root + pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range stories {
			name := strings.TrimSuffix(filepath.Base(path), ".txt")
			add(storyName, name, "story "+name)
		}
	}
	for n, why := range impossible(t) {
		where[n] = append(where[n], why)
	}
	for n := 1; n <= traps; n++ {
		if places := where[n]; len(places) > 0 {
			slices.Sort(places)
			t.Logf("T%02d  %s", n, strings.Join(slices.Compact(places), ", "))
		} else {
			t.Errorf("T%02d  is tested nowhere, and supervisor/DESIGN.md does not say why it cannot occur", n)
		}
	}
}

// testNames are the names of the tests of a file, and of their subtests where they are
// written as text.
func testNames(file *ast.File) []string {
	var names []string
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Test") {
			continue
		}
		names = append(names, f.Name.Name)
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 2 {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			text, ok2 := call.Args[0].(*ast.BasicLit)
			if ok && ok2 && sel.Sel.Name == "Run" && number.MatchString(text.Value) {
				names = append(names, f.Name.Name+"/"+strings.Trim(text.Value, "`\""))
			}
			return true
		})
	}
	return names
}

// impossible reads the traps that the design excludes, one line of a list each.
func impossible(t *testing.T) map[int]string {
	t.Helper()
	data, err := os.ReadFile(root + "/supervisor/DESIGN.md")
	if err != nil {
		t.Fatal(err)
	}
	const title = "## Traps that cannot occur\n"
	_, section, ok := strings.Cut(string(data), title)
	if !ok {
		t.Fatalf("supervisor/DESIGN.md has no section %q", strings.TrimSpace(title))
	}
	section, _, _ = strings.Cut(section, "\n## ")
	found := map[int]string{}
	for _, m := range absent.FindAllStringSubmatch(section, -1) {
		n, _ := strconv.Atoi(m[1]) // digits
		found[n] = fmt.Sprintf("supervisor/DESIGN.md: %s", strings.TrimSpace(title[3:]))
	}
	return found
}
