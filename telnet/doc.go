// Package telnet is the line interface of Process Manager: heroscript statements
// in, framed answers out, over a unix socket or TCP, for people with telnet, nc or
// socat and for programs.
//
//	 ** Welcome: you are not authenticated, provide secret.
//	mysecretkey
//	 ** Welcome: you are authenticated.
//	!!process.start name:'web' command:'echo hello world' log:true jobid:'e42'
//
//	**RESULT** e42
//	Process 'web' started
//	**ENDRESULT**
//
// # Answers
//
// An answer is an empty line, "**RESULT**" with the job id behind a blank (nothing
// at all behind it without one), the body, "**ENDRESULT**". A body line that
// begins with "**" is sent with one more "*" in front, so a frame cannot be
// forged; a reader takes one "*" off each body line that begins with "***". In a
// body of text, what a terminal would act on (ESC and the other controls, but for
// tabs) is written as \xNN; with format:json the body is one line of JSON. An
// error is a body that begins with "Error: ". Answers come in the order of the
// statements, one for each; a statement that was received completely is performed
// even when the client has gone.
//
// # Parts
//
//	file         question it answers
//	server.go    who is let in, how many, until when
//	session.go   what does a connection's input mean now
//	login.go     may this one in
//	exec.go      what is the answer to a statement, and who still waits for it
//	queue.go     which statement is next
//	strangers.go who makes room
//	verbs.go     the table of verbs: what can be asked
//	args.go      what may a parameter hold
//	nearest.go   which word was meant
//	reply.go     how does an answer look: frame and JSON
//	text.go      how does an answer look: text
//	table.go     which columns fit
//	width.go     how wide is text
//	nvt.go       which bytes are telnet's own (RFC 854)
//	options.go   which telnet options are on (RFC 855, 856, 857, 858, 1073)
//	terminal.go  what is sent, and in which order with what is typed
//	keys.go      which keys are these bytes
//	editor.go    what has been typed so far, and where is the cursor
//	history.go   what was typed before
//	complete.go  what could be meant by a Tab
//	screen.go    what makes the terminal show the line
//
// A connection has two goroutines: one reads, the other performs statements one
// after another, so a slow verb holds up nobody else. Ctrl-C (the byte, or telnet's IP,
// BREAK and ABORT) forgets the pending input; where there is none, it ends the wait for the
// statement that is performed: its answer is an error that says so, what it began goes
// on, and the next statement is performed.
//
// # Lines, keys and echo
//
//	Peer                                        Input   Line end sent  Tables
//	TCP, client agrees to our WILL ECHO         keys    CR LF          fit the terminal
//	TCP, client refuses it                      lines   CR LF          fit the terminal
//	TCP, no telnet (nc)                         lines   CR LF          commands of 60 columns at most
//	unix socket                                 lines   LF             commands of 60 columns at most
//	unix socket, client negotiates telnet       as on TCP
//
// On TCP we open with WILL ECHO and WILL SUPPRESS GO AHEAD, and ask for the size of the
// window (DO NAWS) of who answers; a terminal that does not tell has 80 columns. Where a
// size came, bracketed paste is turned on, and off at the end.
//
// Where keys come in, they are echoed (a secret is not) and edit the line:
//
//	Left Right Home End, Ctrl-B Ctrl-F Ctrl-A Ctrl-E   move; with Ctrl or Alt-B Alt-F by words
//	Backspace Delete, Ctrl-H                           erase a character
//	Ctrl-U Ctrl-K Ctrl-W Alt-D                         kill to the beginning, to the end, a word
//	Ctrl-Y                                             put in what was killed
//	Up Down, Ctrl-P Ctrl-N                             the last 100 statements of this connection
//	Tab                                                complete; where nothing more is common: show all
//	Ctrl-V                                             the next key is text (Ctrl-V Enter: a line end)
//	Ctrl-L                                             clear the screen
//	Ctrl-C                                             forget the line
//	Ctrl-D                                             erase, and on an empty line: the end
//
// A paste is one text, whatever is in it, until Enter is pressed. In front of a line that
// belongs to an open quote stands that quote. Ctrl-C is the one byte that a value cannot
// hold.
package telnet
