package convert

import "strings"

// cronLegend is what tells the columns apart: Debian and others write it into each new table.
var cronLegend = pattern(`(?i)^(m(in(ute)?)?\s+h(our)?\s+(dom|day)|\*(\s+\*){4}(\s|$)|\.-{3}|\||Example of job definition:$)`)

// cronComments are the comments of a table that have not found their place yet.
//
//	directly above a job        the job's
//	directly above a setting    the next job's; above the first job the file's
//	above an empty line         a heading: the file's above the first job, else the next job's
//	above the columns' legend   the same; the legend itself is left out
type cronComments struct {
	file    []string
	pending []string
	jobs    bool // there has been one
}

func (c *cronComments) add(text string) {
	text = strings.TrimSpace(text)
	switch {
	case cronLegend().MatchString(text):
		c.heading()
	case text != "":
		c.pending = append(c.pending, text)
	}
}

// heading ends what has been said so far: it is not about what follows it.
func (c *cronComments) heading() {
	if !c.jobs {
		c.file, c.pending = append(c.file, c.pending...), nil
	}
}

// job takes those of the job that comes now.
func (c *cronComments) job() []string {
	about := c.pending
	c.pending, c.jobs = nil, true
	return about
}

// end returns those of the file.
func (c *cronComments) end() []string { return append(c.file, c.pending...) }
