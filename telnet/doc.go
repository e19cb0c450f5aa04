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
//	file        question it answers
//	server.go   who is let in, how many, until when
//	session.go  what does a connection's input mean now
//	login.go    may this one in
//	exec.go     what is the answer to a statement
//	queue.go    which statement is next
//	verbs.go    the table of verbs: what can be asked
//	args.go     what may a parameter hold
//	reply.go    how does an answer look: frame and JSON
//	text.go     how does an answer look: text
//	nvt.go      which bytes are telnet's own (RFC 854)
//	options.go  which telnet options are on (RFC 855, 856, 857, 858)
//	line.go     what has been typed so far in character mode
//	output.go   how are bytes sent
//
// A connection has two goroutines: one reads, the other performs statements one
// after another, so a slow verb holds up nobody else.
//
// # Lines, keys and echo
//
//	Peer                                        Input        Line end sent
//	TCP, client agrees to our WILL ECHO         keys         CR LF
//	TCP, client does not (nc)                   lines        CR LF
//	unix socket                                 lines        LF
//	unix socket, client negotiates telnet       as on TCP    CR LF
//
// Where keys come in, they are echoed (a secret is not), and backspace, Ctrl-U,
// Ctrl-W, Ctrl-C and Ctrl-D (on an empty line: the end) work. Ctrl-C forgets the
// pending input everywhere, so it is the one byte that a value cannot hold.
package telnet
