package telnet

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/display"
	"github.com/processmanager/processmanager/telnet/heroscript"
)

// Bounds of a completion: how long the list of processes is waited for, how many
// candidates are shown, and in what.
const (
	completeTimeout = time.Second
	maxCandidates   = 200
	maxCompleted    = 64 << 10 // bytes of a statement; nothing is completed in a longer one
)

// completion is what may stand where the cursor is.
type completion struct {
	written string   // the part of the word that candidates are compared with
	list    []string // that begin with it, in the order in which they are shown
	behind  string   // what follows a candidate that is the only one
	text    bool     // nothing is known about this place, and a tab may stand there
}

// complete answers the Tab key: it writes what all candidates have in common, or shows
// them when that is nothing more. Where nothing can be completed (in the text of a
// value, in front of a parameter on a line of its own) it is a tab.
func (s *session) complete() {
	before := s.split.Text() + s.out.before()
	if len(before) > maxCompleted {
		s.out.ring()
		return
	}
	c := s.candidates(heroscript.At(before))
	if c.text || indenting(before) {
		s.out.press(key{opText, []byte{'\t'}})
		return
	}
	switch common := commonPrefix(c.list); {
	case len(c.list) == 1:
		s.out.press(key{opText, []byte(common[len(c.written):] + c.behind)})
	case len(common) > len(c.written):
		s.out.press(key{opText, []byte(common[len(c.written):])})
	case len(c.list) == 0:
		s.out.ring()
	default:
		s.out.text([]byte(inColumns(c.list, s.out.columns())))
	}
}

// indenting reports whether the last line of an unfinished statement is blank: a tab
// there is one.
func indenting(text string) bool {
	i := strings.LastIndexByte(text, '\n')
	return i >= 0 && strings.Trim(text[i:], " \t\r\n") == "" && strings.TrimSpace(text) != ""
}

func (s *session) candidates(at heroscript.Place) completion {
	switch at.Part {
	case heroscript.PartName:
		var names []string
		for _, v := range s.srv.verbs {
			names = append(names, "!!"+v.name)
		}
		return begin(at.Word, names, " ")
	case heroscript.PartKey:
		return begin(at.Word, s.keysOf(at), "")
	case heroscript.PartValue:
		return s.values(at)
	case heroscript.PartNone:
	}
	return completion{}
}

// begin makes a completion of those that begin with what is written, in any case.
func begin(written string, all []string, behind string) completion {
	c := completion{written: written, behind: behind}
	for _, word := range all {
		if len(word) >= len(written) && strings.EqualFold(word[:len(written)], written) {
			c.list = append(c.list, word)
		}
	}
	return c
}

// verbOf returns the row of a statement's verb, or nil.
func (s *session) verbOf(name string) *verb {
	i := slices.IndexFunc(s.srv.verbs, func(v verb) bool { return v.name == name })
	if i < 0 {
		return nil
	}
	return &s.srv.verbs[i]
}

// keysOf lists the parameters that are not given yet; while one is missing that must
// be given, only those.
func (s *session) keysOf(at heroscript.Place) []string {
	v := s.verbOf(at.Name)
	if v == nil {
		return nil
	}
	var must, may []string
	for _, p := range slices.Concat(v.params, commonParams) {
		switch {
		case slices.Contains(at.Given, p.key):
		case p.required:
			must = append(must, p.key+":")
		default:
			may = append(may, p.key+":")
		}
	}
	if at.Word == "" && len(must) > 0 {
		return must
	}
	return append(must, may...)
}

// values lists what a parameter may hold.
func (s *session) values(at heroscript.Place) completion {
	v := s.verbOf(at.Name)
	if v == nil {
		return completion{}
	}
	params := slices.Concat(v.params, commonParams)
	i := slices.IndexFunc(params, func(p param) bool { return p.key == at.Key })
	if i < 0 {
		return completion{}
	}
	words, many := s.wordsOf(params[i])
	if words == nil {
		return completion{text: true}
	}
	written, behind := at.Word, " "
	if at.Quote != 0 {
		behind = string(at.Quote) + " "
	}
	if many { // more may follow behind a comma
		written, behind = written[strings.LastIndexByte(written, ',')+1:], ""
	}
	safe := func(word string) bool {
		return !strings.ContainsAny(word, "'\"\\\n") && (at.Quote != 0 || !strings.ContainsAny(word, " \t"))
	}
	c := completion{written: written, behind: behind}
	for _, word := range words {
		if strings.HasPrefix(word, written) && safe(word) {
			c.list = append(c.list, word)
		}
	}
	return c
}

// wordsOf returns what a parameter may hold, and whether it may hold several of them;
// nil when that cannot be listed.
func (s *session) wordsOf(p param) (words []string, many bool) {
	switch p.kind {
	case kindBool, kindStream, kindProbe, kindFormat:
		return strings.Split(string(p.kind), "|"), false
	case kindStatuses:
		return statusWords(), true
	case kindSignal:
		for n := supervisor.Signal(1); n <= 31; n++ {
			words = append(words, n.String())
		}
		return words, false
	case kindVerb:
		for _, v := range s.srv.verbs {
			words = append(words, v.name)
		}
		return words, false
	case kindName:
		words = []string{}
		for _, p := range s.list() {
			words = append(words, p.Name)
		}
		return words, false
	case kindLabels:
		set := map[string]bool{}
		for _, p := range s.list() {
			for key, value := range p.Labels {
				set[key+"="+value] = true
			}
		}
		return append([]string{}, slices.Sorted(maps.Keys(set))...), true
	case kindText, kindNumber, kindSeconds, kindSince, kindSpan, kindSpec:
	}
	return nil, false
}

// list asks for the processes, as the caller of this connection.
func (s *session) list() []*supervisor.ProcessInfo {
	ctx, cancel := context.WithTimeout(context.Background(), completeTimeout)
	defer cancel()
	list, err := s.srv.o.Control.List(ctx, s.who(), supervisor.ListRequest{})
	if err != nil {
		s.log.Debug("cannot list processes for a completion", "error", err)
	}
	return list
}

func commonPrefix(list []string) string {
	if len(list) == 0 {
		return ""
	}
	common := list[0]
	for _, word := range list[1:] {
		n := 0
		for n < min(len(common), len(word)) && common[n] == word[n] {
			n++
		}
		common = common[:n]
	}
	return common
}

// inColumns writes words as lines, as many beside each other as fit.
func inColumns(words []string, columns int) string {
	more := len(words) - maxCandidates
	if more > 0 {
		words = words[:maxCandidates]
	}
	widest := 0
	for _, word := range words {
		widest = max(widest, display.Width(word))
	}
	var b strings.Builder
	across := max(1, (columns+1)/(widest+2))
	for row := range slices.Chunk(words, across) {
		for i, word := range row {
			b.WriteString(word)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widest+2-display.Width(word)))
			}
		}
		b.WriteByte('\n')
	}
	if more > 0 {
		fmt.Fprintf(&b, "… and %d more\n", more)
	}
	return supervisor.Harmless(b.String())
}
