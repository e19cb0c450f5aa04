// Package deploy holds what is around the programs: scripts of the Makefile (sh),
// example manifests and Pods (examples), the Helm chart (helm) and the kustomize base
// (kustomize), the test of the image and the Pods (e2e), the strict reader of Kubernetes
// objects (kubetest), and the reader of test results (testreport). As a package it holds
// tests only: README.md, docs and examples are true, and so is what the chart renders.
package deploy
