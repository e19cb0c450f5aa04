// Package manifest reads what is to run: YAML text becomes a supervisor.Set with
// every default filled in, or a list of everything that is wrong with it. It also
// knows what becomes of a command and its environment ([Argv], [Environment]).
//
// # How text becomes a set
//
//	Load     a file, or one consistent state of a directory   → files
//	split    a file at its --- and ... lines                  → documents
//	convert  YAML 1.1, as Kubernetes reads it                 → plain values
//	walk     plain values against the Go types                → without what is wrong
//	merge    each process over the defaults of its document
//	check    values alone, values together, processes together
//
// Nothing is dropped or guessed: unknown fields, keys given twice, wrong types,
// unknown dependencies, cycles and schedules that never fire are errors, and all
// of them are reported at once. A file without a document, or a document without
// the key processes, is an error too, because a file that is half written must
// never look like a smaller manifest. A document of blanks and comments between
// two others is skipped.
//
// # Several documents, several files
//
// The processes are joined in the order of file name, document and list. A name
// is used once. The values of the whole set (terminationGracePeriodSeconds,
// exitPolicy) may stand in any document, but not twice with different values.
// Without any file the set is empty and stays up.
//
// # Defaults of a document
//
// spec.defaults holds for the processes of its own document. Objects (labels,
// lifecycle, restartBackoff, log) merge key by key, variables of env by name, the
// defaults' first; other lists and values replace. A default that has no meaning
// for a process does not reach it: fields of schedules where there is none,
// restartPolicy Always where there is one, maxRestarts under Never.
//
// # Defaults of the program
//
//	restartPolicy                   Always; Never with a schedule
//	restartBackoff                  initial 1s, factor 2, max 60s, jitter 0.1, resetAfter 60s
//	terminationGracePeriodSeconds   30 of a process, 25 of the whole shutdown
//	killMode                        Mixed for an argv, Tree for a shell string
//	lifecycle.stopSignal            SIGTERM
//	dependsOn[].condition           Started
//	concurrencyPolicy               Forbid with a schedule
//	successfulJobsHistoryLimit      3 with a schedule
//	failedJobsHistoryLimit          1 with a schedule
//	exitPolicy                      WhenDone; Never without a file
package manifest
