// Command allocs holds the hot paths to what they allocate.
//
// Times differ from machine to machine and from day to day; allocations do not. The
// command runs the benchmarks that its file names, each a fixed number of times, and
// compares what an operation allocates with what the file says. A line is
//
//	package/path Benchmark[/sub] allocations bytes
//
// per operation. Empty lines and lines that begin with # are comments.
//
// More is a failure: more allocations than the file says, but for one in fifty, which
// the garbage collector may add when it empties a pool; or more than one and a half times
// the bytes, which depend a little on how buffers happen to grow. When more is wanted,
// or less is found, write the file anew with -update and let the difference be reviewed.
//
// Exit codes: 0 nothing allocates more; 1 something does, or a benchmark failed or is
// gone; 2 the file cannot be read, or the command line is wrong.
package main
