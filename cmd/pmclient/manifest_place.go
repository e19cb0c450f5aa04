package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
)

// A manifest is sent as one text, which the manager calls "manifest". Whoever sent files
// wants to be told of their names and their lines.

// sentText is the text of a manifest, and what it was made of.
type sentText struct {
	text  []byte
	parts []sentPart
	whole string // the name of all of it
}

// sentPart is one file in it.
type sentPart struct {
	name string
	line int // its first, in the whole
}

// add puts a file behind the others, as a document of its own.
func (s *sentText) add(name string, text []byte) {
	if len(s.parts) > 0 {
		s.text = append(s.text, "\n---\n"...)
	}
	s.parts = append(s.parts, sentPart{name, 1 + strings.Count(string(s.text), "\n")})
	s.text = append(s.text, text...)
}

// at is the file that a line of the whole is of, and its number there.
func (s *sentText) at(line int) (name string, number int) {
	name, number = s.whole, line
	for _, p := range s.parts {
		if p.line <= line {
			name, number = p.name, line-p.line+1
		}
	}
	return name, number
}

var (
	sentFault = regexp.MustCompile(`^(?:(.*): )?manifest: (.*?)(?: \(line (\d+)\))?$`)
	sentLine  = regexp.MustCompile(`on line (\d+)`)
)

// placed tells an answer of the manager with each fault on a line of its own, by its file.
func (s *sentText) placed(err error) error {
	var lines []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		m := sentFault.FindStringSubmatch(line)
		if m == nil {
			lines = append(lines, line)
			continue
		}
		if m[1] != "" {
			lines = append(lines, m[1]+":")
		}
		name, fault := s.whole, m[2]
		if number, err := strconv.Atoi(m[3]); err == nil {
			name, number = s.at(number)
			fault += fmt.Sprintf(" (line %d)", number)
		}
		if len(s.parts) > 1 {
			fault = sentLine.ReplaceAllStringFunc(fault, func(text string) string {
				number, _ := strconv.Atoi(strings.TrimPrefix(text, "on line "))
				of, number := s.at(number)
				return fmt.Sprintf("on line %d of %s", number, of)
			})
		}
		lines = append(lines, name+": "+fault)
	}
	return supervisor.Say(err, "%s", strings.Join(lines, "\n"))
}
