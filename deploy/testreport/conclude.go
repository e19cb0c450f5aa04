package main

import (
	"fmt"
	"io"
)

// conclude prints the totals and what was skipped, and reports whether all is well.
func conclude(w io.Writer, sum *summary, allowed allowList, requireAll bool) bool {
	refused := 0
	for _, s := range sum.skipped {
		switch p := allowed.find(s.pkg, s.test); {
		case p != nil:
			fmt.Fprintf(w, "SKIP (allowed: %s) %s %s: %s\n", p.reason, s.pkg, s.test, s.reason)
		default:
			refused++
			fmt.Fprintf(w, "SKIP %s %s: %s\n", s.pkg, s.test, s.reason)
		}
	}
	fmt.Fprintf(w, "tests: %d passed, %d failed, %d skipped, in %d packages (%d failed)\n",
		sum.passed, sum.failed, len(sum.skipped), sum.packages, sum.failedPackages)

	ok := sum.failed == 0 && sum.failedPackages == 0
	if sum.passed+sum.failed == 0 {
		fmt.Fprintln(w, "testreport: no test ran")
		ok = false
	}
	if refused > 0 && requireAll {
		fmt.Fprintf(w, "testreport: %d tests were skipped, and all were required\n", refused)
		ok = false
	}
	return ok
}
