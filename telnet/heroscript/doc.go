// Package heroscript reads and writes the statements of the telnet interface. It
// is pure: text in, values out, no input or output, no time.
//
//	!!process.start name:web command:'echo "hello world"' log:true
//	    jobid:'e42'      // parameters may follow on indented lines
//
// # Grammar
//
//	script    = { emptyLine | comment newline | statement } .
//	statement = "!!" name { gap parameter } [ gap ] end .
//	name      = ident { "." ident } .
//	parameter = key ":" value .
//	key       = ident .
//	ident     = letter { letter | digit | "_" | "-" } .
//	value     = bare | single | double .
//	bare      = char { char } .              (no blank, control character or quote)
//	single    = "'" { any | "\'" | "\\" } "'" .
//	double    = `"` { any | `\"` | "\\" } `"` .
//	gap       = ( blank | comment newline blank | newline blank ) { gap } .
//	comment   = ( "//" | "#" ) { any but newline } .
//	blank     = " " | tab | carriage return .
//	end       = emptyLine | the next "!!" | end of input | silence .
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
