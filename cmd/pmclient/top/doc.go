// Package top is a screen that a person leaves open: the processes of a manager, what
// they use and how they are, and keys to look closer and to act.
//
// It is a model in bubbletea's sense. Everything that happens is a message: a key, the
// clock, what a [Source] has answered. Update takes one and may give back commands, which
// do the asking; only they wait. The view is made of the model alone.
//
//	file        question it answers
//	source.go   where do the processes come from
//	manager.go  the source that asks one manager
//	model.go    what is known, and which message changes what
//	refresh.go  when is it asked again, and what if there is no answer
//	keys.go     which key does what
//	table.go    which processes, in which order
//	columns.go  which columns there are, and which fit
//	past.go     what was used in the last minutes
//	head.go     what is said about the whole
//	detail.go   everything about one process
//	logs.go     what a process writes, as it is written
//	panel.go    what is asked of the person: yes or no, a text, a signal
//	act.go      what is done to a process, and how it is announced
//	screen.go   how the parts make a screen of the terminal's size
//	line.go     how is a line painted and cut
//	plain.go    what others wrote, made fit for one line
//	once.go     the table without a screen
//	run.go      what is done to the terminal, before and after
//
// One request is under way at a time, and the next one begins after a rest: [Options].Interval
// when all is quiet, less when the manager has told that something happened, never less
// than four times what the last answer took. What is shown while there is no answer is
// marked as old.
package top
