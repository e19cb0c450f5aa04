package deploy

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The table of libraries in the design is that of go.mod, and those for tests are in
// no program.
func TestLibraries(t *testing.T) {
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, m := range regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllStringSubmatch(string(mod), -1) {
		want = append(want, m[1])
	}
	design, err := os.ReadFile("../supervisor/DESIGN.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(design), "\n## Libraries\n")
	if !ok {
		t.Fatal("the design has lost its section about libraries")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var got, forTests []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (.*) \\|$").FindAllStringSubmatch(section, -1) {
		got = append(got, m[1])
		if strings.HasPrefix(m[2], "tests") {
			forTests = append(forTests, m[1])
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the table has\n%s\ngo.mod requires\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	deps, err := exec.Command("go", "list", "-deps", "../cmd/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dep := range strings.FieldsSeq(string(deps)) {
		for _, lib := range forTests {
			if dep == lib || strings.HasPrefix(dep, lib+"/") {
				t.Errorf("%s is for tests, and part of a program", dep)
			}
		}
	}
}
