package heroscript

import "strings"

// Part is a part of a statement.
type Part uint8

// The parts that may come next in an unfinished text.
const (
	PartNone  Part = iota // nothing that is known: a comment, a broken word
	PartName              // "!!" and the name
	PartKey               // the key of a parameter
	PartValue             // the value of a parameter
)

// Place is where an unfinished text ends: what an editor needs to know to suggest
// the rest of the word.
type Place struct {
	Part  Part
	Name  string   // of the statement, lower case; not of PartName
	Given []string // keys of the parameters in front, lower case
	Key   string   // of the value, lower case
	Word  string   // what is written of the part: of a name with its "!!", of a value without quotes
	Quote byte     // that is open around the value; 0: none
}

// At returns the place at the end of a text that begins with a statement, or with
// what is between two. It looks at the last statement only.
func At(text string) Place {
	split := NewSplitter(max(1, len(text)))
	split.Feed([]byte(text))
	open := split.Text()
	if split.swallow || split.scan.comment {
		return Place{}
	}
	if !split.open {
		return Place{Part: PartName, Word: open}
	}
	p := parser{pos: split.at, seen: map[string]Pos{}}
	for i := range len(open) {
		next := -1
		if i+1 < len(open) {
			next = int(open[i+1])
		}
		p.rest = open[i:]
		p.take(open[i], p.scan.step(open[i], next))
		p.pos.advance(open[i])
	}
	return p.place()
}

// place is the place of the parser, which has taken the whole text.
func (p *parser) place() Place {
	at := Place{Name: p.st.Name}
	for _, param := range p.st.Params {
		at.Given = append(at.Given, param.Key)
	}
	switch {
	case p.inWord && !p.colon && string(p.key) == "!": // the first of "!!"
		return Place{Part: PartName, Word: "!"}
	case !p.inWord && p.pos.Column == 1: // a parameter would have to be indented
		return Place{Part: PartName}
	case !p.inWord:
		at.Part = PartKey
	case p.broken || p.closed:
		return Place{}
	case p.isName:
		return Place{Part: PartName, Word: "!!" + string(p.key)}
	case !p.colon:
		at.Part, at.Word = PartKey, string(p.key)
	default:
		at.Part, at.Key, at.Word, at.Quote = PartValue, strings.ToLower(string(p.key)), string(p.value), p.scan.quote
	}
	if at.Name == "" {
		return Place{}
	}
	return at
}
