//go:build race

package traps_test

const race = true
