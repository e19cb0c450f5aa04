// Package deploy holds what is around the programs: scripts of the Makefile (sh),
// example manifests (examples), the test of the image (e2e), and the reader of test
// results (testreport). As a package it holds one test: README.md is true.
package deploy
