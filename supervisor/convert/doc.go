// Package convert reads what other supervisors are configured by and writes it as a
// manifest. It is pure: a file system goes in, text comes out.
//
//	Format           What is read
//	supervisord      supervisord.conf with what its [include] names
//	crontab          cron's table, with or without a column for the user
//	supercronic      the same as supercronic reads it: seconds, years, no % and no user
//	procfile         Procfile, as foreman runs it
//	process-compose  process-compose.yaml
//	compose          the services of a compose.yaml whose programs are in this image
//	pebble           a layer, or a directory of layers
//	s6               a tree with s6-overlay's s6-rc.d, services.d, cont-init.d, cont-finish.d
//
// # What a reader may do with a setting
//
//	it has an equal                  a field of the manifest
//	it means something else here     the nearest field, and a comment that begins with NOTE
//	it has no equal                  a comment that begins with TODO, which says what to do
//	the manifest refuses its value   it is left out, and a comment that begins with TODO says why
//	it cannot be understood          an error with file and line: there is no manifest
//
// There is no other way: readers take the settings that they know out of what they
// read, and what is left over becomes a TODO. Settings that concern nothing that is
// here (a pid file, the name of a network) are no exception.
//
// # What is written
//
// A manifest that the program's own parser accepts, and reads as the same values that
// the reader meant: [Convert] looks, and fails otherwise. Comments of the source are
// kept at the process that they stand above.
//
// # Where a rule is
//
//	convert.go    the table of formats, how one is recognised, limits
//	draft.go      what readers make: processes with notes; what is repaired when all are read
//	refused.go    what the manifest does not take, and what becomes of it
//	render.go     how a manifest is written
//	shell.go      words, quotes and dollar signs
//	yamltree.go   YAML with its lines
//	interpolate.go, compose_variables.go, compose_dotenv.go
//	              ${NAME:-default} and what is filled in for it
//	NAME.go       the reader of one format, with NAME_PART.go for parts of it
package convert
