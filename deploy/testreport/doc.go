// Command testreport reads the output of `go test -json` and prints what plain
// `go test` would print, then every skipped test by name with its reason.
//
// A skipped test looks like a passed one in the usual output, so a machine that
// lacks a tool makes a suite green that has tested nothing. With -require-all (or
// PM_REQUIRE_ALL=1) each skip is a failure, but for those that the allow file
// lists.
//
// A line of the allow file is
//
//	package/path TestName reason
//
// The name is a regular expression that has to match the whole test name, subtest
// included; the reason is not optional. Empty lines and lines that begin with # are
// comments.
//
// A test that runs the test binary again and logs what it says (as PID 1 of a
// namespace, for one) hides skips in its own output. They are found too, under the
// name OuterTest//InnerTest.
//
// Exit codes: 0 all is well; 1 a test failed, was skipped without permission, or
// none ran at all; 2 the input or the allow file cannot be read.
package main
