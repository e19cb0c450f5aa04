// Package logbuf takes what processes write: it keeps the newest lines of each in
// memory, and carries all of them to the container's stdout and stderr and to log
// files.
//
// # The way of a byte
//
//	pipe reader → LifeLog.Write → splitter → ring             (never waits)
//	                                       → console sink     (waits while it moves)
//	                                       → file sink        (waits while it moves)
//
// The work is per chunk: the splitter finds whole lines by looking for the last
// newline of a chunk, the ring keeps raw bytes with one record per delivery, and
// lines are found in it only when somebody asks.
//
// Between the ring and the sinks a rate limit may let only a part pass; between the
// ring and that, lines are shown to those who wait for one ([Log.Await]).
//
// # Formats of the console
//
// Each process may have its own; the console's is for the others and for the manager.
//
//	raw    the line as it is
//	text   NAME | the line
//	json   {"ts","process","stream","run","msg"}; "partial":true when it goes on
//
// Text may have a time in front of the name: 2006-01-02T15:04:05.000Z, UTC.
//
// Bytes are never altered in raw and text; in JSON what is not UTF-8 becomes U+FFFD.
// A log file has the raw format, and with a time in front each piece of a long line is a
// line there. The manager's own lines have the process name
// "processmanager"; in raw they look as in text.
//
// A line longer than [MaxLine] is cut into pieces. In raw the pieces follow each
// other without a newline, so that the bytes stay the same, but when somebody else
// writes in between, the line is ended first. In text and JSON each piece is a
// line. A last line without newline is delivered when its stream ends, with one.
//
// # Sinks
//
//	state      when                                        what a writer meets
//	through    all is written, and out is a pipe           no wait, and no copy of raw lines
//	moving     a buffer is free                            no wait
//	full       no buffer is free, out took a byte lately   waits for room
//	stalled    full, and out took no byte for a second     bytes are dropped and counted
//	failing    out gave an error; retried after 1, 2, 4,   bytes are dropped and counted
//	           then every 8 seconds
//
// The first byte that out takes ends stalled and failing; one line then says, at the
// place of the gap, whose output is missing and how much. What was accepted is never
// given up while the manager runs, so a line is never left half.
//
// The manager's own lines never wait: they may use one buffer more than the others.
//
// # Rate limit
//
//	state      when                                 what a line meets
//	passing    the last second's bytes are not      it passes, however long it is; too much
//	           used up                              of it is missing later
//	gap        they are                             it is kept in the ring, dropped and counted
//
// A gap lasts a second. At its end one line says, in each place where something is
// missing, how much. A limit counts the bytes of the process, without prefixes, of
// both streams together, and the console and the file miss the same lines.
//
// # Log files
//
//	event                                what becomes of the file
//	it would grow beyond its size        it is renamed NAME-TIME.log, a new one is made
//	its path leads elsewhere             within a second the new one is used, or made
//	[Log.Reopen]                         the same, before the next byte
//	somebody cuts it to nothing          it goes on at its beginning
//	path is a link, a device, a pipe     never renamed
//
// Rotated files that are too many are removed by who rotates; the keeper compresses them
// and removes the old ones, in the background.
//
// # Locks
//
//	Log.mu       the ring, the settings, the     taken before the others
//	             rate limit, who waits for lines
//	Console.mu   which files are open, who has   before a sink's
//	             a gap to tell of
//	sink.mu      the buffers of one sink         last
//	keeper.mu    what rotated files await        last
//
// None is held while something is written, opened, waited for or compared with a
// pattern. The exception is an output that can be written to without waiting, a pipe:
// while it has room, a writer's lines go straight into it, under sink.mu.
package logbuf
