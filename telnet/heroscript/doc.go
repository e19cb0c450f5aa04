// Package heroscript reads and writes the statements of the telnet interface. It
// is pure: text in, values out, no input or output, no time.
//
//	!!process.start name:web command:'echo "hello world"' log:true
//	    jobid:'e42'      // parameters may follow on indented lines
//
// # Grammar
//
// The notation is that of the Go specification; a range goes over bytes. A test
// holds the parser to it, in both directions.
//
//	script    = filler ( [ comment ] | statement { space filler statement } [ space filler [ comment ] ] ) .
//	statement = "!!" name { gap parameter } .
//	name      = ident { "." ident } .
//	parameter = ident ":" value .
//	ident     = letter { letter | digit | "_" | "-" } .
//	value     = bare { bare } | single | double .
//	bare      = "!" | "#" … "&" | "(" … "~" | "\x80" … "\xff" .
//	single    = "'" { "\x00" … "&" | "(" … "[" | "]" … "\xff" | "\\" any } "'" .
//	double    = "\"" { "\x00" … "!" | "#" … "[" | "]" … "\xff" | "\\" any } "\"" .
//	any       = "\x00" … "\xff" .
//	gap       = [ lineEnd { remark } ] blank { blank } .
//	lineEnd   = [ blank { blank } [ comment ] ] newline .
//	remark    = { blank } comment newline .
//	filler    = { space | comment newline } .
//	comment   = ( "//" | "#" ) { "\x00" … "\t" | "\x0b" … "\xff" } .
//	space     = blank | newline .
//	blank     = " " | "\t" | "\r" .
//	newline   = "\n" .
//	letter    = "a" … "z" | "A" … "Z" .
//	digit     = "0" … "9" .
//
// A statement that breaks it, or gives a key twice, is an error of its own, and
// those around it count.
//
// # Rules
//
//   - Names and keys are case-insensitive and are read as lower case. Values are
//     never altered.
//   - Inside quotes nothing is special but a backslash before the quote itself or
//     before another backslash. A quoted value may span lines and keeps its text.
//     A quote begins a quoted value at the beginning of a word or right after the
//     first colon of a word; elsewhere it is an error.
//   - A comment begins at the beginning of a line or after a blank.
//   - "!!" begins a statement at the beginning of a line or after a blank.
//   - A key that is given twice is an error.
//   - A line that belongs to no statement is an error, and so is a parameter at the
//     beginning of a line. An error takes the whole block with it, to the next end;
//     quotes are respected on the way, so that nothing inside them ever runs.
//
// # Where a statement ends
//
// [Splitter] answers that for text that arrives piece by piece. An empty line (or
// one of blanks only) and the next "!!" end a statement by themselves. What is
// [Splitter.Complete] (the last byte was a line end and no quote is open) may be
// ended by the caller with [Splitter.Flush] after some silence; the end of the
// input does the same.
package heroscript
