// Package manifest reads what is to run: YAML text becomes a supervisor.Set with
// every default filled in, or a list of everything that is wrong with it. It also
// knows what becomes of a command and its environment ([Argv], [ExecArgv],
// [Environment]), what a spec with replicas stands for ([Replicas]), and in what two
// sets differ ([Compare]).
//
// # How text becomes a set
//
//	Read     a file, or one consistent state of a directory   → files
//	split    a file at its --- and ... lines                  → documents
//	convert  YAML 1.1, as Kubernetes reads it                 → plain values
//	walk     plain values against the Go types                → without what is wrong
//	patch    each patch over the documents before it
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
// # Where a rule is
//
//	walk.go, walk_types.go  what a value looks like in YAML
//	values.go               what the tags of the Go types say: required, min, max, words
//	words.go                the grammar of names
//	objects.go              what the fields of one object say about each other
//	check.go                what holds for a process or its defaults
//	whole.go                what holds for a process with its defaults
//	graph.go                what processes say about each other
//
// Where Kubernetes has the field, what it refuses is refused and what it takes is
// taken, but for what parity_test.go lists and these: workingDir is absolute; a port
// that is referred to by name is in ports; memory limits are at least 1Mi (less is
// refused by container runtimes); startingDeadlineSeconds is at least 1; labels of
// metadata are free.
//
// # Several documents, several files
//
// The processes are joined in the order of file name, document and list. A name
// is used once, those of replicas (NAME-0) and of runs under concurrencyPolicy Allow
// (NAME.1) included. The values of the whole set (terminationGracePeriodSeconds,
// exitPolicy) may stand in any document, but not twice with different values. One
// process may have stdin. Without any file the set is empty and stays up.
//
// A ProcessManifestPatch changes what the documents before it say, before their defaults are
// merged in and anything is checked as a whole: see patch.go for how it merges. An error is
// reported where its text is.
//
// # Defaults of a document
//
// spec.defaults holds for the processes of its own document.
//
//	objects (labels, resources, rlimits…)   merge key by key
//	probes, hooks, readiness                merge key by key, but the process's own way (exec,
//	                                        httpGet, notify…) takes the place of the defaults' whole
//	env                                     by name, the defaults' first
//	ioPriority                              replaces: a level belongs to its class
//	log                                     true and false count as {file: true} and {file: false}
//	other lists and values                  replace
//
// A default that has no meaning for a process does not reach it: fields of schedules
// where there is none; restartPolicy Always, essential and replicas where there is
// one; maxRestarts under Never; restartPolicyRules without restartPolicy; onDependencyRestart without dependsOn; a probe
// without an action; watchdogSeconds without notify.
//
// # Defaults of the program
//
//	inheritEnv                      true
//	restartPolicy                   Always; Never with a schedule
//	restartBackoff                  initial 1s, factor 2, max 60s, jitter 0.1, resetAfter 60s
//	terminationGracePeriodSeconds   30 of a process, 25 of the whole shutdown
//	killMode                        Mixed for an argv, Tree for a shell string
//	lifecycle.stopSignal            SIGTERM
//	dependsOn[].condition           Started
//	onDependencyRestart             Ignore with dependsOn
//	timeoutSeconds                  1, of a probe; 0 means the default in these four
//	periodSeconds                   10
//	successThreshold                1
//	failureThreshold                3
//	httpGet                         path /, scheme HTTP, host 127.0.0.1
//	tcpSocket.host                  127.0.0.1
//	ioPriority.level                4, but for the class Idle
//	resources.requests              cpu and memory of the limits
//	concurrencyPolicy               Forbid with a schedule
//	successfulJobsHistoryLimit      3 with a schedule
//	failedJobsHistoryLimit          1 with a schedule
//	log                             maxSize 10Mi, maxFiles 3 with a file
//	exitPolicy                      WhenDone; Never without a file
//
// # Variables
//
// [ReadEnvironment] tells how an environment is made, and has the order. A directory is read
// in one state of its volume, however many variables come from it; the grammar of
// dotenv files is at parseDotenv. Values from files never expand, are never part of a
// set, and are never shown.
//
// # Differences
//
// restartFields and liveFields in compare.go say for each field whether its change
// ends a life that goes on. Everything that the child was given does; what only the
// manager goes by does not.
package manifest
