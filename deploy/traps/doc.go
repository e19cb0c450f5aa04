// Package traps tests what has bitten other supervisors, with the real program and
// real processes: each test carries the numbers of its traps, and TestEveryTrap finds
// for each number that it knows the tests of the whole module that carry it, or the
// sentence in supervisor/DESIGN.md that says why it cannot occur here.
//
// The program is built once, with the race detector where the tests have it, and runs
// as PID 1 of a PID namespace, which needs root. What the end of a test finds in the
// namespace ends with its PID 1. Time is real here: what can be told in virtual time is
// told in supervisor/manager.
package traps
