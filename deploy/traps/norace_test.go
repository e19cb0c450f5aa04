//go:build !race

package traps_test

const race = false
