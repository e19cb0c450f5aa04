package main

import (
	"fmt"
	"regexp"
	"strings"
)

// allowList holds the tests that may be skipped.
type allowList []permission

type permission struct {
	pkg    string
	test   *regexp.Regexp // matches whole names
	reason string
	line   string // as written
}

func parseAllowList(text string) (allowList, error) {
	var list allowList
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		words := strings.Fields(line)
		if len(words) < 3 {
			return nil, fmt.Errorf("line %d: want a package, a test name and a reason, have %q", i+1, line)
		}
		name, err := regexp.Compile("^(?:" + words[1] + ")$")
		if err != nil {
			return nil, fmt.Errorf("line %d: the test name is not a regular expression: %w", i+1, err)
		}
		list = append(list, permission{
			pkg:    words[0],
			test:   name,
			reason: strings.Join(words[2:], " "),
			line:   line,
		})
	}
	return list, nil
}

// find returns the permission for a test, or nil.
func (l allowList) find(pkg, test string) *permission {
	for i := range l {
		if l[i].pkg == pkg && l[i].test.MatchString(test) {
			return &l[i]
		}
	}
	return nil
}
